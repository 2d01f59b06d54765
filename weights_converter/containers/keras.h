// Weights that Keras saved in HDF5: `.h5` of Keras 1 and 2, whole models too, and `.weights.h5` of
// Keras 3.
//
// HDF5 can crash, or run for long, on files made to do harm: programs read strangers' files in a
// guarded process (guard.h).
#pragma once

#include <cstddef>
#include <span>

#include "weights_converter/source.h"

namespace gramgrad::converter {

// Whether the file begins as HDF5 files do.
bool is_keras(std::span<const std::byte> file);

// Tensors are named by their path in the file; kernels are HWIO, dense ones [in, out], counting
// their inputs [row, column, channel]. Layers come in the order of the attributes layer_names and
// weight_names, which Keras 1 and 2 write, otherwise in natural order of their paths (conv2d_2
// before conv2d_10). Feeding: Keras' vgg16.preprocess_input, which is Caffe's.
// Throws Error for damaged files, for kernels in Theano's order, and for networks with batch
// normalisation between the convolutions: the files do not say where it stands.
Source read_keras(InputFilePtr file);

}  // namespace gramgrad::converter
