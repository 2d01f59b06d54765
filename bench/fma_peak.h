// What the processor's multiply-add units can do.
#pragma once

namespace gramgrad::bench {

// f32 operations a second (a multiply-add is two) with so many threads, out of registers only: the
// largest of several short runs.
double fma_peak(int threads);

}  // namespace gramgrad::bench
