// `gramgrad stylize`: the run itself.
#pragma once

#include "apps/support/job.h"

namespace gramgrad::apps {

// Runs the job and writes its output. Returns the exit code. Throws Error, the output untouched
// (but for what --save-every wrote), when the numbers or the disk give up.
int run_job(StylizeJob job);

}  // namespace gramgrad::apps
