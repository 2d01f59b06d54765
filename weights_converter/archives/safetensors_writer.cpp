// Writing of `.safetensors`, straight from where the tensors are.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/check.h"
#include "nn/atomic_file.h"
#include "weights_converter/archives/safetensors.h"
#include "weights_converter/with_path.h"

namespace gramgrad::converter {
namespace {

constexpr std::size_t header_alignment = 8;

const char* type_name(DType type) {
  switch (type) {
    case DType::f32:
      return "F32";
    case DType::f16:
      return "F16";
    case DType::bf16:
      return "BF16";
    default:
      fail("safetensors are written of f32, f16 and bf16 only");
  }
}

std::string make_header(const std::vector<const nn::TensorView*>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) {
    header["__metadata__"] = metadata;
  }
  std::uint64_t offset = 0;
  for (const nn::TensorView* tensor : tensors) {
    check(!header.contains(tensor->name), "tensor {}: is there twice", tensor->name);
    header[tensor->name] = {{"dtype", type_name(tensor->dtype)},
                            {"shape", tensor->shape},
                            {"data_offsets", {offset, offset + tensor->data.size()}}};
    offset += tensor->data.size();
  }
  std::string text = header.dump();
  text.resize((text.size() + header_alignment - 1) / header_alignment * header_alignment, ' ');
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const nn::TensorView> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<const nn::TensorView*> ordered;
  for (const nn::TensorView& tensor : tensors) {
    ordered.push_back(&tensor);
  }
  std::ranges::stable_sort(ordered, std::greater(),
                           [](const nn::TensorView* tensor) { return size_of(tensor->dtype); });
  const std::string header =
      with_path(path.string() + ": not written", [&] { return make_header(ordered, metadata); });
  nn::AtomicFile target(path.string());
  // A short write is found by commit().
  const std::uint64_t length = header.size();
  std::fwrite(&length, sizeof length, 1, target.stream());
  std::fwrite(header.data(), 1, header.size(), target.stream());
  for (const nn::TensorView* tensor : ordered) {
    std::fwrite(tensor->data.data(), 1, tensor->data.size(), target.stream());
  }
  target.commit();
}

}  // namespace gramgrad::converter
