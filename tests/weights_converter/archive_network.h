// The networks that make_archives.py put into its files.
#pragma once

#include "tests/weights_converter/source_numbers.h"

namespace gramgrad::converter {

// The convolutions of the source are those of the network, such as "vgg13_bn", number for number
// and in the right order; fully connected layers may follow.
inline void expect_network(const Source& source, const std::string& network, WeightLayout layout,
                           const Rounding& rounded = {}) {
  const std::vector<SourceLayer> convs = layers_of(source, LayerKind::conv);
  for (std::size_t i = 0; i < convs.size(); ++i) {
    EXPECT_EQ(convs[i].layout, layout) << convs[i].name;
    EXPECT_EQ(convs[i].batch_norm.has_value(), network.ends_with("_bn")) << convs[i].name;
    EXPECT_EQ(convs[i].batch_norm.value_or(BatchNorm{}).epsilon, 1e-5) << convs[i].name;
    EXPECT_EQ(source.layers[i].kind, LayerKind::conv) << i;
  }
  expect_numbers(source, convs, "archives_" + network, 0, rounded);
}

}  // namespace gramgrad::converter
