// Object arrays hold a pickle of an ndarray, whose one element is the dictionary; its arrays are
// ndarrays again (numpy/core/src/multiarray/methods.c, array_reduce and array_setstate).
#include "weights_converter/archives/npy.h"

#include <array>
#include <string>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/archives/array_tensor.h"
#include "weights_converter/archives/byte_reader.h"
#include "weights_converter/archives/latin1.h"
#include "weights_converter/archives/named_layers.h"
#include "weights_converter/archives/npy_header.h"
#include "weights_converter/archives/pickle.h"
#include "weights_converter/printable.h"
#include "weights_converter/with_path.h"

namespace gramgrad::converter {
namespace {

constexpr int max_dictionary_depth = 8;
constexpr std::size_t max_dictionary_entries = 65536;

constexpr std::array<std::string_view, 5> numpy_globals = {
    "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.ndarray",
    "numpy.dtype", "_codecs.encode"};
constexpr PickleRules numpy_rules{numpy_globals,
                                  "save a dictionary of plain arrays, better with numpy.savez"};

bool is_array(const PickleValue& value) {
  return value.calls(numpy_globals[0]) || value.calls(numpy_globals[1]);
}

// The state of an array: version, shape, dtype, whether in Fortran's order, data.
const std::vector<const PickleValue*>& array_state(const PickleValue& array) {
  check(array.items.size() == 3 && array.items[2]->kind == PickleKind::tuple &&
            array.items[2]->items.size() == 5,
        "is an array of a pickle without its state");
  return array.items[2]->items;
}

// numpy.dtype("f4", …) with a state whose second item is the byte order.
ElementType parse_dtype(const PickleValue& dtype) {
  check(dtype.calls("numpy.dtype") && !dtype.items[1]->items.empty() &&
            dtype.items[1]->items[0]->is_text(),
        "has a damaged type");
  if (dtype.items.size() == 3) {
    const PickleValue& state = *dtype.items[2];
    check(state.kind == PickleKind::tuple && state.items.size() >= 2 && state.items[1]->is_text(),
          "has a damaged type");
    check(state.items[1]->text != ">", "has big-endian numbers; save it with .astype('<f4')");
  }
  return numpy_type(dtype.items[1]->items[0]->text);
}

ArrayBytes parse_data(const PickleValue& data) {
  if (data.calls("_codecs.encode")) {
    const auto& arguments = data.items[1]->items;
    check(arguments.size() == 2 && arguments[0]->kind == PickleKind::text &&
              arguments[1]->is_text() && arguments[1]->text == "latin1",
          "has data that are encoded in a way that is not known");
    return latin1_bytes(arguments[0]->text);
  }
  check(data.kind == PickleKind::bytes, "has data that are no bytes");
  return mapped_bytes(std::as_bytes(std::span(data.text)));
}

class Arrays {
 public:
  Arrays(InputFilePtr file, Source& source) : file_(std::move(file)), source_(source) {}

  void collect(const std::string& name, const PickleValue& value, int depth) {
    check(++entries_ <= max_dictionary_entries, "has more than {} entries", max_dictionary_entries);
    check(depth <= max_dictionary_depth, "nests deeper than {} levels", max_dictionary_depth);
    if (is_array(value)) {
      return add(name, value, depth);
    }
    if (value.kind == PickleKind::dict) {
      for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
        const PickleValue& key = *value.items[i];
        check(key.is_text() && key.text.size() <= 1000, "a dictionary has a key that is no name");
        collect((name.empty() ? "" : name + ".") + printable(key.text), *value.items[i + 1],
                depth + 1);
      }
    } else if (value.kind == PickleKind::list || value.kind == PickleKind::tuple) {
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        collect(fmt::format("{}[{}]", name, i), *value.items[i], depth + 1);
      }
    }
  }

 private:
  void add(const std::string& name, const PickleValue& array, int depth) {
    const auto& state = array_state(array);
    if (state[4]->kind == PickleKind::list) {  // an array of objects
      const bool single = state[4]->items.size() == 1;
      return collect(name, single ? *state[4]->items[0] : *state[4], depth + 1);
    }
    try {
      NpyHeader header;
      header.type = parse_dtype(*state[2]);
      check(state[1]->kind == PickleKind::tuple && state[1]->items.size() <= 64,
            "has a damaged shape");
      for (const PickleValue* dimension : state[1]->items) {
        check(dimension->kind == PickleKind::integer, "has a damaged shape");
        header.shape.push_back(dimension->integer);
      }
      check(state[3]->kind == PickleKind::boolean || state[3]->kind == PickleKind::integer,
            "has a damaged order");
      header.fortran_order = state[3]->integer != 0;
      ArrayBytes data = parse_data(*state[4]);
      header.check_size(data.size);
      source_.tensors.push_back(array_tensor(file_, name, header.layout(), std::move(data)));
    } catch (const Error& error) {
      fail("array {}: {}", name, error.what());
    }
  }

  InputFilePtr file_;
  Source& source_;
  std::size_t entries_ = 0;
};

Source read_npy_file(const InputFilePtr& file) {
  const std::span<const std::byte> bytes = file->bytes();
  Source source;
  source.format = "npy";
  const NpyHeader header = parse_npy_header(bytes);
  if (header.is_object) {
    const Pickle pickle = read_pickle(bytes, header.data_at, numpy_rules);
    Arrays(file, source).collect("", *pickle.root, 0);
    find_named_layers(source);
  } else {
    const auto data = bytes.subspan(header.data_at);
    header.check_size(data.size());
    source.tensors.push_back(array_tensor(file, "array", header.layout(), mapped_bytes(data)));
  }
  return source;
}

}  // namespace

bool is_npy(std::span<const std::byte> file) {
  return begins_with(file, npy_magic);
}

Source read_npy(InputFilePtr file) {
  return with_path(file->path, [&] { return read_npy_file(file); });
}

}  // namespace gramgrad::converter
