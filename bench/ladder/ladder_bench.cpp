// Checks every step of every ladder against the reference, then times it, on a GPU.
//
//   ladder_bench                 all ladders
//   ladder_bench gram            one of them
//
// One line of JSON a step and size: name, median_ms, min_ms, max_ms, bytes, operations. A step with
// a wrong result is not timed; the status is then 1.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/ladder/ladder.h"
#include "bench/timing.h"
#include "kernels/cuda/availability.h"

namespace {

using namespace gramgrad;
using namespace gramgrad::bench;

bool is_right(const Ladder& ladder, const Step& step, const Device& device) {
  for (const tests::OperatorCase& check : ladder.checks) {
    const std::string wrong = complaint(step, check, device);
    if (!wrong.empty()) {
      std::fprintf(stderr, "ladder_bench: %s: %s\n", ladder.name.c_str(), wrong.c_str());
      return false;
    }
  }
  return true;
}

bool has_tensor_cores() {
  return cuda::availability().gpus.front().major >= 8;
}

void time_step(const Ladder& ladder, const Step& step, const Device& device) {
  Ops ops = device.ops();
  step.use(ops);
  for (const TimedCase& timed : ladder.timed) {
    const tests::Prepared prepared =
        timed.operator_case.prepare(tests::Inputs(device.with_ops(ops), {}));
    const Times times = time_work(device, prepared.run);
    const nlohmann::json line{{"name", timed.operator_case.name + "_" + step.name},
                              {"ladder", ladder.name},
                              {"median_ms", times.median},
                              {"min_ms", times.smallest},
                              {"max_ms", times.largest},
                              {"bytes", timed.bytes},
                              {"operations", timed.operator_case.operations}};
    std::puts(line.dump().c_str());
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string wanted = argc > 1 ? argv[1] : "";
  const Device device = Device::cuda();
  std::string names;
  bool found = false;
  bool right = true;
  for (const Ladder& ladder : all_ladders()) {
    names += (names.empty() ? "" : ", ") + ladder.name;
    if (!wanted.empty() && ladder.name != wanted) {
      continue;
    }
    found = true;
    for (const Step& step : ladder.steps) {
      if (step.tensor_cores && !has_tensor_cores()) {
        const nlohmann::json line{{"name", ladder.name + "_" + step.name},
                                  {"not_measured", "needs compute capability 8.0"}};
        std::puts(line.dump().c_str());
      } else if (is_right(ladder, step, device)) {
        time_step(ladder, step, device);
      } else {
        right = false;
      }
    }
  }
  check(found, "there is no ladder '{}': {}", wanted, names);
  return right ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "ladder_bench: %s\n", error.what());
  return 2;
}
