// Ctrl-C as a polite request.
#pragma once

namespace gramgrad::apps {

// While it lives, the first SIGINT or SIGTERM is only noted; a second one ends the process as
// usual. At most one at a time.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();  // puts back what was there
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  // The signal that came, or 0.
  int signal() const;
};

}  // namespace gramgrad::apps
