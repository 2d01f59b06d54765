// Names on the time line of a profiler (NVIDIA Nsight Systems): NVTX ranges in a build with CUDA,
// nothing in others. They cost next to nothing where no profiler listens.
#pragma once

namespace gramgrad {

// From its construction to its destruction, on the calling thread; ranges nest.
class ProfileRange {
 public:
  explicit ProfileRange(const char* name);
  // NOLINTNEXTLINE(performance-trivially-destructible): in a build with CUDA it ends the range
  ~ProfileRange();
  ProfileRange(const ProfileRange&) = delete;
  ProfileRange& operator=(const ProfileRange&) = delete;
};

}  // namespace gramgrad
