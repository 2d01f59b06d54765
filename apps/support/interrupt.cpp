// Signal handlers may only touch a sig_atomic_t; hence the one global here.
#include "apps/support/interrupt.h"

#include <array>
#include <csignal>

namespace gramgrad::apps {
namespace {

constexpr std::array watched{SIGINT, SIGTERM};

volatile std::sig_atomic_t received = 0;
std::array<struct sigaction, watched.size()> handled_before;

void note(int signal) {
  received = signal;
}

}  // namespace

InterruptWatch::InterruptWatch() {
  received = 0;
  for (std::size_t i = 0; i < watched.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = note;
    // Once, then the default again; and system calls go on.
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    sigaction(watched[i], &action, &handled_before[i]);
    if (handled_before[i].sa_handler ==
        SIG_IGN) {  // nohup and background jobs wish to be left alone
      sigaction(watched[i], &handled_before[i], nullptr);
    }
  }
}

InterruptWatch::~InterruptWatch() {
  for (std::size_t i = 0; i < watched.size(); ++i) {
    sigaction(watched[i], &handled_before[i], nullptr);
  }
}

int InterruptWatch::signal() const {
  return received;
}

}  // namespace gramgrad::apps
