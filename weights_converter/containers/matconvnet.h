// Networks of MatConvNet: imagenet-vgg-verydeep-16.mat, imagenet-vgg-verydeep-19.mat and their
// like.
//
// HDF5, which reads those of version 7.3, can crash, or run for long, on files made to do harm:
// programs read strangers' files in a guarded process (guard.h).
#pragma once

#include <cstddef>
#include <span>

#include "weights_converter/source.h"

namespace gramgrad::converter {

// Whether the file has the header of a MATLAB file of version 5 or 7.3.
bool is_matconvnet(std::span<const std::byte> file);

// Reads the cell array `layers` (or net.layers): structures with weights {filters, biases}, or
// filters and biases in old files. Filters [h, w, i, o] with the first dimension fastest are
// row-major [o, i, w, h]. VGG's fully connected layers are convolutions here; they come out as
// [out, channel · row · column]. Feeding: RGB, 0 to 255, minus the mean of
// meta.normalization.averageImage, in old files normalization.averageImage, else minus VGG's.
// Throws Error for files that are damaged, or are no network of this kind.
Source read_matconvnet(InputFilePtr file);

}  // namespace gramgrad::converter
