// Protobuf's wire format and its lists of numbers, against bytes made by hand.
#include "weights_converter/graphs/wire.h"

#include <gmock/gmock.h>

#include <limits>

#include "tests/weights_converter/protobuf_bytes.h"
#include "tests/weights_converter/source_numbers.h"
#include "weights_converter/graphs/number_list.h"
#include "weights_converter/printable.h"

namespace gramgrad::converter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Wire : public testing::Test {
 protected:
  WireReader reader(const std::string& contents) {
    file_ = file_of(contents);
    return {*file_, file_->bytes()};
  }

  std::string error_from(const std::string& contents,
                         const std::function<void(WireReader&)>& use = {}) {
    return error_of([&] {
      WireReader at = reader(contents);
      while (at.next()) {
        if (use) {
          use(at);
        }
      }
    });
  }

  InputFilePtr file_;
};

TEST_F(Wire, StepsOverFieldsOfEveryType) {
  WireReader at = reader(number(1, 300) + fixed(2, 1.5F) + bytes(200, "text") + fixed(3, 2.5) +
                         number(4, std::numeric_limits<std::uint64_t>::max()));
  ASSERT_TRUE(at.next());
  EXPECT_EQ(at.number(), 1U);
  EXPECT_EQ(at.varint(), 300U);
  ASSERT_TRUE(at.next());
  EXPECT_EQ(at.f32(), 1.5F);
  ASSERT_TRUE(at.next());
  EXPECT_EQ(at.number(), 200U);
  EXPECT_EQ(at.text(), "text");
  ASSERT_TRUE(at.next());
  EXPECT_EQ(at.type(), WireType::fixed64);
  ASSERT_TRUE(at.next());
  EXPECT_EQ(at.varint(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_FALSE(at.next());
}

TEST_F(Wire, NamesTheOffsetOfWhatIsDamaged) {
  const std::string good = number(1, 1);
  const std::string damaged[] = {
      "\x0a",                                          // a length is missing
      "\x0a\x05ive",                                   // longer than the file
      "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  // 2^64 − 1 bytes
      "\x08" + std::string(10, '\xff') + "\x01",       // a number of more than 64 bits
      std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
      "\x08\x80",                     // a number that does not end
      std::string("\x00\x00", 2),     // field 0
      "\x0b",                         // a group begins: long gone from the format
      "\x0d\x01\x02",                 // half of a 32-bit number
      "\x09\x01\x02\x03\x04",         // half of a 64-bit number
      "\x80\x80\x80\x80\x80\x01\x01"  // a tag of more than 32 bits
  };
  for (const std::string& bad : damaged) {
    EXPECT_EQ(error_from(good + bad),
              "at byte 2: the file is damaged or cut short: no whole field stands there");
  }
}

TEST_F(Wire, AsksForTheRightType) {
  EXPECT_EQ(error_from(bytes(7, "ab"), [](WireReader& at) { at.varint(); }),
            "at byte 0: field 7 is text or a message and must be an integer");
  EXPECT_EQ(error_from(number(7, 1), [](WireReader& at) { at.text(); }),
            "at byte 0: field 7 is an integer and must be text or a message");
  EXPECT_EQ(error_from(fixed(7, 1.0), [](WireReader& at) { at.f32(); }),
            "at byte 0: field 7 is a 64-bit number and must be a 32-bit number");
  EXPECT_EQ(error_from(bytes(7, "abc"), [](WireReader& at) { at.f32(); }),
            "at byte 0: field 7 must be one number");
}

TEST_F(Wire, CollectsIntegersPackedOrNot) {
  WireReader at = reader(number(1, 7) + bytes(1, varint(300) + varint(8)) + number(1, 9));
  std::vector<std::int64_t> values;
  while (at.next()) {
    at.append_integers(values, 4);
  }
  EXPECT_THAT(values, ElementsAre(7, 300, 8, 9));
  const auto collect = [&](WireReader& reader) { reader.append_integers(values, 4); };
  EXPECT_THAT(error_from(number(1, 1), collect), HasSubstr("field 1 has more than 4 numbers"));
  values.clear();
  EXPECT_THAT(error_from(bytes(1, "\x80"), collect), HasSubstr("its integers do not end"));
}

TEST(Printable, TakesControlCharactersOut) {
  EXPECT_EQ(printable("features.0 \xc3\xa9"), "features.0 \xc3\xa9");
  EXPECT_EQ(printable("a\n\x1b[0m\x7f\xc2\x9b"), "a??[0m???");
  EXPECT_EQ(printable(std::string(5000, 'a')).size(), 1000U);
}

class Numbers : public Wire {
 protected:
  SourceTensor list(const std::string& contents, std::vector<std::int64_t> shape,
                    ElementType type = ElementType::f32) {
    NumberList numbers(type);
    WireReader at = reader(contents);
    while (at.next()) {
      if (at.number() == 5) {
        numbers.append(at);
      }
    }
    return numbers.tensor(file_, "t", std::move(shape));
  }
};

TEST_F(Numbers, LieInOneOrManyFields) {
  const std::vector<float> values = uniform_numbers(97, 11);
  const auto packed = [&](std::size_t begin, std::size_t end) {
    return bytes(5, raw(std::vector<float>(values.begin() + begin, values.begin() + end)));
  };
  const auto single = [&](std::size_t begin, std::size_t end) {
    std::string fields;
    for (std::size_t i = begin; i < end; ++i) {
      fields += fixed(5, values[i]);
    }
    return fields;
  };
  const std::string files[] = {
      packed(0, 97), single(0, 97), packed(0, 50) + number(1, 3) + packed(50, 97),
      packed(0, 1) + single(1, 40) + bytes(2, "gap") + single(40, 41) + bytes(3, "a longer gap") +
          single(41, 60) + bytes(5, "") + packed(60, 96) + packed(96, 97)};
  for (const std::string& contents : files) {
    Source source;
    source.tensors.push_back(list(contents, {97}));
    EXPECT_EQ(read_all(source.tensors[0]), values);
    expect_pieces_fit(source, 12);
  }
}

TEST_F(Numbers, OfDoublesAreRounded) {
  const SourceTensor tensor =
      list(bytes(5, raw<double>({0.1, 1e-50})) + fixed(5, -2.0), {3, 1}, ElementType::f64);
  EXPECT_THAT(read_all(tensor), ElementsAre(0.1F, 0.0F, -2.0F));
}

TEST_F(Numbers, MustFitTheShape) {
  EXPECT_EQ(error_of([&] {
              list(bytes(5, raw<float>({1, 2})), {3});
            }),
            "has 2 numbers; its shape needs 3");
  EXPECT_EQ(error_of([&] { list(bytes(5, "12345"), {1}); }),
            "at byte 0: 5 bytes are not a whole number of numbers");
  EXPECT_THAT(error_of([&] { list(number(5, 1), {1}); }), HasSubstr("must be a 32-bit number"));
}

}  // namespace
}  // namespace gramgrad::converter
