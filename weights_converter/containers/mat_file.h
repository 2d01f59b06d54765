// MATLAB's `.mat` files, versions 5 and 7.3 (HDF5): structures, cell arrays, texts, numbers.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "weights_converter/source.h"

namespace gramgrad::converter {

class MatValue;
using MatValuePtr = std::shared_ptr<const MatValue>;

// A value of a file, which it keeps open.
class MatValue {
 public:
  virtual ~MatValue() = default;

  // Field of a 1×1 structure; nullptr if this is none or has no such field.
  virtual MatValuePtr field(const std::string& name) const = 0;
  // Elements of a cell array, nullptr for damaged ones; none if this is no cell array.
  virtual std::vector<MatValuePtr> cells() const = 0;
  // A text of at most 4096 characters, '?' for what is not ASCII; empty if this is none.
  virtual std::string text() const = 0;
  // Anything but structures and cell arrays, which give nothing. MATLAB lets the first dimension
  // run fastest, so the shape is MATLAB's reversed: filters [h, w, i, o] are [o, i, w, h]. Throws
  // Error when it claims more numbers than the file can hold.
  virtual std::optional<SourceTensor> tensor(const std::string& name) const = 0;
};

// Whether the file has the header of a MATLAB file of version 5 or 7.3.
bool is_mat_file(std::span<const std::byte> file);

// A variable of a file that is_mat_file, without its numbers; nullptr if there is none of that
// name. Throws Error, beginning with the path, if the file is damaged.
MatValuePtr open_mat(const InputFilePtr& file, const std::string& variable);

// The same for the two versions.
MatValuePtr open_mat_5(const InputFilePtr& file, const std::string& variable);
MatValuePtr open_mat_73(const InputFilePtr& file, const std::string& variable);

}  // namespace gramgrad::converter
