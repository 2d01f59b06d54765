// One dataset of an HDF5 file as a tensor.
#pragma once

#include <memory>
#include <string>

#include "weights_converter/source.h"

namespace gramgrad::converter {

class Hdf5Handle;

// The dataset at `path` of the open `file`, which is `input`. Numbers that lie in one piece in the
// file as this machine has them are read where they are mapped; all others (chunks, compressed,
// big-endian, half) by HDF5, on demand. Throws Error as Hdf5File::dataset.
SourceTensor dataset_tensor(const InputFilePtr& input,
                            const std::shared_ptr<const Hdf5Handle>& file, const std::string& path);

}  // namespace gramgrad::converter
