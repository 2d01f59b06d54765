// Values, stack, marks, memo, and objects that are noted instead of made.
#include "weights_converter/archives/pickle_stack.h"

#include <algorithm>
#include <string>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/printable.h"

namespace gramgrad::converter {
namespace {

constexpr std::string_view ordered_dict = "collections.OrderedDict";

}  // namespace

bool PickleValue::calls(std::string_view global) const {
  return kind == PickleKind::call && items[0]->text == global;
}

const PickleValue* PickleValue::find(std::string_view key) const {
  if (kind != PickleKind::dict) {
    return nullptr;
  }
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i]->is_text() && items[i]->text == key) {
      return items[i + 1];
    }
  }
  return nullptr;
}

void PickleStack::begin_opcode(std::uint64_t position) {
  opcode_at_ = position;
  require(opcodes_++ < max_opcodes, "it has more than a million opcodes");
}

void PickleStack::require(bool condition, std::string_view what) const {
  check(condition, "at byte {}: the pickle is damaged: {}", opcode_at_, what);
}

PickleValue& PickleStack::push(PickleKind kind) {
  PickleValue& value = result_.values.emplace_back();
  value.kind = kind;
  stack_.push_back(&value);
  return value;
}

PickleValue* PickleStack::pop() {
  PickleValue* value = &top();
  stack_.pop_back();
  return value;
}

PickleValue& PickleStack::top() {
  require(stack_.size() > (marks_.empty() ? 0 : marks_.back()),
          "it needs a value that is not there");
  return *stack_.back();
}

std::vector<const PickleValue*> PickleStack::pop_to_mark() {
  require(!marks_.empty(), "it takes values up to a mark that is not there");
  const auto start = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<const PickleValue*> values(start, stack_.end());
  stack_.erase(start, stack_.end());
  marks_.pop_back();
  return values;
}

std::vector<const PickleValue*> PickleStack::pop_values(std::size_t count) {
  std::vector<const PickleValue*> values(count);
  for (std::size_t i = count; i > 0; --i) {
    values[i - 1] = pop();
  }
  return values;
}

void PickleStack::extend(PickleKind kind, const std::vector<const PickleValue*>& values) {
  PickleValue& container = top();
  require(container.kind == kind, "it puts items into what is no list or dictionary");
  require(kind == PickleKind::list || values.size() % 2 == 0, "a key has no value");
  container.items.insert(container.items.end(), values.begin(), values.end());
}

void PickleStack::recall(std::uint32_t key) {
  const auto found = memo_.find(key);
  require(found != memo_.end(), "it recalls a value that it never kept");
  stack_.push_back(found->second);
}

void PickleStack::push_global(std::string_view module, std::string_view name,
                              const PickleRules& rules) {
  const std::string full = std::string(module) + "." + std::string(name);
  const auto known = std::ranges::find(rules.globals, full);
  const bool allowed = known != rules.globals.end();
  check(allowed || full == ordered_dict, "at byte {}: global '{}' is not one that weights need; {}",
        opcode_at_, printable(full), rules.advice);
  push(PickleKind::global).text = allowed ? *known : ordered_dict;
}

void PickleStack::push_persistent() {
  const PickleValue* id = pop();
  PickleValue& value = push(PickleKind::persistent);
  value.items = {id};
  result_.persistent.push_back(&value);
}

void PickleStack::call() {
  const PickleValue* arguments = pop();
  const PickleValue* global = pop();
  require(global->kind == PickleKind::global && arguments->kind == PickleKind::tuple,
          "it calls what is no function");
  if (global->text != ordered_dict) {
    push(PickleKind::call).items = {global, arguments};
    return;
  }
  PickleValue& dict = push(PickleKind::dict);
  if (arguments->items.empty()) {
    return;
  }
  // Python 2 gives the constructor a list of [key, value].
  require(arguments->items.size() == 1 && arguments->items[0]->kind == PickleKind::list,
          "an OrderedDict is made of something else than a list");
  for (const PickleValue* pair : arguments->items[0]->items) {
    require((pair->kind == PickleKind::list || pair->kind == PickleKind::tuple) &&
                pair->items.size() == 2,
            "an OrderedDict is made of something else than pairs");
    // One list may be given to many dictionaries.
    require(++copied_pairs_ <= max_opcodes, "its dictionaries have more than a million entries");
    dict.items.insert(dict.items.end(), pair->items.begin(), pair->items.end());
  }
}

void PickleStack::set_state() {
  const PickleValue* state = pop();
  PickleValue& object = top();
  if (object.kind == PickleKind::dict) {
    return;  // attributes of an OrderedDict, such as a state dict's _metadata: not needed
  }
  require(object.kind == PickleKind::call && object.items.size() == 2,
          "it sets the state of what has none");
  object.items.push_back(state);
}

Pickle PickleStack::finish(std::uint64_t end) {
  result_.root = pop();
  result_.end = end;
  return std::move(result_);
}

}  // namespace gramgrad::converter
