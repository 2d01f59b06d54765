// Records of zip files, by the numbers of PKWARE's APPNOTE.
#include "weights_converter/archives/zip_directory.h"

#include <algorithm>
#include <exception>
#include <string_view>

#include "kernels/check.h"
#include "weights_converter/archives/byte_reader.h"
#include "weights_converter/printable.h"

namespace gramgrad::converter {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view local_signature = "PK\3\4"sv;
constexpr std::uint64_t max_members = 65536;
constexpr std::uint32_t in_zip64 = 0xffffffff;  // the number is in a zip64 record

void expect(ByteReader& in, std::string_view signature, std::string_view what) {
  const std::uint64_t at = in.position();
  check(in.take_text(signature.size()) == signature, "at byte {}: there is no {}", at, what);
}

// The end record is the last thing in the file but for a comment of at most 65535 bytes (4.3.16).
std::uint64_t find_end_record(std::span<const std::byte> file) {
  constexpr std::uint64_t record_bytes = 22;
  constexpr std::uint64_t max_comment = 65535;
  for (std::uint64_t back = record_bytes; back <= file.size() && back <= record_bytes + max_comment;
       ++back) {
    const std::uint64_t at = file.size() - back;
    if (begins_with(file.subspan(at), "PK\5\6"sv)) {
      ByteReader in(file, at + 20);
      if (in.number<std::uint16_t>() == back - record_bytes) {
        return at;
      }
    }
  }
  fail(
      "the archive's directory, which is at its end, is missing; the file is cut short, get it "
      "again");
}

struct Directory {
  std::uint64_t count = 0;
  std::uint64_t at = 0;
};

Directory find_directory(std::span<const std::byte> file) {
  constexpr std::uint64_t locator_bytes = 20;
  const std::uint64_t end = find_end_record(file);
  ByteReader in(file, end + 10);
  Directory directory{in.number<std::uint16_t>(), 0};
  in.take(4);
  directory.at = in.number<std::uint32_t>();
  if (directory.count != 0xffff && directory.at != in_zip64) {
    return directory;
  }
  check(end >= locator_bytes, "at byte {}: there is no zip64 locator", end);
  ByteReader locator(file, end - locator_bytes);
  expect(locator, "PK\6\7"sv, "zip64 locator");
  locator.take(4);
  ByteReader record(file, locator.number<std::uint64_t>());
  expect(record, "PK\6\6"sv, "zip64 end record");
  record.take(28);
  directory.count = record.number<std::uint64_t>();
  record.take(8);
  directory.at = record.number<std::uint64_t>();
  return directory;
}

// Extra field 1 holds those of size, packed size and position that do not fit 32 bits (4.5.3).
std::uint64_t zip64_position(std::span<const std::byte> extra, std::uint64_t skipped) {
  ByteReader in(extra);
  while (in.left() >= 4) {
    const auto id = in.number<std::uint16_t>();
    const auto field = in.take(in.number<std::uint16_t>());
    if (id == 1) {
      return ByteReader(field, skipped).number<std::uint64_t>();
    }
  }
  fail("a member's zip64 record is missing");
}

ZipEntry read_entry(ByteReader& in) {
  expect(in, "PK\1\2"sv, "entry of the archive's directory");
  in.take(16);
  const auto packed_size = in.number<std::uint32_t>();
  const auto size = in.number<std::uint32_t>();
  const auto name_bytes = in.number<std::uint16_t>();
  const auto extra_bytes = in.number<std::uint16_t>();
  const auto comment_bytes = in.number<std::uint16_t>();
  in.take(8);
  ZipEntry entry;
  entry.local_header = in.number<std::uint32_t>();
  entry.name = in.take_text(name_bytes);
  const auto extra = in.take(extra_bytes);
  in.take(comment_bytes);
  if (entry.local_header == in_zip64) {
    entry.local_header = zip64_position(
        extra, 8 * std::uint64_t{size == in_zip64} + 8 * std::uint64_t{packed_size == in_zip64});
  }
  return entry;
}

std::string_view first_member(std::span<const std::byte> file) {
  ByteReader in(file, 26);
  const auto name_bytes = in.number<std::uint16_t>();
  in.take(2);
  return in.take_text(name_bytes);
}

}  // namespace

std::vector<ZipEntry> read_zip_directory(std::span<const std::byte> file) {
  const Directory directory = find_directory(file);
  check(directory.count <= max_members, "the archive has {} members; at most {} are read",
        directory.count, max_members);
  ByteReader in(file, directory.at);
  std::vector<ZipEntry> entries;
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    entries.push_back(read_entry(in));
  }
  return entries;
}

std::span<const std::byte> stored_contents(std::span<const std::byte> file, const ZipEntry& entry,
                                           std::uint64_t size) {
  ByteReader in(file, entry.local_header);
  expect(in, local_signature, "member of the archive");
  in.take(22);
  const auto name_bytes = in.number<std::uint16_t>();
  const auto extra_bytes = in.number<std::uint16_t>();
  check(in.take_text(name_bytes) == entry.name,
        "at byte {}: the archive's directory has another name here, {}", entry.local_header,
        printable(entry.name));
  in.take(extra_bytes);
  return in.take(size);
}

bool zip_has_member(std::span<const std::byte> file, std::string_view ending) noexcept {
  if (!begins_with(file, local_signature)) {
    return false;
  }
  try {
    return std::ranges::any_of(read_zip_directory(file),
                               [&](const ZipEntry& entry) { return entry.name.ends_with(ending); });
  } catch (const std::exception&) {
    try {
      return first_member(file).ends_with(ending);
    } catch (const std::exception&) {
      return false;
    }
  }
}

}  // namespace gramgrad::converter
