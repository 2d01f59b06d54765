// What a run is going to do, for --dry-run.
#pragma once

#include <string>

#include "apps/support/job.h"

namespace gramgrad::apps {

// For people: several lines.
std::string plan_text(const StylizeJob& job);
// For programs: one line of JSON.
std::string plan_json(const StylizeJob& job);

}  // namespace gramgrad::apps
