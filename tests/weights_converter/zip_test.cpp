// Zip archives that PyTorch and NumPy do not write: bombs, other names, other methods, zip64.
#include <zip.h>

#include <filesystem>

#include "tests/weights_converter/reader_checks.h"
#include "weights_converter/archives/npz.h"
#include "weights_converter/archives/torch_zip.h"
#include "weights_converter/archives/zip_archive.h"

namespace gramgrad::converter {
namespace {

using testing::HasSubstr;

struct NewMember {
  std::string name;
  std::string contents;
  zip_int32_t method = ZIP_CM_STORE;
};

// What libzip makes of these members.
std::string make_zip(const std::vector<NewMember>& members) {
  std::string pattern = (std::filesystem::temp_directory_path() / "gramgrad-XXXXXX").string();
  const std::filesystem::path directory = ::mkdtemp(pattern.data());
  const std::string path = directory / "x.zip";
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
  for (const NewMember& member : members) {
    zip_source_t* source =
        zip_source_buffer(archive, member.contents.data(), member.contents.size(), 0);
    const zip_int64_t index = zip_file_add(archive, member.name.c_str(), source, 0);
    EXPECT_GE(index, 0) << member.name;
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), member.method, 0);
  }
  EXPECT_EQ(zip_close(archive), 0);
  const std::string bytes = read_bytes(path);
  std::filesystem::remove_all(directory);
  return bytes;
}

std::string npy_member(const std::string& shape, const std::string& data) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}\n";
  return std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size()) + '\0' + header + data;
}

TEST(Zip, MembersComeOutAlikeStoredAndDeflated) {
  const std::string text = "some text, some text, some text";
  for (const zip_int32_t method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
    const auto archive = ZipArchive::open(file_of(make_zip({{"a", "x"}, {"b", text, method}})));
    ASSERT_EQ(archive->members().size(), 2u);
    EXPECT_EQ(archive->find("b"), 1u);
    const std::vector<std::byte> copy = archive->copy_of(1, 1000);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(copy.data()), copy.size()), text);
    EXPECT_EQ(archive->copy_of(1, 4).size(), 4u);
    EXPECT_EQ(archive->contents(1).mapped.empty(), method == ZIP_CM_DEFLATE);
    EXPECT_THAT(error_of([&] { archive->find("c"); }), HasSubstr("has no member c"));
  }
}

TEST(Zip, BombsAreRefused) {
  const std::string zeros(4 << 20, '\0');
  const std::string bomb = make_zip({{"x.npy", npy_member("(1048576,)", zeros), ZIP_CM_DEFLATE}});
  ASSERT_LT(bomb.size(), 10000u);
  EXPECT_THAT(error_of_reading(bomb, read_npz), HasSubstr("claims to unpack from"));
}

// Names are names, wherever they lead.
TEST(Zip, NamesAreNeverPaths) {
  const std::string one(4, '\0');
  const Source source =
      read_npz(file_of(make_zip({{"../../etc/passwd.npy", npy_member("(1,)", one)},
                                 {"/root/x.npy", npy_member("(1,)", one)}})));
  EXPECT_EQ(source.tensors[0].name, "../../etc/passwd");
  EXPECT_EQ(source.tensors[1].name, "/root/x");
  const std::string control = make_zip({{"a\x1b[2J.npy", npy_member("(1,)", one)}});
  EXPECT_EQ(read_npz(file_of(control)).tensors[0].name, "a?[2J");
}

TEST(Zip, WhatIsWrongIsNamed) {
  EXPECT_THAT(error_of_reading("PK\3\4 and no more", read_npz), HasSubstr("cut short"));
  EXPECT_THAT(error_of_reading(make_zip({{"readme.txt", "hello"}}), read_npz),
              HasSubstr("member readme.txt is not an .npy array"));
  EXPECT_THAT(error_of_reading(make_zip({{"x.npy", "hello"}}), read_npz),
              HasSubstr("array x: is not an .npy array"));
  EXPECT_THAT(error_of_reading(make_zip({{"x/other.pkl", "hello"}}), read_torch_zip),
              HasSubstr("has no member data.pkl"));
  EXPECT_THAT(
      error_of_reading(make_zip({{"x/data.pkl", "N."}, {"x/byteorder", "big"}}), read_torch_zip),
      HasSubstr("big-endian"));
  EXPECT_THAT(error_of_reading(make_zip({{"x/data.pkl",
                                          "\x80\x02"
                                          "cos\nsystem\n."}}),
                               read_torch_zip),
              HasSubstr("data.pkl: at byte 2: global 'os.system'"));
  EXPECT_EQ(error_of_reading(make_zip({{"x/data.pkl", "N.", ZIP_CM_DEFLATE}}), read_torch_zip), "");
}

// Directory and local header disagree.
TEST(Zip, TwoNamesForOneMemberAreRefused) {
  std::string file = make_zip({{"aaaa.npy", npy_member("(1,)", std::string(4, '\0'))}});
  file.replace(file.find("aaaa"), 4, "bbbb");
  EXPECT_NE(error_of_reading(file, read_npz), "");
}

TEST(Zip, OtherMethodsAreNamed) {
  std::string file = make_zip({{"x.npy", npy_member("(1,)", std::string(4, '\0'))}});
  const auto set_method = [&](const std::string& signature, std::size_t at) {
    file[file.find(signature) + at] = 12;  // bzip2
  };
  set_method("PK\3\4", 8);
  set_method("PK\1\2", 10);
  EXPECT_THAT(error_of_reading(file, read_npz), HasSubstr("packed by method 12"));
}

// The same directory by way of zip64's records.
TEST(Zip, Zip64DirectoriesAreFollowed) {
  std::string file = make_zip({{"x.npy", npy_member("(1,)", std::string("\0\0\x80\x3f", 4))}});
  const std::size_t end = file.find("PK\5\6");
  const auto number = [](std::uint64_t value, int bytes) {
    return std::string(reinterpret_cast<const char*>(&value), static_cast<std::size_t>(bytes));
  };
  std::uint32_t directory_bytes = 0, directory_at = 0;
  std::memcpy(&directory_bytes, &file[end + 12], 4);
  std::memcpy(&directory_at, &file[end + 16], 4);
  const std::string record = "PK\6\6" + number(44, 8) + number(45, 2) + number(45, 2) +
                             number(0, 8) + number(1, 8) + number(1, 8) +
                             number(directory_bytes, 8) + number(directory_at, 8);
  const std::string locator = "PK\6\7" + number(0, 4) + number(end, 8) + number(1, 4);
  file.replace(end + 16, 4, "\xff\xff\xff\xff");
  file.insert(end, record + locator);
  EXPECT_EQ(read_all(read_npz(file_of(file)).tensors[0]), std::vector<float>{1});
  file.replace(end, 4, "PK\7\7");
  EXPECT_THAT(error_of_reading(file, read_npz), HasSubstr("zip64 end record"));
}

}  // namespace
}  // namespace gramgrad::converter
