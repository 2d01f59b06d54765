// Names of operator cases: letters, digits and underscores, as GoogleTest wants them.
#pragma once

#include <fmt/format.h>

#include <string>

#include "kernels/ops.h"

namespace gramgrad::tests {

inline std::string sizes(const Shape& shape) {
  std::string name;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    name += fmt::format("{}{}", axis > 0 ? "x" : "", shape[axis]);
  }
  return name;
}

inline std::string name_of(PoolKind kind) {
  return kind == PoolKind::max ? "max" : kind == PoolKind::average ? "average" : "none";
}

inline std::string name_of(ResizeFilter filter) {
  return filter == ResizeFilter::area       ? "area"
         : filter == ResizeFilter::bilinear ? "bilinear"
                                            : "bicubic";
}

inline std::string name_of(TvForm form) {
  switch (form) {
    case TvForm::squared_cropped:
      return "squared_cropped";
    case TvForm::absolute:
      return "absolute";
    case TvForm::squared_mean:
      return "squared_mean";
    case TvForm::power:
      return "power";
    case TvForm::nine_point:
      return "nine_point";
  }
  return "unknown";
}

}  // namespace gramgrad::tests
