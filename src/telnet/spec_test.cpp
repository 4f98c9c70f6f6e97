// Runs the conversations in spec/*.spec against an Endpoint; spec/README says how they are written.
//
// Each conversation runs twice, the peer's bytes in one piece and byte by byte: the results must be the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "telnet/endpoint.hpp"

namespace farpty::telnet {
namespace {

using Buffer = std::vector<std::byte>;

const std::map<std::string, int, std::less<>> kWords{
    {"EOF", 236},     {"SUSP", 237},    {"ABORT", 238}, {"SE", 240},   {"NOP", 241}, {"DM", 242},    {"BRK", 243},
    {"IP", 244},      {"AO", 245},      {"AYT", 246},   {"EC", 247},   {"EL", 248},  {"GA", 249},    {"SB", 250},
    {"WILL", 251},    {"WONT", 252},    {"DO", 253},    {"DONT", 254}, {"IAC", 255}, {"BINARY", 0},  {"ECHO", 1},
    {"SGA", 3},       {"STATUS", 5},    {"TM", 6},      {"TTYPE", 24}, {"NAWS", 31}, {"TSPEED", 32}, {"LFLOW", 33},
    {"LINEMODE", 34}, {"XDISPLOC", 35}, {"NEWENV", 39}, {"IS", 0},     {"SEND", 1}};

std::string shown(Bytes bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    const auto c = std::to_integer<unsigned char>(byte);
    char hex[8];
    std::snprintf(hex, sizeof hex, c >= 0x20 && c < 0x7f ? "%c" : "<%02x>", c);
    text += hex;
  }
  return text;
}

// `IAC SB NAWS 00 50 "text\r\n" 'A'*100`: words, hex bytes, strings with the escapes \r \n \0 \\, and X*N repetitions.
Buffer bytes_of(const std::string& line) {
  Buffer bytes;
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] == ' ') {
      ++at;
      continue;
    }
    Buffer token;
    if (line[at] == '"') {
      for (++at; line.at(at) != '"'; ++at) {
        char c = line[at];
        if (c == '\\') {
          c = line.at(++at);
          c = c == 'r' ? '\r' : c == 'n' ? '\n' : c == '0' ? '\0' : c;
        }
        token.push_back(static_cast<std::byte>(c));
      }
      ++at;
    } else {
      const std::size_t end = std::min(line.find_first_of(" *", at), line.size());
      const std::string word = line.substr(at, end - at);
      const auto known = kWords.find(word);
      token.push_back(static_cast<std::byte>(known != kWords.end() ? known->second : std::stoi(word, nullptr, 16)));
      at = end;
    }
    std::size_t times = 1;
    if (at < line.size() && line[at] == '*') {
      std::size_t digits = 0;
      times = std::stoul(line.substr(at + 1), &digits);
      at += 1 + digits;
    }
    while (times-- > 0) bytes.insert(bytes.end(), token.begin(), token.end());
  }
  return bytes;
}

const char* name_of(Event event) {
  switch (event) {
    case Event::kInterrupt: return "interrupt";
    case Event::kBreak: return "break";
    case Event::kAbortOutput: return "abort-output";
    case Event::kEraseCharacter: return "erase-character";
    case Event::kEraseLine: return "erase-line";
    case Event::kEndOfFile: return "end-of-file";
    case Event::kSuspend: return "suspend";
    case Event::kAbort: return "abort";
  }
  return "?";
}

const char* name_of(Option option) {
  switch (option) {
    case Option::kBinary: return "BINARY";
    case Option::kEcho: return "ECHO";
    case Option::kSuppressGoAhead: return "SGA";
    case Option::kTerminalType: return "TTYPE";
    case Option::kWindowSize: return "NAWS";
  }
  return "?";
}

Option option_of(const std::string& word) { return static_cast<Option>(kWords.at(word)); }

enum class Pieces { kWhole, kBytes };

class Conversation final : public Receiver {
 public:
  Conversation(Pieces pieces, std::string where) : pieces_(pieces), where_(std::move(where)) {}

  void line(const std::string& verb, const std::string& rest) {
    if (verb == "role") return role(rest);
    if (verb == "names") return names(rest);
    if (verb == "window") return window(rest);
    if (verb == "take") return takes_.push_back(rest);
    if (verb == "sent") return sent(bytes_of(rest));
    if (verb == "got") return got(rest);
    if (verb == "negotiated") return negotiated(rest);
    if (verb == "start") return endpoint().start();
    if (verb == "peer") return peer(bytes_of(rest));
    if (verb == "write") return endpoint().encode(bytes_of(rest), output_);
    if (verb == "ask") return ask(rest);
    if (verb == "send") return endpoint().send(static_cast<Command>(kWords.at(rest)));
    FAIL() << where_ << ": unknown verb " << verb;
  }

