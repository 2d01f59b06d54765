// Finds runs of numbers that lie at equal distances, and reads across them.
#include "weights_converter/graphs/number_list.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kernels/check.h"

namespace gramgrad::converter {
namespace {

// Packed numbers are one run, and numbers with tags between them another; no writer makes many.
constexpr std::size_t max_runs = 100'000;

template <typename Stored>
float load(const std::byte* data) {
  Stored value;  // the file may align it anyhow
  std::memcpy(&value, data, sizeof(value));
  return static_cast<float>(value);
}

}  // namespace

void NumberList::append(const WireReader& at) {
  const std::size_t width = size_of(type_);
  const auto bytes = at.numbers(type_ == ElementType::f64 ? WireType::fixed64 : WireType::fixed32);
  if (bytes.size() % width != 0) {
    at.fail_here(fmt::format("{} bytes are not a whole number of numbers", bytes.size()));
  }
  const std::size_t count = bytes.size() / width;
  if (count == 0) {
    return;
  }
  if (count == 1 && !runs_.empty()) {
    Run& last = runs_.back();
    const std::ptrdiff_t distance =
        bytes.data() - (last.data + static_cast<std::ptrdiff_t>(last.count - 1) * last.stride);
    if (last.count == 1 || last.stride == distance) {
      last.stride = distance;
      ++last.count;
      ++count_;
      return;
    }
  }
  append_within(runs_, max_runs, at, "pieces of one list of numbers") = {
      count_, count, bytes.data(), static_cast<std::ptrdiff_t>(width)};
  count_ += count;
}

SourceTensor NumberList::tensor(const InputFilePtr& file, std::string name,
                                std::vector<std::int64_t> shape) const {
  SourceTensor tensor{std::move(name), type_, std::move(shape), nullptr};
  check(static_cast<std::uint64_t>(tensor.element_count()) == count_,
        "has {} numbers; its shape needs {}", count_, tensor.element_count());
  tensor.read = [file, list = *this](std::int64_t first, std::span<float> out) {
    const auto begin = static_cast<std::size_t>(first);
    check(first >= 0 && begin <= list.count_ && out.size() <= list.count_ - begin,
          "elements {} to {} were asked of a tensor of {}", first, begin + out.size(), list.count_);
    const auto after =
        std::upper_bound(list.runs_.begin(), list.runs_.end(), begin,
                         [](std::size_t index, const Run& run) { return index < run.first; });
    auto next = static_cast<std::size_t>(after - list.runs_.begin());
    for (std::size_t done = 0; done < out.size(); ++next) {
      const Run& run = list.runs_[next - 1];  // the last that begins at or before the element
      const std::size_t skip = begin + done - run.first;
      const std::size_t count = std::min(run.count - skip, out.size() - done);
      read_run(run, list.type_, skip, out.subspan(done, count));
      done += count;
    }
  };
  return tensor;
}

void NumberList::read_run(const Run& run, ElementType type, std::size_t begin,
                          std::span<float> out) {
  const std::byte* data = run.data + static_cast<std::ptrdiff_t>(begin) * run.stride;
  if (type == ElementType::f32 && run.stride == sizeof(float)) {
    std::memcpy(out.data(), data, out.size_bytes());
    return;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::byte* element = data + static_cast<std::ptrdiff_t>(i) * run.stride;
    out[i] = type == ElementType::f64 ? load<double>(element) : load<float>(element);
  }
}

}  // namespace gramgrad::converter
