// libzip reads the structure from the mapping and inflates.
#include "weights_converter/archives/zip_archive.h"

#include <zip.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/printable.h"

namespace gramgrad::converter {
namespace {

// Text that means harm deflates to a thousandth, weights to no less than a tenth.
constexpr std::uint64_t max_ratio = 100;
constexpr std::uint64_t always_allowed = 1 << 20;

std::string message_of(zip_error_t& error) {
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

zip_t* open_mapped(std::span<const std::byte> bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  check(source != nullptr, "cannot be opened as a zip archive: {}", message_of(error));
  zip_t* archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
  if (archive == nullptr) {
    zip_source_free(source);
    fail("cannot be opened as a zip archive: {}", message_of(error));
  }
  zip_error_fini(&error);
  return archive;
}

}  // namespace

std::shared_ptr<ZipArchive> ZipArchive::open(InputFilePtr file) {
  std::shared_ptr<ZipArchive> result(new ZipArchive(std::move(file)));
  const std::span<const std::byte> bytes = result->file_->bytes();
  std::vector<ZipEntry> entries = read_zip_directory(bytes);
  result->archive_ = open_mapped(bytes);
  const zip_int64_t count = zip_get_num_entries(result->archive_, 0);
  check(count >= 0 && static_cast<std::uint64_t>(count) == entries.size(),
        "the archive's directory is damaged: it has {} members, or {}", count, entries.size());
  for (std::uint64_t i = 0; i < entries.size(); ++i) {
    result->add_member(i, std::move(entries[i]));
  }
  return result;
}

ZipArchive::~ZipArchive() {
  close_stream();
  if (archive_ != nullptr) {
    zip_discard(archive_);
  }
}

void ZipArchive::add_member(std::uint64_t index, ZipEntry entry) {
  zip_stat_t status;
  zip_stat_init(&status);
  constexpr zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE |
                                  ZIP_STAT_COMP_METHOD | ZIP_STAT_CRC | ZIP_STAT_ENCRYPTION_METHOD;
  check(zip_stat_index(archive_, index, ZIP_FL_ENC_RAW, &status) == 0 &&
            (status.valid & needed) == needed && status.name == entry.name,
        "member {} of the archive cannot be examined", index);
  const std::string name = printable(entry.name);
  check(status.encryption_method == ZIP_EM_NONE, "member {} is encrypted", name);
  const bool stored = status.comp_method == ZIP_CM_STORE;
  check(stored || status.comp_method == ZIP_CM_DEFLATE,
        "member {} is packed by method {}; stored and deflated ones can be read", name,
        status.comp_method);
  check(stored ? status.size == status.comp_size
               : status.size <= always_allowed || status.size / max_ratio <= status.comp_size,
        "member {} claims to unpack from {} bytes to {}", name, status.comp_size, status.size);
  members_.push_back({entry.name, status.size});
  details_.push_back({stored, status.crc, std::move(entry)});
}

std::size_t ZipArchive::find(std::string_view name) const {
  const auto found = std::ranges::find(members_, name, &Member::name);
  check(found != members_.end(), "has no member {}", printable(name));
  return static_cast<std::size_t>(found - members_.begin());
}

ArrayBytes ZipArchive::contents(std::size_t index) {
  const auto self = shared_from_this();
  const Details& details = details_[index];
  const std::uint64_t size = members_[index].size;
  if (!details.stored) {
    return {size,
            {},
            [self, index](std::uint64_t offset, std::span<std::byte> out) {
              self->unpack(index, offset, out);
            },
            nullptr};
  }
  const auto bytes = stored_contents(file_->bytes(), details.entry, size);
  const auto verify = [self, bytes, expected = details.crc32] {
    const uLong crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
    check(crc == expected, "is damaged: its checksum is 0x{:08x}, not 0x{:08x}", crc, expected);
  };
  return {size, bytes, nullptr, verify};
}

std::vector<std::byte> ZipArchive::copy_of(std::size_t index, std::uint64_t size) {
  ArrayBytes bytes = contents(index);
  std::vector<std::byte> copy(std::min(size, bytes.size));
  if (bytes.unpack) {
    bytes.unpack(0, copy);
  } else {
    if (copy.size() == bytes.size) {
      bytes.verify();
    }
    std::ranges::copy(bytes.mapped.first(copy.size()), copy.begin());
  }
  return copy;
}

void ZipArchive::unpack(std::size_t index, std::uint64_t offset, std::span<std::byte> out) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t size = members_[index].size;
  check(offset <= size && out.size() <= size - offset, "bytes {} to {} were asked of {}", offset,
        offset + out.size(), size);
  skip_to(index, offset);
  unpack_next(out);
  if (stream_position_ == size) {
    // Only the read that meets the end makes libzip compare the checksum.
    std::byte beyond{};
    check(zip_fread(stream_, &beyond, 1) == 0, "is damaged: wrong size or checksum");
    close_stream();
  }
}

void ZipArchive::skip_to(std::size_t index, std::uint64_t offset) {
  if (stream_ == nullptr || stream_index_ != index || stream_position_ > offset) {
    close_stream();
    stream_ = zip_fopen_index(archive_, index, 0);
    check(stream_ != nullptr, "cannot be unpacked: {}", zip_strerror(archive_));
    stream_index_ = index;
    stream_position_ = 0;
  }
  std::array<std::byte, 16384> unwanted;
  while (stream_position_ < offset) {
    unpack_next(std::span(unwanted).first(
        std::min<std::uint64_t>(unwanted.size(), offset - stream_position_)));
  }
}

void ZipArchive::unpack_next(std::span<std::byte> out) {
  while (!out.empty()) {
    const zip_int64_t read = zip_fread(stream_, out.data(), out.size());
    check(read > 0, "is damaged or cut short");
    out = out.subspan(static_cast<std::size_t>(read));
    stream_position_ += static_cast<std::uint64_t>(read);
  }
}

void ZipArchive::close_stream() {
  if (stream_ != nullptr) {
    zip_fclose(std::exchange(stream_, nullptr));
  }
}

}  // namespace gramgrad::converter
