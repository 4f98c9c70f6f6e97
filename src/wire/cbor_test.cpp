#include "wire/cbor.hpp"

#include <gtest/gtest.h>

#include <string>

#include <nlohmann/json.hpp>

namespace farpty::wire {
namespace {

std::string reason(std::string_view bytes) {
  const auto value = parse_cbor(as_bytes(bytes));
  return value ? "" : value.error().reason;
}

// `levels` arrays, one in the other.
std::string nested(std::size_t levels) { return std::string(levels - 1, '\x81') + '\x80'; }

TEST(Cbor, ReadsWhatItWrites) {
  const nlohmann::json value = {{"a", 1}, {"b", {true, false, nullptr}}, {"c", "text"}, {"d", {{"e", -5}}}};
  EXPECT_EQ(*parse_cbor(to_cbor(value)), value);
}

TEST(Cbor, BoundsDepth) {
  EXPECT_EQ(reason(nested(kMaxDepth)), "");
  EXPECT_EQ(reason(nested(kMaxDepth + 1)), "it is nested too deeply");
  EXPECT_EQ(reason(std::string(60'000, '\x81')), "it is nested too deeply");
  EXPECT_EQ(reason(std::string(60'000, '\x9f')), "it is nested too deeply");  // of indefinite length
  EXPECT_EQ(reason(std::string(60'000, '\xbf')), "it is not well-formed CBOR");
}

TEST(Cbor, BoundsElements) {
  const auto array = [](std::size_t count) { return std::string("\x9f") + std::string(count, '\x01') + "\xff"; };
  EXPECT_EQ(reason(array(kMaxElements - 1)), "");
  EXPECT_EQ(reason(array(kMaxElements)), "it holds too many elements");
  // Announced and not there: nothing is made ready for them.
  EXPECT_EQ(reason(std::string_view("\x9b\xff\xff\xff\xff\xff\xff\xff\xfe", 9)), "it holds too many elements");
  EXPECT_EQ(reason(std::string_view("\x7b\xff\xff\xff\xff\xff\xff\xff\xfe", 9)), "it is not well-formed CBOR");
  EXPECT_EQ(reason(std::string_view("\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", 9)), "it is not well-formed CBOR");
}

TEST(Cbor, RefusesKeysThatComeTwice) {
  EXPECT_EQ(reason("\xa2\x61\x61\x01\x61\x61\x02"), "it holds a key twice");
  EXPECT_EQ(reason("\xa2\x61\x61\x01\x61\x62\x02"), "");
}

TEST(Cbor, RefusesWhatNoMessageNeeds) {
  EXPECT_EQ(reason(""), "it is not well-formed CBOR");
  EXPECT_EQ(reason(std::string_view("\xf9\x3c\x00", 3)), "it holds a floating-point number");
  EXPECT_NE(reason("\xc1\x01"), "");      // a tag
  EXPECT_NE(reason("\xa1\x01\x01"), "");  // a key that is a number
  EXPECT_NE(reason("\x01\x01"), "");      // something after the value
  EXPECT_EQ(reason("\x61\xff"), "it holds text that is not UTF-8");
  EXPECT_EQ(reason("\x62\xc0\x80"), "it holds text that is not UTF-8");      // overlong
  EXPECT_EQ(reason("\x63\xed\xa0\x80"), "it holds text that is not UTF-8");  // a surrogate
  EXPECT_EQ(reason("\xa1\x61\xff\x01"), "it holds a key that is not UTF-8");
  EXPECT_EQ(reason("\x63\xe2\x82\xac"), "");  // the euro sign
}

}  // namespace
}  // namespace farpty::wire
