// The VGG networks, and what tensors a weights file of one must have.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nn/weights_file.h"

namespace gramgrad::nn {

// Five blocks of 3×3 convolutions, a 2×2 pooling after each (Simonyan & Zisserman 2014, table 1:
// vgg11 is their A, vgg13 B, vgg16 D, vgg19 E).
struct Architecture {
  std::string_view name;
  std::array<int, 5> convs;  // number of convolutions in each block
};

std::span<const Architecture> architectures();

// Throws Error, naming those that exist.
const Architecture& find_architecture(std::string_view name);

// "conv1_1", "conv1_2", … to `last` inclusive (empty: all). Throws Error if the network has no such
// convolution.
std::vector<std::string> conv_names(const Architecture& architecture, std::string_view last);

// A convolution with its tensors, which belong to the weights file.
struct ConvLayer {
  std::string name;  // "conv3_2": the second convolution of the third block
  int block = 0;     // from 1
  int index = 0;     // in its block, from 1
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  const TensorView* weight = nullptr;  // [out, 3, 3, in]
  const TensorView* bias = nullptr;    // [out]
};

// The convolutions of a file in the order of the network. The file may stop after any of them and
// may have any number of channels. Throws Error, beginning with the file's name, unless its tensors
// are just these layers' weight and bias, in order, and each layer takes the channels that the one
// before it makes (3 for the first); a classifier may follow. The views hold as long as the file's.
std::vector<ConvLayer> conv_layers(const WeightsFile& file);

// A fully connected layer of the classifier: a convolution without padding over the feature map
// that it is given, which it covers if a picture has the size that the network was trained on.
struct ClassifierLayer {
  std::string name;                    // "fc6", "fc7", "fc8"
  const TensorView* weight = nullptr;  // [out, rows, columns, in]; of fc6 [4096, 7, 7, 512]
  const TensorView* bias = nullptr;    // [out]
};

// The classifier's three layers, or none if the file has no classifier. fc6 takes what the last
// block's pooling makes; a ReLU follows fc6 and fc7. Throws Error as conv_layers does.
std::vector<ClassifierLayer> classifier_layers(const WeightsFile& file);

}  // namespace gramgrad::nn
