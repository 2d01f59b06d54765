// The table of readers. Formats with unmistakable beginnings come first; Protobuf, which has none,
// comes last.
#include "weights_converter/open_source.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>

#include "kernels/check.h"
#include "nn/foreign_file.h"
#include "weights_converter/archives/npy.h"
#include "weights_converter/archives/npz.h"
#include "weights_converter/archives/safetensors.h"
#include "weights_converter/archives/torch_stream.h"
#include "weights_converter/archives/torch_zip.h"
#include "weights_converter/containers/keras.h"
#include "weights_converter/containers/matconvnet.h"
#include "weights_converter/export.h"
#include "weights_converter/graphs/caffe.h"
#include "weights_converter/graphs/onnx.h"
#include "weights_converter/graphs/tfjs.h"

namespace gramgrad::converter {
namespace {

struct Reader {
  std::string_view format;
  bool (*fits)(std::span<const std::byte> file);
  Source (*read)(InputFilePtr file);
};

constexpr std::array readers = {
    Reader{"npz", is_npz, read_npz},
    Reader{"torch-zip", is_torch_zip, read_torch_zip},
    Reader{"npy", is_npy, read_npy},
    Reader{"keras-h5", is_keras, read_keras},
    Reader{"matconvnet", is_matconvnet, read_matconvnet},
    Reader{"safetensors", is_safetensors, read_safetensors},
    Reader{"tfjs", is_tfjs, read_tfjs},
    Reader{"torch-stream", is_torch_stream, read_torch_stream},
    Reader{"onnx", is_onnx, read_onnx},
    Reader{"caffe", is_caffe, read_caffe},
};

}  // namespace

std::string readable_formats() {
  std::vector<std::string_view> names;
  names.reserve(readers.size());
  for (const Reader& reader : readers) {
    names.push_back(reader.format);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

bool is_weights_file(const InputFilePtr& file) {
  const auto begin = std::as_bytes(std::span(nn::weights_magic));
  return file->bytes().size() >= begin.size() &&
         std::equal(begin.begin(), begin.end(), file->bytes().begin());
}

Source open_source(const InputFilePtr& file) {
  check(!file->bytes().empty(), "{}: the file is empty; download it again", file->path);
  check(!is_weights_file(file), "{}: is a gramgrad weights file already", file->path);
  const auto reader = std::find_if(readers.begin(), readers.end(),
                                   [&](const Reader& r) { return r.fits(file->bytes()); });
  check(reader != readers.end(), "{}: is no weights file that can be read ({}): {}", file->path,
        readable_formats(), nn::describe_foreign_file(file->bytes()));
  Source source = reader->read(file);
  try {
    adopt_exported_feeding(source);
  } catch (const Error& error) {
    fail("{}: {}", file->path, error.what());
  }
  return source;
}

}  // namespace gramgrad::converter
