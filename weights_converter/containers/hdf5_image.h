// A mapped file opened by HDF5 where it lies in memory.
#pragma once

#include <memory>

#include "weights_converter/containers/hdf5_handle.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

// HDF5 sees the very bytes that everybody else sees, opens no file and copies nothing; the mapping
// lives as long as the handle. Throws Error, beginning with the path, if it is no whole HDF5 file.
std::shared_ptr<const Hdf5Handle> open_hdf5_image(const InputFilePtr& input);

}  // namespace gramgrad::converter
