// Storages, tensors and parameters as torch/_utils.py and torch/serialization.py pickle them.
#include "weights_converter/archives/torch_state.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/archives/named_layers.h"
#include "weights_converter/printable.h"

namespace gramgrad::converter {
namespace {

constexpr int max_depth = 8;
constexpr std::size_t max_entries = 65536;

constexpr std::string_view rebuild_parameter = "torch._utils._rebuild_parameter";
constexpr std::array<std::string_view, 2> rebuild_tensor = {"torch._utils._rebuild_tensor_v2",
                                                            "torch._utils._rebuild_tensor"};

struct StorageType {
  std::string_view global;
  ElementType type;
  std::uint64_t width;
};

constexpr std::array storage_types = {
    StorageType{"torch.FloatStorage", ElementType::f32, 4},
    StorageType{"torch.HalfStorage", ElementType::f16, 2},
    StorageType{"torch.BFloat16Storage", ElementType::bf16, 2},
    StorageType{"torch.DoubleStorage", ElementType::f64, 8},
    StorageType{"torch.LongStorage", ElementType::other, 8},
    StorageType{"torch.IntStorage", ElementType::other, 4},
    StorageType{"torch.ShortStorage", ElementType::other, 2},
    StorageType{"torch.CharStorage", ElementType::other, 1},
    StorageType{"torch.ByteStorage", ElementType::other, 1},
    StorageType{"torch.BoolStorage", ElementType::other, 1},
};

constexpr auto allowed_globals = [] {
  std::array<std::string_view, storage_types.size() + 3> names;
  for (std::size_t i = 0; i < storage_types.size(); ++i) {
    names[i] = storage_types[i].global;
  }
  names[storage_types.size()] = rebuild_parameter;
  names[storage_types.size() + 1] = rebuild_tensor[0];
  names[storage_types.size() + 2] = rebuild_tensor[1];
  return names;
}();

std::uint64_t whole(const PickleValue& value, std::string_view what) {
  check(value.kind == PickleKind::integer && value.integer >= 0, "{} is no whole number", what);
  return static_cast<std::uint64_t>(value.integer);
}

std::vector<std::int64_t> integers(const PickleValue& value, std::string_view what) {
  check(value.kind == PickleKind::tuple && value.items.size() <= 64, "its {} is no tuple", what);
  std::vector<std::int64_t> numbers;
  for (const PickleValue* item : value.items) {
    check(item->kind == PickleKind::integer, "its {} has an item that is no number", what);
    numbers.push_back(item->integer);
  }
  return numbers;
}

// (key, first element, elements) in the place of a storage's sixth item, or nothing.
void parse_view(const PickleValue& view, TorchStorage& storage) {
  if (view.kind == PickleKind::none) {
    return;
  }
  check(view.kind == PickleKind::tuple && view.items.size() == 3, "a storage's view is damaged");
  storage.view_first = whole(*view.items[1], "a view's beginning");
  storage.view_count = whole(*view.items[2], "a view's length");
  check(storage.view_first <= storage.count &&
            storage.view_count <= storage.count - storage.view_first,
        "a view reaches beyond its storage of {} elements", storage.count);
}

class StateDict {
 public:
  StateDict(InputFilePtr file, const FindStorage& find_storage, Source& source)
      : file_(std::move(file)), find_storage_(find_storage), source_(source) {}

  void collect(const std::string& name, const PickleValue& value, int depth) {
    check(++entries_ <= max_entries, "has more than {} entries", max_entries);
    if (value.calls(rebuild_parameter)) {
      const auto& arguments = value.items[1]->items;
      check(!arguments.empty(), "tensor {}: is a parameter without data", printable(name));
      check(depth < max_depth, "nests deeper than {} levels", max_depth);
      return collect(name, *arguments[0], depth + 1);
    }
    if (std::ranges::any_of(rebuild_tensor, [&](auto global) { return value.calls(global); })) {
      return add_tensor(printable(name), value.items[1]->items);
    }
    const std::string prefix = name.empty() ? "" : name + ".";
    if (value.kind == PickleKind::dict) {
      check(depth < max_depth, "nests deeper than {} levels", max_depth);
      for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
        collect(prefix + key_text(*value.items[i]), *value.items[i + 1], depth + 1);
      }
    } else if (value.kind == PickleKind::list) {
      check(depth < max_depth, "nests deeper than {} levels", max_depth);
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        collect(prefix + std::to_string(i), *value.items[i], depth + 1);
      }
    }
  }

