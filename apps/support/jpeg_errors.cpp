// Callbacks from libjpeg into CErrorTrap.
#include "apps/support/jpeg_errors.h"

#include <jerror.h>

namespace gramgrad::apps {
namespace {

CErrorTrap& trap_of(j_common_ptr codec) {
  return *static_cast<CErrorTrap*>(codec->client_data);
}

void on_error(j_common_ptr codec) {
  char message[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, message);
  trap_of(codec).raise(message);
}

// After these warnings libjpeg goes on with invented pixels.
bool means_wrong_pixels(int code) {
  return code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE ||
         code == JWRN_MUST_RESYNC || code == JWRN_ARITH_BAD_CODE;
}

void on_message(j_common_ptr codec, int level) {
  if (level >= 0) {
    return;  // tracing
  }
  if (means_wrong_pixels(codec->err->msg_code)) {
    on_error(codec);
  }
  ++codec->err->num_warnings;
  char message[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, message);
  trap_of(codec).warn(message);
}

}  // namespace

jpeg_error_mgr* use_trap(jpeg_error_mgr& manager) {
  jpeg_std_error(&manager);
  manager.error_exit = on_error;
  manager.emit_message = on_message;
  return &manager;
}

}  // namespace gramgrad::apps
