// Members to tensors.
#include "weights_converter/archives/npz.h"

#include <memory>
#include <string>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/archives/array_tensor.h"
#include "weights_converter/archives/named_layers.h"
#include "weights_converter/archives/npy_header.h"
#include "weights_converter/archives/zip_archive.h"
#include "weights_converter/printable.h"
#include "weights_converter/with_path.h"

namespace gramgrad::converter {
namespace {

constexpr std::string_view ending = ".npy";

// What follows the header. The checksum is that of header and data.
ArrayBytes data_of(ArrayBytes member, std::uint64_t data_at) {
  ArrayBytes data{member.size - data_at, {}, nullptr, std::move(member.verify)};
  if (member.unpack) {
    data.unpack = [unpack = std::move(member.unpack), data_at](std::uint64_t offset,
                                                               std::span<std::byte> out) {
      unpack(data_at + offset, out);
    };
  } else {
    data.mapped = member.mapped.subspan(data_at);
  }
  return data;
}

SourceTensor read_member(const InputFilePtr& file, ZipArchive& archive, std::size_t index,
                         std::string name) {
  ArrayBytes member = archive.contents(index);
  const NpyHeader header = member.unpack
                               ? parse_npy_header(archive.copy_of(index, max_npy_header_bytes))
                               : parse_npy_header(member.mapped);
  header.check_size(member.size - header.data_at);
  return array_tensor(file, std::move(name), header.layout(),
                      data_of(std::move(member), header.data_at));
}

Source read_npz_archive(const InputFilePtr& file) {
  const std::shared_ptr<ZipArchive> archive = ZipArchive::open(file);
  Source source;
  source.format = "npz";
  for (std::size_t i = 0; i < archive->members().size(); ++i) {
    const std::string& member = archive->members()[i].name;
    check(member.ends_with(ending), "member {} is not an .npy array; this is no .npz file",
          printable(member));
    const std::string name = printable(member.substr(0, member.size() - ending.size()));
    source.tensors.push_back(
        with_path("array " + name, [&] { return read_member(file, *archive, i, name); }));
  }
  find_named_layers(source);
  return source;
}

}  // namespace

bool is_npz(std::span<const std::byte> file) {
  return zip_has_member(file, ending);
}

Source read_npz(InputFilePtr file) {
  return with_path(file->path, [&] { return read_npz_archive(file); });
}

}  // namespace gramgrad::converter
