// A repeated float or double field: the weights in Caffe files and in some ONNX files.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "weights_converter/graphs/wire.h"

namespace gramgrad::converter {

// Writers may pack the numbers into one field (they lie in the file as in memory), give each a
// field of its own (each has its tag before it) or mix both; nothing is copied before it is read.
class NumberList {
 public:
  // f32 or f64.
  explicit NumberList(ElementType type) : type_(type) {}

  // Adds the number or packed numbers of the field at which `at` stands.
  void append(const WireReader& at);

  std::size_t count() const { return count_; }
  bool empty() const { return count_ == 0; }

  // Throws Error unless the shape needs just count() numbers.
  SourceTensor tensor(const InputFilePtr& file, std::string name,
                      std::vector<std::int64_t> shape) const;

 private:
  // Numbers `stride` bytes apart.
  struct Run {
    std::size_t first = 0;  // index of the first of them in the list
    std::size_t count = 0;
    const std::byte* data = nullptr;
    std::ptrdiff_t stride = 0;
  };

  static void read_run(const Run& run, ElementType type, std::size_t begin, std::span<float> out);

  ElementType type_;
  std::size_t count_ = 0;
  std::vector<Run> runs_;
};

}  // namespace gramgrad::converter
