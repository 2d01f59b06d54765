// The words that a weights file says about where it comes from.
#pragma once

#include <string>

#include "weights_converter/plan.h"

namespace gramgrad::converter {

// Without golden activations. `difference` is that from the published VGG16, empty if there is none
// (statistics.h).
nn::Provenance provenance_of(const InputFilePtr& file, const Source& source,
                             const ConvertOptions& options, const Plan& plan,
                             const std::string& difference);

}  // namespace gramgrad::converter
