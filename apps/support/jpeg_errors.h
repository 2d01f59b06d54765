// libjpeg's error handler, on top of CErrorTrap. Used by jpeg_read.cpp and jpeg_write.cpp.
#pragma once

#include <cstdio>
// jpeglib.h needs FILE and does not include it.
#include <jpeglib.h>

#include "apps/support/c_error_trap.h"

namespace gramgrad::apps {

// Prepares `manager` so that libjpeg's errors, and those warnings that mean wrong pixels, arrive in
// the trap that `client_data` of the compression structure points to.
jpeg_error_mgr* use_trap(jpeg_error_mgr& manager);

}  // namespace gramgrad::apps
