// The pictures of tests/golden/make_nst_goldens.py, and where its style losses look.
#pragma once

#include <string>
#include <vector>

#include "tests/nn/synthetic_vgg.h"

namespace gramgrad::nn {

inline const std::vector<std::string> style_taps{"relu1_1", "relu2_1", "relu3_1", "relu4_1",
                                                 "relu5_1"};

struct Pictures {
  Pictures(const Device& device, DType dtype)
      : content(synthetic_picture(101, 48, 64, device, dtype)),
        style(synthetic_picture(103, 40, 56, device, dtype)),
        generated(synthetic_picture(105, 48, 64, device, dtype)) {}
  Tensor content, style, generated;
};

}  // namespace gramgrad::nn
