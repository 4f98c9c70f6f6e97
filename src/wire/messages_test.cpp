#include "wire/messages.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "wire/cbor.hpp"
#include "wire/samples.hpp"

namespace farpty::wire {
namespace {

std::string hex(Bytes bytes) {
  std::string text;
  for (const std::byte one : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(one));
  return text;
}

std::vector<std::byte> unhex(const std::string& text) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::vector<std::byte> encoded(const Message& message) {
  std::vector<std::byte> out;
  encode(message, out);
  return out;
}

// The vectors of the norm: "name hex", '#' begins a comment.
std::map<std::string, std::string> vectors() {
  std::map<std::string, std::string> found;
  std::ifstream file(WIRE_VECTORS);
  EXPECT_TRUE(file) << WIRE_VECTORS;

  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto space = line.find(' ');
    found[line.substr(0, space)] = line.substr(space + 1);
  }
  return found;
}

Result<Message> decode_whole(Bytes stream) {
  Splitter splitter;
  splitter.feed(stream);
  auto frame = splitter.next();
  if (!frame) return std::unexpected(frame.error());
  if (!*frame) return failure("cannot understand", "the vector", "it is incomplete");
  return decode(**frame);
}

TEST(Messages, AreTheBytesOfTheNorm) {
  auto wanted = vectors();
  for (const auto& [name, message] : samples()) {
    EXPECT_EQ(hex(encoded(message)), wanted[name]) << name;
    wanted.erase(name);
  }
  for (const auto& [name, bytes] : wanted) ADD_FAILURE() << "no sample is called " << name;
}

TEST(Messages, ComeBackAsTheyWere) {
  for (const auto& [name, bytes] : vectors()) {
    const auto stream = unhex(bytes);
    const auto message = decode_whole(stream);
    ASSERT_TRUE(message) << name << ": " << message.error().message();
    EXPECT_EQ(hex(encoded(*message)), bytes) << name;
  }
}

TEST(Messages, HaveASampleOfEveryType) {
  std::set<Type> seen;
  for (const auto& [name, message] : samples()) seen.insert(type_of(message));
  EXPECT_EQ(seen.size(), kLastType);
}

std::string reason(Type type, const nlohmann::json& map) {
  const auto payload = to_cbor(map);
  const auto message = decode({.type = type, .channel = Channel::kNone, .payload = payload});
  return message ? "" : message.error().reason;
}

TEST(Messages, IgnoreKeysThatTheyDoNotKnow) {
  EXPECT_EQ(reason(Type::kHello, {{"version", 1}, {"oldest", 1}, {"colour", {{"r", 1}}}}), "");
}

TEST(Messages, NameWhatIsWrong) {
  EXPECT_EQ(reason(Type::kHello, {{"oldest", 1}}), "'version' is missing");
  EXPECT_EQ(reason(Type::kHello, {{"version", "1"}, {"oldest", 1}}), "'version' is no number from 0 to 65535");
  EXPECT_EQ(reason(Type::kHello, {{"version", -1}, {"oldest", 1}}), "'version' is no number from 0 to 65535");
  EXPECT_EQ(reason(Type::kHello, {{"version", 65536}, {"oldest", 1}}), "'version' is no number from 0 to 65535");
  EXPECT_EQ(reason(Type::kHello, {{"version", 1}, {"oldest", 1}, {"user", std::string(65, 'x')}}),
            "'user' is no text of at most 64 bytes");
  EXPECT_EQ(reason(Type::kHello, nlohmann::json::array()), "it is no map");
  EXPECT_EQ(reason(Type::kPen, {{"action", 4}}), "'action' is no number from 0 to 3");
}

TEST(Messages, BoundCommandAndEnvironment) {
  using nlohmann::json;
  const auto word = [](std::string_view text) { return json::binary({text.begin(), text.end()}); };
  json start = {{"terminal", true}, {"columns", 80}, {"rows", 24}};
  EXPECT_EQ(reason(Type::kStart, start), "");
  start["command"] = json::array({"ls"});
  EXPECT_EQ(reason(Type::kStart, start), "'command' holds something else than byte strings");
  start["command"] = json::array({word(std::string_view("a\0b", 3))});
  EXPECT_EQ(reason(Type::kStart, start), "'command' holds a NUL byte");
  start["command"] = json::array({word(std::string(kMaxCommand, 'x')), word("x")});
  EXPECT_EQ(reason(Type::kStart, start), "'command' holds more than 49152 bytes");
  start["command"] = json::array({word("ls")});
  start["environment"] = json{{"LANG", word(std::string(kMaxVariable + 1, 'x'))}};
  EXPECT_EQ(reason(Type::kStart, start), "'environment' holds something else than byte strings of at most 4096 bytes");
}

TEST(Messages, OfPlainBytesHaveTheirLength) {
  for (const Type type : {Type::kAck, Type::kPing, Type::kPong})
    for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{9}, std::size_t{17}}) {
      const std::vector<std::byte> payload(size);
      EXPECT_FALSE(decode({.type = type, .channel = Channel::kNone, .payload = payload}));
    }
}

}  // namespace
}  // namespace farpty::wire
