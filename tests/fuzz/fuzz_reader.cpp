// Gives one reader of weights files whatever bytes libFuzzer invents, and reads every tensor of
// what it accepts. Anything but an Error of one line that begins with the path ends the run, and so
// do the sanitizers' findings. Compiled once for each format, with GRAMGRAD_FORMAT=onnx and
// GRAMGRAD_HEADER="weights_converter/graphs/onnx.h".
#include GRAMGRAD_HEADER

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <vector>

#include "kernels/check.h"
#include "weights_converter/source.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

namespace {

using namespace gramgrad;

void require(bool condition) {
  if (!condition) {
    __builtin_trap();
  }
}

// A file in memory, so that readers may open it by its path.
std::string write_input(const std::uint8_t* data, std::size_t size) {
  static const int descriptor = ::memfd_create("fuzz", MFD_CLOEXEC);
  require(::ftruncate(descriptor, 0) == 0);
  require(::pwrite(descriptor, data, size, 0) == static_cast<ssize_t>(size));
  return "/proc/self/fd/" + std::to_string(descriptor);
}

// In pieces and within a limit: a layer of a file of a few bytes may be large if it is packed.
void read_tensor(const converter::SourceTensor& tensor) {
  constexpr std::int64_t piece = 4096;
  constexpr std::int64_t most = 1 << 20;
  const std::int64_t count = tensor.element_count();
  if (!tensor.read) {
    return;
  }
  std::vector<float> values;
  for (std::int64_t first = 0; first < std::min(count, most); first += piece) {
    values.resize(static_cast<std::size_t>(std::min(piece, count - first)));
    tensor.read(first, values);
  }
}

void check_layers(const converter::Source& source) {
  const auto require_tensor = [&](std::size_t index) { require(index < source.tensors.size()); };
  for (const converter::SourceLayer& layer : source.layers) {
    require_tensor(layer.weight);
    require_tensor(layer.bias.value_or(layer.weight));
    if (layer.batch_norm) {
      for (const std::size_t index : {layer.batch_norm->gamma, layer.batch_norm->beta,
                                      layer.batch_norm->mean, layer.batch_norm->variance}) {
        require_tensor(index);
      }
    }
  }
}

void read_file(const std::string& path) {
  const converter::InputFilePtr file = converter::open_input(path);
  (void)converter::JOIN(is_, GRAMGRAD_FORMAT)(file->bytes());
  const converter::Source source = converter::JOIN(read_, GRAMGRAD_FORMAT)(file);
  check_layers(source);
  for (const converter::SourceTensor& tensor : source.tensors) {
    try {
      read_tensor(tensor);
    } catch (const Error&) {
      // damaged in its data only
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string path = write_input(data, size);
  try {
    read_file(path);
  } catch (const Error& error) {
    const std::string text = error.what();
    require(text.starts_with(path + ": ") && text.find('\n') == std::string::npos);
  } catch (const std::bad_alloc&) {
    // the programs' own limit makes a line of it (weights_converter/memory_limit.h)
  }
  return 0;
}
