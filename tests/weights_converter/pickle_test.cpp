// Pickles written by hand: what Python 2 and newer protocols write, and what means harm.
#include "weights_converter/archives/pickle.h"
#include "tests/weights_converter/reader_checks.h"

namespace gramgrad::converter {
namespace {

using testing::HasSubstr;

constexpr std::array<std::string_view, 1> globals = {"torch.FloatStorage"};
constexpr PickleRules rules{globals, "do something else"};

// The values keep views into `text`.
Pickle parse(const std::string& text) {
  return read_pickle(std::as_bytes(std::span(text)), 0, rules);
}
std::string refusal(const std::string& text) {
  return error_of([&] { parse(text); });
}

TEST(Pickle, Numbers) {
  const std::string text =
      std::string("\x80\x02(NK\xffM\xfe\xffJ\xfe\xff\xff\xff\x8a\x02\x00\x80\x8a\x00\x88\x89", 22) +
      "G\x40\x09\x21\xfb\x54\x44\x2d\x18t.";
  const Pickle pickle = parse(text);
  ASSERT_EQ(pickle.root->kind, PickleKind::tuple);
  const auto& items = pickle.root->items;
  ASSERT_EQ(items.size(), 9u);
  EXPECT_EQ(items[0]->kind, PickleKind::none);
  const std::int64_t integers[] = {255, 65534, -2, -32768, 0};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(items[i + 1]->kind, PickleKind::integer);
    EXPECT_EQ(items[i + 1]->integer, integers[i]);
  }
  EXPECT_EQ(items[6]->kind, PickleKind::boolean);
  EXPECT_EQ(items[6]->integer, 1);
  EXPECT_EQ(items[7]->integer, 0);
  EXPECT_EQ(items[8]->real, 3.141592653589793);
  EXPECT_EQ(pickle.end, text.size());
}

TEST(Pickle, TextsOfAllProtocols) {
  const std::string text = std::string("\x80\x04\x95\0\0\0\0\0\0\0\0(", 12) +
                           std::string("U\1aT\1\0\0\0bC\1cB\1\0\0\0d\x8e\1\0\0\0\0\0\0\0e", 28) +
                           std::string("X\1\0\0\0f\x8c\1g\x8d\1\0\0\0\0\0\0\0hl", 20);
  const std::string whole = text.substr(0, text.size() - 1) + "t.";
  const Pickle pickle = parse(whole);
  std::string all;
  for (const PickleValue* item : pickle.root->items) {
    EXPECT_TRUE(item->is_text());
    all += item->text;
  }
  EXPECT_EQ(all, "abcdefgh");
  EXPECT_EQ(pickle.root->items[4]->kind, PickleKind::bytes);
  EXPECT_EQ(pickle.root->items[5]->kind, PickleKind::text);
}

// Python 2: OrderedDict([["a", 1]]), and its state.
TEST(Pickle, OrderedDictOfPairs) {
  const std::string text =
      "\x80\x02"
      "ccollections\nOrderedDict\nq\1]q\2]q\3(U\1aK\1ea\x85q\4Rq\5}U\1xNsb.";
  const Pickle pickle = parse(text);
  ASSERT_EQ(pickle.root->kind, PickleKind::dict);
  ASSERT_NE(pickle.root->find("a"), nullptr);
  EXPECT_EQ(pickle.root->find("a")->integer, 1);
  EXPECT_EQ(pickle.root->find("x"), nullptr);
}

TEST(Pickle, GlobalsAndPersistentIdsStayData) {
  const Pickle pickle = parse(
      "\x80\x02"
      "ctorch\nFloatStorage\nQ.");
  ASSERT_EQ(pickle.root->kind, PickleKind::persistent);
  EXPECT_EQ(pickle.root->items[0]->text, "torch.FloatStorage");
  EXPECT_EQ(pickle.persistent.size(), 1u);
  const Pickle call = parse("\x80\x04\x8c\5torch\x8c\014FloatStorage\x93)R.");
  EXPECT_TRUE(call.root->calls("torch.FloatStorage"));
}

TEST(Pickle, WhatCouldRunCodeIsRefusedByName) {
  EXPECT_EQ(refusal("\x80\x02"
                    "cos\nsystem\n."),
            "at byte 2: global 'os.system' is not one that weights need; do something else");
  EXPECT_THAT(refusal("\x80\x04\x8c\2os\x8c\6system\x93."), HasSubstr("global 'os.system'"));
  EXPECT_THAT(refusal("\x80\x02"
                      "c__builtin__\neval\n."),
              HasSubstr("global '__builtin__.eval'"));
  EXPECT_THAT(refusal("\x80\x02"
                      "ca\nb\x1b[2J\n."),
              HasSubstr("global 'a.b?[2J'"));
  EXPECT_THAT(refusal("(ios\nsystem\n."), HasSubstr("at byte 1: opcode INST of pickle is not one"));
  EXPECT_THAT(refusal("(oR."), HasSubstr("opcode OBJ"));
  EXPECT_THAT(refusal("\x80\x02)\x81."), HasSubstr("opcode NEWOBJ"));
  EXPECT_THAT(refusal("\x80\x02\x82\1."), HasSubstr("opcode EXT1"));
  EXPECT_THAT(refusal("\x80\x02\x01."), HasSubstr("0x01 is no opcode"));
}

TEST(Pickle, DamageIsNamed) {
  EXPECT_THAT(refusal(""), HasSubstr("cut short"));
  EXPECT_THAT(refusal("\x80\x02"), HasSubstr("at byte 2"));
  EXPECT_THAT(refusal("\x80\x07N."), HasSubstr("protocol"));
  EXPECT_THAT(refusal("."), HasSubstr("needs a value that is not there"));
  EXPECT_THAT(refusal("N(."), HasSubstr("needs a value that is not there"));
  EXPECT_THAT(refusal("Nt."), HasSubstr("a mark that is not there"));
  EXPECT_THAT(refusal("q\1."), HasSubstr("needs a value that is not there"));
  EXPECT_THAT(refusal("h\1."), HasSubstr("never kept"));
  EXPECT_THAT(refusal("NNa."), HasSubstr("no list or dictionary"));
  EXPECT_THAT(refusal("}(Nu."), HasSubstr("a key has no value"));
  EXPECT_THAT(refusal("N)R."), HasSubstr("calls what is no function"));
  EXPECT_THAT(refusal("NNb."), HasSubstr("sets the state of what has none"));
  EXPECT_THAT(refusal("NN\x93."), HasSubstr("is no text"));
  EXPECT_THAT(refusal(std::string("\x8a\x09\1\1\1\1\1\1\1\1\1.", 12)), HasSubstr("beyond 64 bits"));
  EXPECT_THAT(refusal("T\xff\xff\xff\xff."), HasSubstr("4294967295 bytes belong here"));
  EXPECT_THAT(refusal("\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), HasSubstr("cut short"));
  EXPECT_THAT(refusal("c" + std::string(300, 'a') + "\n"), HasSubstr("too long"));
  EXPECT_THAT(refusal("ccollections\nOrderedDict\n]Na\x85R."), HasSubstr("than pairs"));
}

TEST(Pickle, WorkIsLimited) {
  EXPECT_THAT(refusal(std::string(2 << 20, 'N')), HasSubstr("a million opcodes"));
  EXPECT_THAT(refusal(std::string(2 << 20, '(')), HasSubstr("a million opcodes"));
  // One list of 4096 pairs given to 65536 dictionaries.
  std::string text = "]q\1(";
  for (int i = 0; i < 4096; ++i) {
    text += "NN\x86";
  }
  text += "ecollections\nOrderedDict\nq\2h\1\x85q\3";
  text.replace(text.find("ecoll"), 5, "eccoll");
  for (int i = 0; i < 65536; ++i) {
    text += "h\2h\3R";
  }
  EXPECT_THAT(refusal(text + "."), HasSubstr("a million entries"));
}

TEST(Pickle, AListMayContainItself) {
  const Pickle pickle = parse("]q\1h\1a.");
  EXPECT_EQ(pickle.root->items.at(0), pickle.root);
}

}  // namespace
}  // namespace gramgrad::converter