  // What happened must have been expected before the peer goes on.
  void settle() {
    EXPECT_TRUE(log_.empty()) << where_ << ": unexpected: " << (log_.empty() ? "" : log_.front());
    if (endpoint_) endpoint_->flush(output_);
    EXPECT_TRUE(output_.empty()) << where_ << ": sent unexpectedly: " << shown(output_);
    log_.clear();
    output_.clear();
  }

  void on_data(Bytes data) override {
    if (log_.empty() || !log_.back().starts_with("data ")) log_.emplace_back("data ");
    log_.back() += shown(data);
  }
  void on_event(Event event) override { log_.emplace_back(std::string("event ") + name_of(event)); }
  void on_window(WindowSize size) override {
    log_.push_back("window " + std::to_string(size.columns) + "x" + std::to_string(size.rows));
  }
  TypeChoice on_terminal_type(std::string_view name) override {
    log_.push_back("type " + std::string(name));
    return std::ranges::find(takes_, name) != takes_.end() ? TypeChoice::kTake : TypeChoice::kNext;
  }
  void on_option(Option option, Side side, Wish wish) override {
    log_.push_back(std::string("option ") + name_of(option) + (side == Side::kOurs ? " ours" : " theirs") +
                   (wish == Wish::kOn ? " on" : " off"));
  }

 private:
  Endpoint& endpoint() {
    if (!endpoint_) endpoint_.emplace(role_, settings_);
    return *endpoint_;
  }
  void role(const std::string& rest) { role_ = rest == "server" ? Role::kServer : Role::kClient; }
  void names(const std::string& rest) {
    std::istringstream words(rest);
    for (std::string word; words >> word;) settings_.terminal_types.push_back(word);
  }
  void window(const std::string& rest) {
    WindowSize size;
    ASSERT_EQ(std::sscanf(rest.c_str(), "%hux%hu", &size.columns, &size.rows), 2) << where_;
    if (endpoint_) return endpoint_->set_window(size);
    settings_.window = size;
  }
  void ask(const std::string& rest) {
    std::istringstream words(rest);
    std::string option, side, wish;
    words >> option >> side >> wish;
    endpoint().ask(option_of(option), side == "ours" ? Side::kOurs : Side::kTheirs,
                   wish == "on" ? Wish::kOn : Wish::kOff);
  }
  void negotiated(const std::string& rest) { EXPECT_EQ(endpoint().negotiated(), rest == "yes") << where_; }
  void peer(const Buffer& bytes) {
    settle();
    const std::size_t piece = pieces_ == Pieces::kWhole ? bytes.size() : 1;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t taken = endpoint().receive(Bytes(bytes).subspan(at, std::min(piece, bytes.size() - at)), *this);
      if (taken == 0) endpoint().flush(output_);
      at += taken;
    }
  }
  void sent(const Buffer& expected) {
    endpoint().flush(output_);
    EXPECT_EQ(shown(output_), shown(expected)) << where_;
    output_.clear();
  }
  void got(const std::string& rest) {
    const std::string expected = rest.starts_with("data ") ? "data " + shown(bytes_of(rest.substr(5))) : rest;
    EXPECT_EQ(log_.empty() ? "nothing" : log_.front(), expected) << where_;
    if (!log_.empty()) log_.pop_front();
  }

  Pieces pieces_;
  std::string where_;
  Role role_ = Role::kServer;
  Settings settings_;
  std::vector<std::string> takes_;
  std::optional<Endpoint> endpoint_;
  std::deque<std::string> log_;
  Buffer output_;
};

void run(const std::filesystem::path& path, Pieces pieces) {
  std::ifstream file(path);
  std::optional<Conversation> conversation;
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("== ")) {
      if (conversation) conversation->settle();
      conversation.emplace(pieces, path.filename().string() + " \"" + line.substr(3) + "\"");
      continue;
    }
    ASSERT_TRUE(conversation) << path << ":" << number << ": no conversation";
    SCOPED_TRACE("line " + std::to_string(number) + ": " + line);
    const std::size_t space = std::min(line.find(' '), line.size());
    conversation->line(line.substr(0, space), space < line.size() ? line.substr(space + 1) : "");
  }
  ASSERT_TRUE(conversation) << path << " is empty";
  conversation->settle();
}

class Spec : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Spec, whole) { run(GetParam(), Pieces::kWhole); }
TEST_P(Spec, byte_by_byte) { run(GetParam(), Pieces::kBytes); }

std::vector<std::filesystem::path> specs() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(TELNET_SPEC_DIR)) {
    if (entry.path().extension() == ".spec") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

INSTANTIATE_TEST_SUITE_P(telnet, Spec, testing::ValuesIn(specs()),
                         [](const auto& info) { return info.param.stem().string(); });

}  // namespace
}  // namespace farpty::telnet
