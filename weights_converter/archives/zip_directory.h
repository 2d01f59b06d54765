// Where the members of a zip archive begin: what libzip knows but does not tell, and what is needed
// to use a stored member where it lies in a mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gramgrad::converter {

struct ZipEntry {
  std::string name;
  std::uint64_t local_header = 0;  // position in the file
};

// The central directory (APPNOTE 4.3.12), zip64 included, in its order, which is libzip's. Throws
// Error with the position if it is damaged.
std::vector<ZipEntry> read_zip_directory(std::span<const std::byte> file);

// Where the contents of a stored member of `size` bytes lie. Throws Error unless there is a local
// header of this name and the bytes are inside of the file.
std::span<const std::byte> stored_contents(std::span<const std::byte> file, const ZipEntry& entry,
                                           std::uint64_t size);

// Whether the file is a zip archive with a member whose name ends like this. Of an archive that is
// cut short the first member counts, so that its reader can say what is wrong.
bool zip_has_member(std::span<const std::byte> file, std::string_view ending) noexcept;

}  // namespace gramgrad::converter
