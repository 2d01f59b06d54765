// Tells the versions of MATLAB's files apart.
#include "weights_converter/containers/mat_file.h"

namespace gramgrad::converter {
namespace {

// The header ends with the version and "IM", both in the byte order of the machine that wrote it;
// 0 for other files.
int major_version(std::span<const std::byte> file) {
  constexpr std::size_t header_size = 128;
  if (file.size() < header_size) {
    return 0;
  }
  const auto at = [&](std::size_t i) { return std::to_integer<int>(file[i]); };
  if (at(126) == 'I' && at(127) == 'M') {
    return at(125);
  }
  return at(126) == 'M' && at(127) == 'I' ? at(124) : 0;
}

}  // namespace

bool is_mat_file(std::span<const std::byte> file) {
  return major_version(file) == 1 || major_version(file) == 2;
}

MatValuePtr open_mat(const InputFilePtr& file, const std::string& variable) {
  return major_version(file->bytes()) == 1 ? open_mat_5(file, variable)
                                           : open_mat_73(file, variable);
}

}  // namespace gramgrad::converter
