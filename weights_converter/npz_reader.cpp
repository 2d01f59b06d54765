// Reads `.npz` through libzip, within limits: sizes in an archive are claims.
#include "weights_converter/npz_reader.h"

#include <zip.h>

#include <memory>

#include "kernels/check.h"

namespace gramgrad {
namespace {

constexpr zip_int64_t max_members = 1024;
constexpr zip_uint64_t max_total_bytes = zip_uint64_t{4} << 30;

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};

using Archive = std::unique_ptr<zip_t, CloseArchive>;

Archive open_archive(const std::filesystem::path& path) {
  int code = 0;
  Archive archive(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    fail("{}: cannot be opened as an .npz archive: {}", path.string(), text);
  }
  return archive;
}

std::vector<std::byte> read_member(zip_t* archive, zip_uint64_t index, zip_uint64_t bytes) {
  const std::unique_ptr<zip_file_t, CloseMember> member(zip_fopen_index(archive, index, 0));
  check(member != nullptr, "cannot be unpacked: {}", zip_strerror(archive));
  std::vector<std::byte> contents(bytes);
  zip_uint64_t done = 0;
  while (done < bytes) {
    const zip_int64_t read = zip_fread(member.get(), contents.data() + done, bytes - done);
    check(read > 0, "is damaged or cut short");
    done += static_cast<zip_uint64_t>(read);
  }
  // Only the read that meets the end makes libzip compare the checksum.
  std::byte beyond{};
  check(zip_fread(member.get(), &beyond, 1) == 0, "is damaged: wrong size or checksum");
  return contents;
}

}  // namespace

std::map<std::string, std::vector<std::byte>> read_npz(const std::filesystem::path& path) {
  const Archive archive = open_archive(path);
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  check(count <= max_members, "{}: has {} members; at most {} are read", path.string(), count,
        max_members);
  std::map<std::string, std::vector<std::byte>> members;
  zip_uint64_t total_bytes = 0;
  for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
    zip_stat_t status;
    zip_stat_init(&status);
    constexpr zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE;
    check(zip_stat_index(archive.get(), i, 0, &status) == 0 && (status.valid & needed) == needed,
          "{}: member {} cannot be examined", path.string(), i);
    const std::string file_name = status.name;
    check(file_name.size() > 4 && file_name.ends_with(".npy"),
          "{}: member {} is not an .npy array; this is no .npz file", path.string(), i);
    check(status.size <= max_total_bytes - total_bytes, "{}: unpacks to more than {} bytes",
          path.string(), max_total_bytes);
    total_bytes += status.size;
    const std::string name = file_name.substr(0, file_name.size() - 4);
    try {
      check(members.emplace(name, read_member(archive.get(), i, status.size)).second,
            "is there twice");
    } catch (const Error& error) {
      fail("{}: array {} {}", path.string(), name, error.what());
    }
  }
  return members;
}

}  // namespace gramgrad
