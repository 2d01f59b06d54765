// Encoding of weights files.
#include "nn/weights_writer.h"

#include <zlib.h>

#include <cstdio>
#include <cstring>

#include "kernels/check.h"
#include "nn/atomic_file.h"
#include "nn/weights_file.h"
#include "nn/weights_header.h"

namespace gramgrad::nn {
namespace {

WeightsHeader lay_out(const WeightsDescription& description, std::span<const TensorView> tensors) {
  WeightsHeader header{description, {}};
  std::uint64_t end = 0;
  for (const TensorView& tensor : tensors) {
    const std::uint64_t offset = align_up(end);
    const uLong crc =
        ::crc32_z(0, reinterpret_cast<const Bytef*>(tensor.data.data()), tensor.data.size());
    header.tensors.push_back({tensor.name, tensor.dtype, tensor.shape, offset, tensor.data.size(),
                              static_cast<std::uint32_t>(crc)});
    end = offset + tensor.data.size();
  }
  return header;
}

void copy_to(std::vector<std::byte>& file, std::uint64_t offset, const void* from,
             std::size_t bytes) {
  if (bytes > 0) {
    std::memcpy(file.data() + offset, from, bytes);
  }
}

}  // namespace

std::vector<std::byte> encode_weights(const WeightsDescription& description,
                                      std::span<const TensorView> tensors) {
  const WeightsHeader header = lay_out(description, tensors);
  const std::string text = dump_header(header);
  check(text.size() <= max_header_bytes, "the weights' header has {} bytes; {} are allowed",
        text.size(), max_header_bytes);

  const std::uint64_t data_start = align_up(sizeof(WeightsPreamble) + text.size());
  WeightsPreamble preamble;
  preamble.header_bytes = static_cast<std::uint32_t>(text.size());
  preamble.file_bytes = data_start;
  if (!header.tensors.empty()) {
    preamble.file_bytes += header.tensors.back().offset + header.tensors.back().bytes;
  }
  const uLong crc =
      ::crc32_z(0, reinterpret_cast<const Bytef*>(&preamble), offsetof(WeightsPreamble, crc32));
  preamble.crc32 = static_cast<std::uint32_t>(
      ::crc32_z(crc, reinterpret_cast<const Bytef*>(text.data()), text.size()));

  std::vector<std::byte> file(preamble.file_bytes);  // zero, and so is the padding
  copy_to(file, 0, &preamble, sizeof preamble);
  copy_to(file, sizeof preamble, text.data(), text.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    copy_to(file, data_start + header.tensors[i].offset, tensors[i].data.data(),
            tensors[i].data.size());
  }
  WeightsFile::from_memory(file, "weights to be written");  // the reader says what is acceptable
  return file;
}

void write_weights(const std::filesystem::path& path, const WeightsDescription& description,
                   std::span<const TensorView> tensors) {
  std::vector<std::byte> file;
  try {
    file = encode_weights(description, tensors);
  } catch (const Error& error) {
    fail("{}: not written: {}", path.string(), error.what());
  }
  AtomicFile target(path.string());
  // A short write is found by commit().
  std::fwrite(file.data(), 1, file.size(), target.stream());
  target.commit();
}

}  // namespace gramgrad::nn