 private:
  static std::string key_text(const PickleValue& key) {
    check(key.is_text() || key.kind == PickleKind::integer,
          "a dictionary has a key that is neither text nor number");
    check(key.text.size() <= 1000, "a dictionary has a key of {} bytes", key.text.size());
    return key.is_text() ? std::string(key.text) : std::to_string(key.integer);
  }

  // (storage, first element, size, stride, …) as torch._utils._rebuild_tensor takes them.
  void add_tensor(const std::string& name, const std::vector<const PickleValue*>& arguments) {
    try {
      check(arguments.size() >= 4, "has {} arguments; 4 are needed", arguments.size());
      const TorchStorage storage = parse_storage(*arguments[0]);
      const std::uint64_t first = whole(*arguments[1], "its beginning");
      check(first <= storage.view_count, "begins at element {} of a storage of {}", first,
            storage.view_count);
      ArrayLayout layout{storage.type, integers(*arguments[2], "size"),
                         integers(*arguments[3], "stride"), 0};
      ArrayBytes bytes = storage.type == ElementType::other ? ArrayBytes() : find_storage_(storage);
      layout.first = static_cast<std::int64_t>(storage.view_first + first);
      bytes.size = std::min(bytes.size, (storage.view_first + storage.view_count) * storage.width);
      source_.tensors.push_back(array_tensor(file_, name, std::move(layout), std::move(bytes)));
    } catch (const Error& error) {
      const std::string_view what = error.what();
      what.starts_with("tensor ") ? fail("{}", what) : fail("tensor {}: {}", name, what);
    }
  }

  InputFilePtr file_;
  const FindStorage& find_storage_;
  Source& source_;
  std::size_t entries_ = 0;
};

}  // namespace

const PickleRules& torch_rules() {
  static constexpr PickleRules rules{
      allowed_globals,
      "if the file is a whole pickled module or a training checkpoint, load it in PyTorch and save "
      "its state dict alone: torch.save(model.state_dict(), \"vgg.pth\")"};
  return rules;
}

TorchStorage parse_storage(const PickleValue& persistent) {
  check(persistent.kind == PickleKind::persistent, "its numbers are in no storage");
  const PickleValue& id = *persistent.items[0];
  check(id.kind == PickleKind::tuple && id.items.size() >= 5 && id.items[0]->is_text() &&
            id.items[0]->text == "storage" && id.items[2]->is_text() &&
            id.items[2]->text.size() <= 100,
        "a persistent id is not that of a storage");
  const auto known = std::ranges::find_if(storage_types, [&](const StorageType& type) {
    return id.items[1]->kind == PickleKind::global && id.items[1]->text == type.global;
  });
  check(known != storage_types.end(), "a storage has a type that is not known");
  TorchStorage storage{known->type, known->width, id.items[2]->text, 0, 0, 0};
  storage.count = whole(*id.items[4], "a storage's length");
  check(storage.count <= (std::uint64_t{1} << 62) / storage.width,
        "a storage of {} elements is beyond all memory", storage.count);
  storage.view_count = storage.count;
  if (id.items.size() > 5) {
    parse_view(*id.items[5], storage);
  }
  return storage;
}

Source torch_source(std::string_view format, const InputFilePtr& file, const PickleValue& root,
                    const FindStorage& find_storage) {
  Source source;
  source.format = format;
  StateDict(file, find_storage, source).collect("", root, 0);
  find_named_layers(source);
  return source;
}

}  // namespace gramgrad::converter
