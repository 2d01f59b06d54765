// <name>/data.pkl, <name>/data/<key>, <name>/byteorder (torch/serialization.py, caffe2's inline
// container).
#include "weights_converter/archives/torch_zip.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "kernels/check.h"
#include "weights_converter/archives/torch_state.h"
#include "weights_converter/archives/zip_archive.h"
#include "weights_converter/with_path.h"

namespace gramgrad::converter {
namespace {

constexpr std::string_view pickle_name = "/data.pkl";
constexpr std::uint64_t max_pickle_bytes = 16 << 20;

std::size_t find_pickle(const ZipArchive& archive) {
  const auto& members = archive.members();
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].name.ends_with(pickle_name)) {
      return i;
    }
  }
  fail("has no member data.pkl");
}

void check_byte_order(ZipArchive& archive, const std::string& folder) {
  for (std::size_t i = 0; i < archive.members().size(); ++i) {
    if (archive.members()[i].name == folder + "/byteorder") {
      const std::vector<std::byte> order = archive.copy_of(i, 16);
      check(order.size() == 6 && std::memcmp(order.data(), "little", 6) == 0,
            "was written by a big-endian machine; save it on a little-endian one");
    }
  }
}

Source read_archive(const InputFilePtr& file) {
  const std::shared_ptr<ZipArchive> archive = ZipArchive::open(file);
  const std::size_t pickle_index = find_pickle(*archive);
  const ZipArchive::Member& member = archive->members()[pickle_index];
  const std::string folder = member.name.substr(0, member.name.size() - pickle_name.size());
  check_byte_order(*archive, folder);
  check(member.size <= max_pickle_bytes, "data.pkl has {} bytes; at most {} are read", member.size,
        max_pickle_bytes);
  const std::vector<std::byte> bytes =
      with_path("data.pkl", [&] { return archive->copy_of(pickle_index, member.size); });
  const Pickle pickle = with_path("data.pkl", [&] { return read_pickle(bytes, 0, torch_rules()); });
  return torch_source("torch-zip", file, *pickle.root, [&](const TorchStorage& storage) {
    const std::size_t index = archive->find(folder + "/data/" + std::string(storage.key));
    ArrayBytes contents = archive->contents(index);
    check(contents.size == storage.bytes(), "its storage has {} bytes; it needs {}", contents.size,
          storage.bytes());
    return contents;
  });
}

}  // namespace

bool is_torch_zip(std::span<const std::byte> file) {
  return zip_has_member(file, pickle_name);
}

Source read_torch_zip(InputFilePtr file) {
  return with_path(file->path, [&] { return read_archive(file); });
}

}  // namespace gramgrad::converter
