// Encoding of weights files: one pass over the tensors for their checksums, one to write them.
#include "nn/weights_writer.h"

#include <array>
#include <cstdio>

#include "kernels/check.h"
#include "nn/atomic_file.h"
#include "nn/crc32.h"
#include "nn/weights_header.h"

namespace gramgrad::nn {
namespace {

using Bytes = std::span<const std::byte>;

struct Summary {
  std::uint64_t bytes = 0;
  std::uint32_t crc32 = 0;
};

// Produces the tensor, handing its bytes on to `sink`.
Summary run(const TensorStream& tensor, const ByteSink& sink) {
  Summary summary;
  tensor.produce([&](Bytes piece) {
    summary.bytes += piece.size();
    summary.crc32 = crc32_of(piece, summary.crc32);
    sink(piece);
  });
  return summary;
}

WeightsHeader lay_out(const WeightsDescription& description,
                      std::span<const TensorStream> tensors) {
  WeightsHeader header{description, {}};
  std::uint64_t end = 0;
  for (const TensorStream& tensor : tensors) {
    const Summary summary = run(tensor, [&](Bytes piece) {
      check(all_finite({tensor.name, tensor.dtype, {}, piece}),
            "tensor {} has a NaN or an infinity; convert a sound source again", tensor.name);
    });
    const std::uint64_t offset = align_up(end);
    header.tensors.push_back(
        {tensor.name, tensor.dtype, tensor.shape, offset, summary.bytes, summary.crc32});
    end = offset + summary.bytes;
  }
  return header;
}

WeightsPreamble preamble_of(const WeightsHeader& header, const std::string& text) {
  WeightsPreamble preamble;
  preamble.header_bytes = static_cast<std::uint32_t>(text.size());
  preamble.file_bytes = align_up(sizeof preamble + text.size()) + header.tensors.back().offset +
                        header.tensors.back().bytes;
  const Bytes bytes = std::as_bytes(std::span(&preamble, 1));
  preamble.crc32 = crc32_of(std::as_bytes(std::span(text)),
                            crc32_of(bytes.first(offsetof(WeightsPreamble, crc32))));
  return preamble;
}

void pad(std::uint64_t position, const ByteSink& sink) {
  constexpr std::array<std::byte, weights_alignment> zeros{};
  sink(Bytes(zeros).first(align_up(position) - position));
}

void stream_weights(const WeightsDescription& description, std::span<const TensorStream> tensors,
                    const ByteSink& sink) {
  const WeightsHeader header = lay_out(description, tensors);
  const std::string text = dump_header(header);
  check(text.size() <= max_header_bytes, "the weights' header has {} bytes; {} are allowed",
        text.size(), max_header_bytes);
  parse_header(text);  // the reader says what is acceptable
  const WeightsPreamble preamble = preamble_of(header, text);
  sink(std::as_bytes(std::span(&preamble, 1)));
  sink(std::as_bytes(std::span(text)));
  pad(sizeof preamble + text.size(), sink);
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    pad(end, sink);
    const Summary summary = run(tensors[i], sink);
    const TensorRecord& record = header.tensors[i];
    check(summary.bytes == record.bytes && summary.crc32 == record.crc32,
          "tensor {} changed while it was read; try again when nobody writes to the source",
          record.name);
    end = record.offset + record.bytes;
  }
}

std::vector<TensorStream> streams_of(std::span<const TensorView> tensors) {
  std::vector<TensorStream> streams;
  for (const TensorView& tensor : tensors) {
    streams.push_back({tensor.name, tensor.dtype, tensor.shape,
                       [data = tensor.data](const ByteSink& sink) { sink(data); }});
  }
  return streams;
}

ByteSink to_file(AtomicFile& target) {
  // A short write is found by commit().
  return [&](Bytes piece) { std::fwrite(piece.data(), 1, piece.size(), target.stream()); };
}

}  // namespace

std::vector<std::byte> encode_weights(const WeightsDescription& description,
                                      std::span<const TensorView> tensors) {
  std::vector<std::byte> file;
  stream_weights(description, streams_of(tensors),
                 [&](Bytes piece) { file.insert(file.end(), piece.begin(), piece.end()); });
  return file;
}

void write_weights(const std::filesystem::path& path, const WeightsDescription& description,
                   std::span<const TensorStream> tensors) {
  AtomicFile target(path.string());
  stream_weights(description, tensors, to_file(target));
  target.commit();
}

void write_weights(const std::filesystem::path& path, const WeightsDescription& description,
                   std::span<const TensorView> tensors) {
  AtomicFile target(path.string());
  try {
    stream_weights(description, streams_of(tensors), to_file(target));
  } catch (const Error& error) {
    fail("{}: not written: {}", path.string(), error.what());
  }
  target.commit();
}

}  // namespace gramgrad::nn
