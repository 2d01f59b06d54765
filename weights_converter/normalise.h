// Gatys' normalised VGG: filters scaled so that each answers 1 on average. Features are only
// scaled, because the network is positively homogeneous: what one layer's filters are divided by,
// the next layer's weights are multiplied by (Gatys, Ecker, Bethge 2016, section 2).
#pragma once

#include <string>
#include <vector>

#include "weights_converter/layer_weights.h"
#include "weights_converter/plan.h"

namespace gramgrad::converter {

// The factors for `layers`, convolutions and classifier, from the mean activation of every filter
// over all pixels of the pictures, which are shrunk to at most 512 pixels a side. Filters that
// never answer stay as they are; a note says how many they are. Throws Error, beginning with the
// path of the picture, if one cannot be read or is too small.
std::vector<ChannelFactors> normalising_factors(const Plan& plan,
                                                const std::vector<StoredLayer>& layers,
                                                const std::vector<std::string>& pictures,
                                                std::vector<std::string>& notes);

}  // namespace gramgrad::converter
