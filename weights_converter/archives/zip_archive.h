// Members of a mapped zip archive: the stored ones where they lie, the deflated ones through
// libzip.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "weights_converter/archives/array_tensor.h"
#include "weights_converter/archives/zip_directory.h"
#include "weights_converter/source.h"

struct zip;
struct zip_file;

namespace gramgrad::converter {

// Names of members are only compared, never used as paths. Sizes are claims: nothing is reserved
// for them, and a member that unpacks to more than 100 times its size is refused.
class ZipArchive : public std::enable_shared_from_this<ZipArchive> {
 public:
  struct Member {
    std::string name;
    std::uint64_t size = 0;  // unpacked
  };

  // Throws Error, without the path, if the archive is damaged.
  static std::shared_ptr<ZipArchive> open(InputFilePtr file);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  const std::vector<Member>& members() const { return members_; }
  // The member's index. Throws Error if there is none.
  std::size_t find(std::string_view name) const;

  // The contents; of a stored member its bytes in the mapped file, and `verify` compares their
  // checksum. The result keeps the archive alive.
  ArrayBytes contents(std::size_t index);
  // The first `size` bytes (or all, if there are fewer); the checksum is compared if that is all.
  std::vector<std::byte> copy_of(std::size_t index, std::uint64_t size);

 private:
  struct Details {
    bool stored = false;
    std::uint32_t crc32 = 0;
    ZipEntry entry;
  };

  explicit ZipArchive(InputFilePtr file) : file_(std::move(file)) {}
  void add_member(std::uint64_t index, ZipEntry entry);
  void unpack(std::size_t index, std::uint64_t offset, std::span<std::byte> out);
  void skip_to(std::size_t index, std::uint64_t offset);
  void unpack_next(std::span<std::byte> out);
  void close_stream();

  InputFilePtr file_;
  zip* archive_ = nullptr;
  std::vector<Member> members_;
  std::vector<Details> details_;

  std::mutex mutex_;  // of the member that is being unpacked
  zip_file* stream_ = nullptr;
  std::size_t stream_index_ = 0;
  std::uint64_t stream_position_ = 0;
};

}  // namespace gramgrad::converter
