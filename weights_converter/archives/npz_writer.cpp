// Writing of `.npz`. Not through libzip, which writes a file of its own; stored members need no
// more than three kinds of records (APPNOTE 4.3.7, 4.3.12, 4.3.16).
#include <fmt/ranges.h>
#include <zlib.h>

#include <array>
#include <cstdio>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "kernels/check.h"
#include "nn/atomic_file.h"
#include "nn/half.h"
#include "weights_converter/archives/npy_header.h"
#include "weights_converter/archives/npz.h"

namespace gramgrad::converter {
namespace {

constexpr std::uint64_t largest = 0xfffffffe;  // of numbers in records without zip64

using Sink = std::function<void(std::span<const std::byte>)>;

// Bytes of the data as NumPy will have them; bf16 is widened piece by piece.
void produce_data(const nn::TensorView& tensor, const Sink& sink) {
  if (tensor.dtype != DType::bf16) {
    return sink(tensor.data);
  }
  constexpr std::size_t widened_at_once = 16384;
  std::array<float, widened_at_once> widened;
  nn::TensorView piece{tensor.name, tensor.dtype, {}, {}};
  for (std::size_t done = 0; done < tensor.element_count(); done += widened_at_once) {
    const std::size_t count = std::min(widened_at_once, tensor.element_count() - done);
    piece.data = tensor.data.subspan(done * size_of(tensor.dtype), count * size_of(tensor.dtype));
    const std::span<float> out = std::span(widened).first(count);
    nn::expand_to_f32(piece, out);
    sink(std::as_bytes(out));
  }
}

// Padded with spaces so that the data begin at a multiple of 64, as NumPy does.
std::string npy_header(const nn::TensorView& tensor) {
  constexpr std::size_t before = 10;
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                  tensor.dtype == DType::f16 ? "<f2" : "<f4", fmt::join(tensor.shape, ", "),
                  tensor.shape.size() == 1 ? "," : "");
  text.resize((before + text.size() + 1 + 63) / 64 * 64 - before - 1, ' ');
  text += '\n';
  check(text.size() <= 0xffff, "has too many dimensions");
  const auto length = static_cast<std::uint16_t>(text.size());
  std::string header(npy_magic);
  header += {1, 0, static_cast<char>(length & 0xff), static_cast<char>(length >> 8)};
  return header + text;
}

struct Member {
  const nn::TensorView* tensor = nullptr;
  std::string name;
  std::string header;
  std::uint64_t bytes = 0;
  std::uint32_t crc32 = 0;
  std::uint64_t position = 0;
};

Member prepare(const nn::TensorView& tensor, std::uint64_t position) {
  check(tensor.dtype == DType::f32 || tensor.dtype == DType::f16 || tensor.dtype == DType::bf16,
        "tensor {}: .npz files are written of f32, f16 and bf16 only", tensor.name);
  check(tensor.name.size() <= 1000, "tensor {}: has too long a name", tensor.name);
  Member member{&tensor, tensor.name + ".npy", npy_header(tensor), 0, 0, position};
  const std::uint64_t data = tensor.data.size() * (tensor.dtype == DType::bf16 ? 2 : 1);
  member.bytes = member.header.size() + data;
  uLong crc =
      ::crc32_z(0, reinterpret_cast<const Bytef*>(member.header.data()), member.header.size());
  produce_data(tensor, [&](std::span<const std::byte> bytes) {
    crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  });
  member.crc32 = static_cast<std::uint32_t>(crc);
  return member;
}

// Appends a number of at most 8 bytes, little-endian.
void put(std::string& record, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    record += static_cast<char>(number >> (8 * i) & 0xff);
  }
}

// What local and central headers have in common: version 2.0, UTF-8 name, stored, 1 January 1980.
void put_common(std::string& record, const Member& member) {
  constexpr std::uint64_t first_day = 1 << 5 | 1;
  put(record, 20, 2);
  put(record, 1 << 11, 2);
  put(record, 0, 4);
  put(record, first_day, 2);
  put(record, member.crc32, 4);
  put(record, member.bytes, 4);
  put(record, member.bytes, 4);
  put(record, member.name.size(), 2);
  put(record, 0, 2);
}

std::string local_header(const Member& member) {
  std::string record = "PK\3\4";
  put_common(record, member);
  return record + member.name;
}

std::string central_header(const Member& member) {
  std::string record = "PK\1\2";
  put(record, 20, 2);
  put_common(record, member);
  put(record, 0, 6);  // no comment, first disk, no attributes
  put(record, 0, 4);
  put(record, member.position, 4);
  return record + member.name;
}

std::string end_record(std::size_t count, std::uint64_t bytes, std::uint64_t position) {
  std::string record = "PK\5\6";
  put(record, 0, 4);
  put(record, count, 2);
  put(record, count, 2);
  put(record, bytes, 4);
  put(record, position, 4);
  put(record, 0, 2);
  return record;
}

}  // namespace

void write_npz(const std::filesystem::path& path, std::span<const nn::TensorView> tensors) {
  std::vector<Member> members;
  std::set<std::string> names;
  std::string directory;
  std::uint64_t position = 0;
  for (const nn::TensorView& tensor : tensors) {
    check(names.insert(tensor.name).second, "{}: not written: tensor {} is there twice",
          path.string(), tensor.name);
    members.push_back(prepare(tensor, position));
    position += local_header(members.back()).size() + members.back().bytes;
    directory += central_header(members.back());
  }
  check(position + directory.size() <= largest && members.size() < 0xffff,
        "{}: not written: it would have more than 4 GiB; write .safetensors", path.string());
  nn::AtomicFile target(path.string());
  // A short write is found by commit().
  const auto write = [&](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), target.stream());
  };
  for (const Member& member : members) {
    write(local_header(member));
    write(member.header);
    produce_data(*member.tensor, [&](std::span<const std::byte> bytes) {
      std::fwrite(bytes.data(), 1, bytes.size(), target.stream());
    });
  }
  write(directory);
  write(end_record(members.size(), directory.size(), position));
  target.commit();
}

}  // namespace gramgrad::converter
