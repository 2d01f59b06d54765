// Reading and checking of weights files.
#include "nn/weights_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kernels/check.h"
#include "nn/crc32.h"
#include "nn/foreign_file.h"
#include "nn/sha256.h"
#include "nn/weights_header.h"

namespace gramgrad::nn {
namespace {

using Bytes = std::span<const std::byte>;

WeightsPreamble read_preamble(Bytes file) {
  check(!file.empty(), "the file is empty; write or download it again");
  const std::size_t known = std::min(file.size(), weights_magic.size());
  check(std::memcmp(file.data(), weights_magic.data(), known) == 0,
        "is not a gramgrad weights file: {}", describe_foreign_file(file));
  WeightsPreamble preamble;
  check(file.size() >= sizeof preamble, "is cut short after {} bytes; download it again",
        file.size());
  std::memcpy(&preamble, file.data(), sizeof preamble);
  check(preamble.version <= weights_version,
        "written by a newer gramgrad: format version {}, this program reads version {}; update "
        "gramgrad",
        preamble.version, weights_version);
  check(preamble.version == weights_version,
        "has format version {}, which never was; download it again", preamble.version);
  check(file.size() >= preamble.file_bytes, "is cut short: {} of {} bytes; download it again",
        file.size(), preamble.file_bytes);
  check(file.size() == preamble.file_bytes,
        "has {} bytes after its end; download it again, or ask its author",
        file.size() - preamble.file_bytes);
  return preamble;
}

std::string_view read_header_text(Bytes file, const WeightsPreamble& preamble) {
  check(preamble.header_bytes <= max_header_bytes &&
            preamble.header_bytes <= file.size() - sizeof preamble,
        "claims a header of {} bytes, more than there can be; download it again",
        preamble.header_bytes);
  check(preamble.reserved == 0, "uses a reserved field; download it again, or ask its author");
  const Bytes header = file.subspan(sizeof preamble, preamble.header_bytes);
  const std::uint32_t crc =
      crc32_of(header, crc32_of(file.first(offsetof(WeightsPreamble, crc32))));
  check(crc == preamble.crc32, "its header does not match its checksum; download it again");
  return {reinterpret_cast<const char*>(header.data()), header.size()};
}

void check_padding(Bytes padding) {
  check(std::all_of(padding.begin(), padding.end(),
                    [](std::byte byte) { return byte == std::byte{0}; }),
        "the padding between its parts is not zero; download it again");
}

// `data` is the data section; `end` the end of the tensor before in it.
TensorView read_tensor(TensorRecord record, Bytes data, std::uint64_t end) {
  check(record.offset <= data.size() && record.bytes <= data.size() - record.offset,
        "tensor {}: its {} bytes from {} lie outside of the {} bytes of data", record.name,
        record.bytes, record.offset, data.size());
  check_padding(data.subspan(end, record.offset - end));
  TensorView tensor{std::move(record.name), record.dtype, std::move(record.shape),
                    data.subspan(record.offset, record.bytes)};
  check(crc32_of(tensor.data) == record.crc32,
        "tensor {} does not match its checksum; download the file again", tensor.name);
  check(all_finite(tensor), "tensor {} has a NaN or an infinity; convert a sound source again",
        tensor.name);
  return tensor;
}

}  // namespace

WeightsFile::WeightsFile(MappedFile mapping, Bytes bytes, std::string name)
    : mapping_(std::move(mapping)), bytes_(bytes), name_(std::move(name)) {
  try {
    read();
  } catch (const Error& error) {
    fail("{}: {}", name_, error.what());
  }
}

void WeightsFile::read() {
  const WeightsPreamble preamble = read_preamble(bytes_);
  WeightsHeader header = parse_header(read_header_text(bytes_, preamble));
  description_ = std::move(header.description);

  const std::uint64_t header_end = sizeof preamble + preamble.header_bytes;
  const std::uint64_t data_start = std::min<std::uint64_t>(align_up(header_end), bytes_.size());
  check_padding(bytes_.subspan(header_end, data_start - header_end));
  const Bytes data = bytes_.subspan(data_start);
  std::uint64_t end = 0;
  for (TensorRecord& record : header.tensors) {
    const std::uint64_t next_end = record.offset + record.bytes;
    tensors_.push_back(read_tensor(std::move(record), data, end));
    end = next_end;
  }
  check(end == data.size(), "has {} bytes of data after its last tensor; ask its author",
        data.size() - end);
}

WeightsFile WeightsFile::open(const std::filesystem::path& path) {
  MappedFile mapping(path);
  const Bytes bytes = mapping.bytes();
  return {std::move(mapping), bytes, path.string()};
}

WeightsFile WeightsFile::from_memory(Bytes bytes, std::string name) {
  return {MappedFile(), bytes, std::move(name)};
}

const TensorView* WeightsFile::find(std::string_view tensor_name) const {
  const auto found = std::find_if(tensors_.begin(), tensors_.end(), [&](const TensorView& tensor) {
    return tensor.name == tensor_name;
  });
  return found == tensors_.end() ? nullptr : &*found;
}

std::string WeightsFile::sha256() const {
  return sha256_hex(bytes_);
}

}  // namespace gramgrad::nn
