// The file is the pickles of a magic number, a protocol's version, what kind of machine wrote it,
// the object, and the list of the storages' keys in their order; then for each storage its length
// in elements, an i64, and its elements (_legacy_save in torch/serialization.py).
#include "weights_converter/archives/torch_stream.h"

#include <map>
#include <string>
#include <string_view>

#include "kernels/check.h"
#include "weights_converter/archives/byte_reader.h"
#include "weights_converter/archives/torch_state.h"
#include "weights_converter/printable.h"
#include "weights_converter/with_path.h"

namespace gramgrad::converter {
namespace {

using std::string_view_literals::operator""sv;

// LONG1 of 0x1950a86a20f9469cfc6c, STOP.
constexpr auto magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."sv;
constexpr std::int64_t protocol_version = 1001;

// Position after the magic number's pickle, 0 if there is none. Its opcode is the first but for
// PROTO and, from protocol 4, FRAME.
std::uint64_t after_magic(std::span<const std::byte> file) {
  for (const std::uint64_t start : {2u, 11u}) {
    if (begins_with(file, "\x80"sv) && file.size() > start &&
        begins_with(file.subspan(start), magic)) {
      return start + magic.size();
    }
  }
  return 0;
}

void check_machine(const PickleValue& system) {
  const PickleValue* little = system.find("little_endian");
  check(little != nullptr && little->kind == PickleKind::boolean,
        "does not say what machine wrote it; it is damaged");
  check(little->integer == 1,
        "was written by a big-endian machine; save it on a little-endian one");
}

using Storages = std::map<std::string_view, std::span<const std::byte>>;

// Types and lengths come from the object's pickle.
Storages locate_storages(std::span<const std::byte> file, const Pickle& object,
                         const Pickle& keys) {
  std::map<std::string_view, TorchStorage> described;
  for (const PickleValue* persistent : object.persistent) {
    const TorchStorage storage = parse_storage(*persistent);
    const auto [known, is_new] = described.emplace(storage.key, storage);
    check(is_new || known->second.bytes() == storage.bytes(), "storage {} is described in two ways",
          printable(storage.key));
  }
  check(keys.root->kind == PickleKind::list, "the list of its storages is damaged");
  ByteReader in(file, keys.end);
  Storages storages;
  for (const PickleValue* key : keys.root->items) {
    check(key->is_text(), "the list of its storages is damaged");
    const auto found = described.find(key->text);
    check(found != described.end(), "storage {} is not described", printable(key->text));
    const std::uint64_t at = in.position();
    const auto count = in.number<std::uint64_t>();
    check(count == found->second.count, "at byte {}: storage {} has {} elements; it needs {}", at,
          printable(key->text), count, found->second.count);
    check(storages.emplace(key->text, in.take(found->second.bytes())).second,
          "storage {} is there twice", printable(key->text));
  }
  check(in.left() == 0, "at byte {}: {} bytes follow the last storage", in.position(), in.left());
  return storages;
}

Source read_stream(const InputFilePtr& file) {
  const std::span<const std::byte> bytes = file->bytes();
  const std::uint64_t start = after_magic(bytes);
  check(start != 0, "does not begin with PyTorch's magic number");
  const Pickle version = read_pickle(bytes, start, torch_rules());
  check(version.root->kind == PickleKind::integer && version.root->integer == protocol_version,
        "at byte {}: the protocol's version is not {}", start, protocol_version);
  const Pickle system = read_pickle(bytes, version.end, torch_rules());
  check_machine(*system.root);
  const Pickle object = read_pickle(bytes, system.end, torch_rules());
  const Pickle keys = read_pickle(bytes, object.end, torch_rules());
  const Storages storages = locate_storages(bytes, object, keys);
  return torch_source("torch-stream", file, *object.root, [&](const TorchStorage& storage) {
    const auto found = storages.find(storage.key);
    check(found != storages.end(), "its storage {} is missing", printable(storage.key));
    return mapped_bytes(found->second);
  });
}

}  // namespace

bool is_torch_stream(std::span<const std::byte> file) {
  return after_magic(file) != 0;
}

Source read_torch_stream(InputFilePtr file) {
  return with_path(file->path, [&] { return read_stream(file); });
}

}  // namespace gramgrad::converter
