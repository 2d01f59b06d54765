// Ranges through NVTX 3, which is headers only.
#include "kernels/profile_range.h"

#include <nvtx3/nvToolsExt.h>

namespace gramgrad {

ProfileRange::ProfileRange(const char* name) {
  nvtxRangePushA(name);
}
ProfileRange::~ProfileRange() {
  nvtxRangePop();
}

}  // namespace gramgrad
