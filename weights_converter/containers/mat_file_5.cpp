// MATLAB 5 files through matio, with its complaints caught and its sizes checked.
#include <matio.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/containers/deflate_ratio.h"
#include "weights_converter/containers/hdf5_handle.h"
#include "weights_converter/containers/mat_file.h"

namespace gramgrad::converter {
namespace {

constexpr std::size_t header_size = 128;
constexpr std::size_t max_text = 4096;
constexpr std::size_t max_cells = 4096;

std::string& last_complaint() {
  static std::string text;  // guarded by Hdf5Lock, as all of matio is here
  return text;
}

void keep_complaint(int, char* message) {
  std::string& text = last_complaint();
  text = message;
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  text.erase(text.find_last_not_of(' ') + 1);
}

std::string complaint() {
  return last_complaint().empty() ? "" : fmt::format(" (matio: {})", last_complaint());
}

// Before every use of matio, whose complaints would go to the terminal.
void begin_matio() {
  Mat_LogInitFunc("gramgrad", keep_complaint);
  last_complaint().clear();
}

std::uint32_t read_u32(std::span<const std::byte> bytes, std::size_t offset, bool swapped) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return swapped ? __builtin_bswap32(value) : value;
}

// The file is a sequence of elements, each with its length. matio does not notice when one of them
// is longer than the file.
void check_elements(const InputFile& input) {
  const std::span<const std::byte> bytes = input.bytes();
  const bool swapped = bytes[126] == std::byte{'M'};  // "MI" where this machine writes "IM"
  std::size_t offset = header_size;
  while (offset < bytes.size()) {
    check(bytes.size() - offset >= 8, "{}: at byte {}: the file is cut off", input.path, offset);
    const std::uint32_t type = read_u32(bytes, offset, swapped);
    const std::uint32_t length = read_u32(bytes, offset + 4, swapped);
    check(type == MAT_T_MATRIX || type == MAT_T_COMPRESSED,
          "{}: at byte {}: {} is no type of a MATLAB variable; the file is damaged", input.path,
          offset, type);
    check(
        length <= bytes.size() - offset - 8,
        "{}: at byte {}: a variable of {} bytes reaches beyond the end of the file; it is cut off",
        input.path, offset, length);
    offset += 8 + std::size_t{length};
  }
}

// Saturates; 0 for what has no shape.
std::size_t element_count(const matvar_t* variable) {
  std::size_t count = variable->dims == nullptr || variable->rank <= 0 ? 0 : 1;
  for (int i = 0; count != 0 && i < variable->rank; ++i) {
    if (__builtin_mul_overflow(count, variable->dims[i], &count)) {
      return std::numeric_limits<std::size_t>::max();
    }
  }
  return count;
}

// The open file and one variable of it, without its numbers.
struct MatioVariable {
  MatioVariable(InputFilePtr file, const std::string& name) : input(std::move(file)) {
    const Hdf5Lock lock;
    begin_matio();
    mat = Mat_Open(input->path.c_str(), MAT_ACC_RDONLY);
    check(mat != nullptr, "{}: is not a readable MATLAB file{}", input->path, complaint());
    root = Mat_VarReadInfo(mat, name.c_str());
  }
  ~MatioVariable() {
    const Hdf5Lock lock;
    Mat_VarFree(root);
    Mat_Close(mat);
  }
  MatioVariable(const MatioVariable&) = delete;
  MatioVariable& operator=(const MatioVariable&) = delete;

  // Numbers [first, first + count) in the order of the file, the first dimension fastest.
  void read(matvar_t* variable, const std::string& name, std::int64_t first, std::size_t count,
            void* out) const {
    const Hdf5Lock lock;
    begin_matio();
    const int status = Mat_VarReadDataLinear(mat, variable, out, static_cast<int>(first), 1,
                                             static_cast<int>(count));
    check(status == 0 && last_complaint().empty(), "{}: {}: cannot be read{}", input->path, name,
          complaint());
  }

