// Zip (APPNOTE.TXT 4.3) and pickle protocol 2, as torch/serialization.py uses them.
#include "tests/weights_converter/torch_writer.h"

#include <zlib.h>

#include <algorithm>

namespace gramgrad::converter {
namespace {

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) {
    text += static_cast<char>(value >> (8 * i));
  }
  return text;
}
std::string u16(std::uint64_t value) {
  return little_endian(value, 2);
}
std::string u32(std::uint64_t value) {
  return little_endian(value, 4);
}

// What local and central headers share from "version needed" to "extra field length": no flags,
// stored, midnight of 1 January 1980.
std::string common_header(std::uint32_t crc, std::uint32_t bytes, const std::string& name) {
  return u16(20) + u16(0) + u16(0) + u16(0) + u16(0x21) + u32(crc) + u32(bytes) + u32(bytes) +
         u16(name.size()) + u16(0);
}

// Pickle's opcodes: BINUNICODE, BININT, MARK … TUPLE.
std::string pickled(const std::string& text) {
  return 'X' + u32(text.size()) + text;
}
std::string pickled(std::int64_t number) {
  return 'J' + u32(static_cast<std::uint64_t>(number));
}
std::string pickled(const std::vector<std::int64_t>& numbers) {
  std::string items;
  for (const std::int64_t number : numbers) {
    items += pickled(number);
  }
  return '(' + items + 't';
}

const std::string empty_dictionary =
    "ccollections\nOrderedDict\n)R";  // GLOBAL, EMPTY_TUPLE, REDUCE

}  // namespace

TorchWriter::TorchWriter(const std::string& path)
    : out_(path, std::ios::binary), pickle_("\x80\x02" + empty_dictionary + "(") {}

void TorchWriter::add(const std::string& name, const std::vector<std::int64_t>& shape,
                      const Fill& fill) {
  std::int64_t count = 1;
  std::vector<std::int64_t> strides(shape.size());
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = count;
    count *= shape[i];
  }
  const std::string key = std::to_string(members_.size());
  const std::string storage = '(' + pickled("storage") + "ctorch\nFloatStorage\n" + pickled(key) +
                              pickled("cpu") + pickled(count) + "tQ";
  pickle_ += pickled(name) + "ctorch._utils\n_rebuild_tensor_v2\n(" + storage +
             pickled(std::int64_t{0}) + pickled(shape) + pickled(strides) + "\x89" +
             empty_dictionary + "tR";
  begin_member("archive/data/" + key);
  std::vector<float> piece;
  for (std::int64_t done = 0; done < count; done += std::ssize(piece)) {
    piece.resize(static_cast<std::size_t>(std::min<std::int64_t>(count - done, 1 << 20)));
    fill(piece);
    append(std::as_bytes(std::span(piece)));
  }
  end_member();
}

bool TorchWriter::finish() {
  pickle_ += "u.";
  begin_member("archive/data.pkl");
  append(std::as_bytes(std::span(pickle_)));
  end_member();
  write_directory();
  return static_cast<bool>(out_.flush());
}

// Checksum and length are not known yet; end_member writes the header again.
void TorchWriter::begin_member(const std::string& name) {
  members_.push_back({name, 0, 0, static_cast<std::uint32_t>(out_.tellp())});
  out_ << "PK\3\4" << common_header(0, 0, name) << name;
}

void TorchWriter::append(std::span<const std::byte> bytes) {
  Member& member = members_.back();
  member.crc = static_cast<std::uint32_t>(
      crc32_z(member.crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  member.bytes += static_cast<std::uint32_t>(bytes.size());
  out_.write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
}

void TorchWriter::end_member() {
  const Member& member = members_.back();
  out_.seekp(member.offset);
  out_ << "PK\3\4" << common_header(member.crc, member.bytes, member.name);
  out_.seekp(0, std::ios::end);
}

void TorchWriter::write_directory() {
  const auto start = static_cast<std::uint64_t>(out_.tellp());
  for (const Member& member : members_) {
    out_ << "PK\1\2" << u16(20) << common_header(member.crc, member.bytes, member.name) << u16(0)
         << u16(0) << u16(0) << u32(0) << u32(member.offset) << member.name;
  }
  const auto end = static_cast<std::uint64_t>(out_.tellp());
  out_ << "PK\5\6" << u16(0) << u16(0) << u16(members_.size()) << u16(members_.size())
       << u32(end - start) << u32(start) << u16(0);
}

}  // namespace gramgrad::converter