  InputFilePtr input;
  mat_t* mat = nullptr;
  matvar_t* root = nullptr;
};
using MatioVariablePtr = std::shared_ptr<const MatioVariable>;

SourceTensor numeric_tensor(const MatioVariablePtr& owner, matvar_t* variable,
                            const std::string& name) {
  const std::string& path = owner->input->path;
  const std::size_t count = element_count(variable);
  SourceTensor tensor{name, ElementType::other, {}, nullptr};
  if (count == 0) {
    tensor.shape = {0};
  }
  for (int i = variable->rank; count != 0 && i-- > 0;) {
    tensor.shape.push_back(static_cast<std::int64_t>(variable->dims[i]));
  }
  // MATLAB stores small whole numbers in one byte each.
  check(count <= std::numeric_limits<int>::max() &&
            count / max_deflate_ratio <= owner->input->bytes().size(),
        "{}: {}: claims {} elements, more than the file can hold", path, name, count);
  const bool single = variable->class_type == MAT_C_SINGLE;
  if (variable->isComplex != 0 || (!single && variable->class_type != MAT_C_DOUBLE)) {
    return tensor;
  }
  tensor.type = single ? ElementType::f32 : ElementType::f64;
  tensor.read = [owner, variable, name, single, count](std::int64_t first, std::span<float> out) {
    check(first >= 0 && static_cast<std::size_t>(first) <= count &&
              out.size() <= count - static_cast<std::size_t>(first),
          "{}: {}: elements {} to {} were asked of {}", owner->input->path, name, first,
          static_cast<std::size_t>(first) + out.size(), count);
    if (out.empty()) {
      return;
    }
    if (single) {
      return owner->read(variable, name, first, out.size(), out.data());
    }
    std::vector<double> values(out.size());  // rare: MatConvNet's networks are single
    owner->read(variable, name, first, out.size(), values.data());
    std::ranges::transform(values, out.begin(), [](double v) { return static_cast<float>(v); });
  };
  return tensor;
}

class Mat5Value : public MatValue {
 public:
  Mat5Value(MatioVariablePtr owner, matvar_t* variable)
      : owner_(std::move(owner)), variable_(variable) {}

  MatValuePtr field(const std::string& name) const override {
    if (variable_->class_type != MAT_C_STRUCT || variable_->data == nullptr ||
        element_count(variable_) == 0) {
      return nullptr;
    }
    // Not by matio's search by name, which trusts that damaged structures have names.
    char* const* names = Mat_VarGetStructFieldnames(variable_);
    const unsigned count = names == nullptr ? 0 : Mat_VarGetNumberOfFields(variable_);
    for (unsigned i = 0; i < count; ++i) {
      if (names[i] != nullptr && name == names[i]) {
        return value(Mat_VarGetStructFieldByIndex(variable_, i, 0));
      }
    }
    return nullptr;
  }

  std::vector<MatValuePtr> cells() const override {
    std::vector<MatValuePtr> found;
    if (variable_->class_type != MAT_C_CELL || variable_->data == nullptr) {
      return found;
    }
    const std::size_t count =
        std::min({element_count(variable_), variable_->nbytes / sizeof(matvar_t*), max_cells});
    for (std::size_t i = 0; i < count; ++i) {
      found.push_back(value(Mat_VarGetCell(variable_, static_cast<int>(i))));
    }
    return found;
  }

  std::string text() const override {
    const std::size_t count = element_count(variable_);
    if (variable_->class_type != MAT_C_CHAR || count > max_text) {
      return "";
    }
    const Hdf5Lock lock;
    begin_matio();
    if (variable_->data == nullptr && Mat_VarReadDataAll(owner_->mat, variable_) != 0) {
      return "";
    }
    const auto* data = static_cast<const char*>(variable_->data);
    const std::size_t width = std::max(variable_->data_size, 1);
    std::string text;
    for (std::size_t i = 0; data != nullptr && i < std::min(count, variable_->nbytes / width);
         ++i) {
      const char c = data[i * width];  // the low byte of UTF-8 or UTF-16
      text += c >= 0x20 && c < 0x7f ? c : '?';
    }
    return text;
  }

  std::optional<SourceTensor> tensor(const std::string& name) const override {
    if (variable_->class_type == MAT_C_STRUCT || variable_->class_type == MAT_C_CELL) {
      return std::nullopt;
    }
    return numeric_tensor(owner_, variable_, name);
  }

 private:
  MatValuePtr value(matvar_t* variable) const {
    return variable == nullptr ? nullptr : std::make_shared<Mat5Value>(owner_, variable);
  }

  MatioVariablePtr owner_;
  matvar_t* variable_;  // part of the owner's
};

}  // namespace

MatValuePtr open_mat_5(const InputFilePtr& file, const std::string& variable) {
  check_elements(*file);
  auto owner = std::make_shared<const MatioVariable>(file, variable);
  matvar_t* root = owner->root;
  return root == nullptr ? nullptr : std::make_shared<Mat5Value>(std::move(owner), root);
}

}  // namespace gramgrad::converter
