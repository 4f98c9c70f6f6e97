#include "case_file.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

namespace farpty::parity {

namespace {

using Bytes = std::vector<std::uint8_t>;

struct Flag {
  std::string_view name;
  std::uint32_t tty::Termios::* word;
  std::uint32_t bits;
};

const std::initializer_list<Flag> kFlags = {
    {"PARMRK", &tty::Termios::iflag, tty::iflag::kParmrk},   {"ISTRIP", &tty::Termios::iflag, tty::iflag::kIstrip},
    {"INLCR", &tty::Termios::iflag, tty::iflag::kInlcr},     {"IGNCR", &tty::Termios::iflag, tty::iflag::kIgncr},
    {"ICRNL", &tty::Termios::iflag, tty::iflag::kIcrnl},     {"IUCLC", &tty::Termios::iflag, tty::iflag::kIuclc},
    {"IXON", &tty::Termios::iflag, tty::iflag::kIxon},       {"IXANY", &tty::Termios::iflag, tty::iflag::kIxany},
    {"IMAXBEL", &tty::Termios::iflag, tty::iflag::kImaxbel}, {"IUTF8", &tty::Termios::iflag, tty::iflag::kIutf8},
    {"OPOST", &tty::Termios::oflag, tty::oflag::kOpost},     {"OLCUC", &tty::Termios::oflag, tty::oflag::kOlcuc},
    {"ONLCR", &tty::Termios::oflag, tty::oflag::kOnlcr},     {"OCRNL", &tty::Termios::oflag, tty::oflag::kOcrnl},
    {"ONOCR", &tty::Termios::oflag, tty::oflag::kOnocr},     {"ONLRET", &tty::Termios::oflag, tty::oflag::kOnlret},
    {"XTABS", &tty::Termios::oflag, tty::oflag::kXtabs},     {"ISIG", &tty::Termios::lflag, tty::lflag::kIsig},
    {"ICANON", &tty::Termios::lflag, tty::lflag::kIcanon},   {"ECHO", &tty::Termios::lflag, tty::lflag::kEcho},
    {"ECHOE", &tty::Termios::lflag, tty::lflag::kEchoe},     {"ECHOK", &tty::Termios::lflag, tty::lflag::kEchok},
    {"ECHONL", &tty::Termios::lflag, tty::lflag::kEchonl},   {"NOFLSH", &tty::Termios::lflag, tty::lflag::kNoflsh},
    {"ECHOCTL", &tty::Termios::lflag, tty::lflag::kEchoctl}, {"ECHOPRT", &tty::Termios::lflag, tty::lflag::kEchoprt},
    {"ECHOKE", &tty::Termios::lflag, tty::lflag::kEchoke},   {"IEXTEN", &tty::Termios::lflag, tty::lflag::kIexten},
    {"EXTPROC", &tty::Termios::lflag, tty::lflag::kExtproc},
};

const std::initializer_list<std::pair<std::string_view, tty::Cc>> kCharacters = {
    {"intr", tty::kVintr},     {"quit", tty::kVquit},   {"erase", tty::kVerase}, {"kill", tty::kVkill},
    {"eof", tty::kVeof},       {"time", tty::kVtime},   {"min", tty::kVmin},     {"start", tty::kVstart},
    {"stop", tty::kVstop},     {"susp", tty::kVsusp},   {"eol", tty::kVeol},     {"reprint", tty::kVreprint},
    {"werase", tty::kVwerase}, {"lnext", tty::kVlnext}, {"eol2", tty::kVeol2},
};

const std::initializer_list<std::pair<std::string_view, std::uint8_t>> kStatus = {
    {"flushread", 1}, {"flushwrite", 2}, {"stop", 4}, {"start", 8}, {"nostop", 16}, {"dostop", 32}, {"ioctl", 64}};

const std::initializer_list<std::pair<std::string_view, int>> kSignals = {
    {"INT", SIGINT}, {"QUIT", SIGQUIT}, {"TSTP", SIGTSTP}, {"WINCH", SIGWINCH}};

template <typename Value>
std::optional<Value> lookup(const std::initializer_list<std::pair<std::string_view, Value>>& table,
                            std::string_view name) {
  for (const auto& [key, value] : table) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> number(std::string_view text, int base = 10) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The words of a command; a quoted word keeps its quotes.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::size_t i = 0;
  while (i < line.size()) {
    if (line[i] == ' ') {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    bool in_quotes = false;
    for (; i < line.size() && (in_quotes || line[i] != ' '); ++i) {
      if (in_quotes && line[i] == '\\') {
        ++i;
      } else if (line[i] == '"') {
        in_quotes = !in_quotes;
      }
    }
    words.emplace_back(line.substr(begin, i - begin));
  }
  return words;
}

// "a\n\x03^C": C escapes, \e, ^X for control characters, and "<a x 300>" for repetition.
std::optional<Bytes> unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '^' && i + 1 < text.size()) {
      c = static_cast<char>(text[++i] == '^' ? '^' : text[i] ^ 0100);
    } else if (c == '<') {
      const std::size_t end = text.find('>', i);
      const auto count = end == std::string_view::npos ? std::nullopt : number(text.substr(i + 5, end - i - 5));
      if (!count) return std::nullopt;
      bytes.insert(bytes.end(), *count, static_cast<std::uint8_t>(text[i + 1]));
      i = end;
      continue;
    } else if (c == '\\' && i + 1 < text.size()) {
      c = text[++i];
      if (c == 'x' && i + 2 < text.size()) {
        const auto value = number(text.substr(i + 1, 2), 16);
        if (!value) return std::nullopt;
        c = static_cast<char>(*value);
        i += 2;
      } else {
        c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c == 'b' ? '\b' : c == 'e' ? '\x1b' : c;
      }
    }
    bytes.push_back(static_cast<std::uint8_t>(c));
  }
  return bytes;
}

class Runner {
 public:
  explicit Runner(const Terminal& terminal) : terminal_(terminal) {}

  // Empty, or what is wrong.
  std::string run(const std::string& command) {
    const std::vector<std::string> words = words_of(command);
    const std::string& name = words[0];
    if (name == "set") return set(words);
    if (name == "type") return write(Op::kMasterWrite, words);
    if (name == "print") return write(Op::kSlaveWrite, words);
    if (name == "reads") return reads(words);
    if (name == "times") return ended(words, "times out with", End::kByTimer);
    if (name == "is") return ended(words, "is interrupted with", End::kBySignal);
    if (name == "shows") return shows(words);
    if (name == "status") return status(words);
    if (name == "signals") return signals(words);
    if (name == "unread") return unread(words);
    if (name == "polls") return polls(words);
    return control(words);
  }

 private:
  Observation does(const Step& step, End end = End::kAtOnce) {
    const Observation seen = terminal_(step, end);
    signals_ |= seen.signals;
    termios_ = seen.termios;
    unread_ = seen.slave_unread;
    return seen;
  }

  static std::string malformed() { return "not understood"; }

  std::string set(const std::vector<std::string>& words) {
    Step step{.op = Op::kSetTermios, .with_speeds = true, .termios = termios_};
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i] == "flush") {
        step.when = When::kFlush;
      } else if (!change(step.termios, words[i])) {
        return fmt::format("no such setting: {}", words[i]);
      }
    }
    does(step);
    return {};
  }

  static bool change(tty::Termios& termios, std::string_view word) {
    if (word == "sane") {
      termios = tty::initial_termios();
      return true;
    }
    if (word == "raw") {
      termios = tty::make_raw(termios);
      return true;
    }
    if (const std::size_t equals = word.find('='); equals != std::string_view::npos) {
      const auto place = lookup(kCharacters, word.substr(0, equals));
      const std::string_view value = word.substr(equals + 1);
      if (!place || value.empty()) return false;
      if (value.size() == 2 && value[0] == '^') {
        termios.cc[*place] = static_cast<std::uint8_t>(value[1] ^ 0100);
      } else if (const auto plain = number(value)) {
        termios.cc[*place] = static_cast<std::uint8_t>(*plain);
      } else {
        termios.cc[*place] = static_cast<std::uint8_t>(value[0]);
      }
      return true;
    }
    const bool off = word.front() == '-';
    if (off) word.remove_prefix(1);
    for (const Flag& flag : kFlags) {
      if (flag.name != word) continue;
      termios.*flag.word &= ~flag.bits;
      if (!off) termios.*flag.word |= flag.bits;
      return true;
    }
    return false;
  }

  std::string write(Op op, const std::vector<std::string>& words) {
    const auto bytes = words.size() >= 2 ? unquoted(words[1]) : std::nullopt;
    const auto takes = words.size() == 4 && words[2] == "takes" ? number(words[3]) : std::nullopt;
    if (!bytes || (words.size() != 2 && !takes)) return malformed();
    const std::int64_t wanted = takes ? static_cast<std::int64_t>(*takes) : static_cast<std::int64_t>(bytes->size());
    const std::int64_t result = std::max<std::int64_t>(does({.op = op, .bytes = *bytes}).result, 0);
    return result == wanted ? "" : fmt::format("took {} bytes", result);
  }

  std::string reads(const std::vector<std::string>& words) {
    std::uint32_t size = 4096;
    if (words.size() == 4 && words[2] == "of")
      size = number(words[3]).value_or(0);
    else if (words.size() != 2)
      return malformed();
    const Observation seen = does({.op = Op::kSlaveRead, .size = size});
    const bool waits = seen.result < 0;
    const bool ends = seen.result == 0;
    if (words[1] == "nothing") return waits ? "" : fmt::format("got {}", quoted(seen.bytes));
    if (words[1] == "end") return ends ? "" : waits ? "it waits" : fmt::format("got {}", quoted(seen.bytes));
    const auto wanted = unquoted(words[1]);
    if (!wanted) return malformed();
    if (waits || ends) return waits ? "it waits" : "end of file";
    return seen.bytes == *wanted ? "" : fmt::format("got {}", quoted(seen.bytes));
  }

  std::string ended(const std::vector<std::string>& words, std::string_view command, End end) {
    if (words.size() != 4 || words[0] + " " + words[1] + " " + words[2] != command) return malformed();
    const auto wanted = words[3] == "nothing" ? Bytes() : unquoted(words[3]).value_or(Bytes{0});
    const Observation seen = does({.op = Op::kSlaveRead, .other_end = true, .size = 4096}, end);
    const std::int64_t result = !wanted.empty()        ? static_cast<std::int64_t>(wanted.size())
                                : end == End::kByTimer ? 0
                                                       : -EINTR;
    if (seen.result != result) return fmt::format("returned {}", seen.result);
    return seen.bytes == wanted ? "" : fmt::format("got {}", quoted(seen.bytes));
  }

  std::string shows(const std::vector<std::string>& words) {
    const auto wanted = words.size() == 2 ? unquoted(words[1]) : std::nullopt;
    if (!wanted) return malformed();
    Bytes shown;
    for (;;) {
      const Observation seen = does({.op = Op::kMasterRead, .size = 8192});
      if (seen.result <= 0) break;
      const std::ptrdiff_t header = packet_mode_ ? 1 : 0;
      if (packet_mode_ && seen.bytes[0] != 0) return fmt::format("status {:#x} first", seen.bytes[0]);
      shown.insert(shown.end(), seen.bytes.begin() + header, seen.bytes.end());
    }
    return shown == *wanted ? "" : fmt::format("got {}", quoted(shown));
  }

  std::string status(const std::vector<std::string>& words) {
    std::uint8_t wanted = 0;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const auto bit = lookup(kStatus, words[i]);
      if (!bit) return malformed();
      wanted |= *bit;
    }
    const Observation seen = does({.op = Op::kMasterRead, .size = 100});
    return seen.bytes == Bytes{wanted} ? "" : fmt::format("got {}", quoted(seen.bytes));
  }

  std::string signals(const std::vector<std::string>& words) {
    std::uint32_t wanted = 0;
    for (std::size_t i = 1; i < words.size() && words[i] != "none"; ++i) {
      const auto signal = lookup(kSignals, words[i]);
      if (!signal) return malformed();
      wanted |= std::uint32_t{1} << (*signal - 1);
    }
    const std::uint32_t got = std::exchange(signals_, 0);
    return got == wanted ? "" : fmt::format("got {:#x} instead of {:#x}", got, wanted);
  }

  std::string unread(const std::vector<std::string>& words) {
    does({.op = Op::kDrain});
    const auto wanted = words.size() == 2 ? number(words[1]) : std::nullopt;
    if (!wanted) return malformed();
    return unread_ == *wanted ? "" : fmt::format("got {}", unread_);
  }

  std::string polls(const std::vector<std::string>& words) {
    std::int16_t wanted = 0;
    for (std::size_t i = 1; i < words.size() && words[i] != "nothing"; ++i) {
      const std::int16_t bit = words[i] == "in" ? POLLIN : words[i] == "out" ? POLLOUT : std::int16_t{0};
      if (bit == 0) return malformed();
      wanted = static_cast<std::int16_t>(wanted | bit);
    }
    const std::int16_t got = does({.op = Op::kDrain}).slave_poll;
    return got == wanted ? "" : fmt::format("got {:#x}", got);
  }

  std::string control(const std::vector<std::string>& words) {
    static const std::initializer_list<std::pair<std::string_view, std::pair<Op, std::uint8_t>>> kControls = {
        {"flush input", {Op::kFlushSlave, 0}},    {"flush output", {Op::kFlushSlave, 1}},
        {"flush both", {Op::kFlushSlave, 2}},     {"flow off", {Op::kFlowSlave, 0}},
        {"flow on", {Op::kFlowSlave, 1}},         {"flow send-stop", {Op::kFlowSlave, 2}},
        {"flow send-start", {Op::kFlowSlave, 3}}, {"packetmode on", {Op::kPacketMode, 1}},
        {"packetmode off", {Op::kPacketMode, 0}},
    };
    const auto found = words.size() == 2 ? lookup(kControls, words[0] + " " + words[1]) : std::nullopt;
    if (!found) return malformed();
    if (found->first == Op::kPacketMode) packet_mode_ = found->second != 0;
    const Observation seen = does({.op = found->first, .argument = found->second});
    return seen.result == 0 ? "" : fmt::format("returned {}", seen.result);
  }

  const Terminal& terminal_;
  tty::Termios termios_ = tty::initial_termios();
  std::uint32_t signals_ = 0;
  std::uint32_t unread_ = 0;
  bool packet_mode_ = false;
};

}  // namespace

Result<std::vector<Case>> read_cases(const std::string& path) {
  std::ifstream file(path);
  if (!file) return os_error("cannot read", path);
  std::vector<Case> cases;
  std::string line;
  for (std::size_t at = 1; std::getline(file, line); ++at) {
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("! ")) {
      cases.push_back({.name = line.substr(2), .file = path.substr(path.rfind('/') + 1), .line = at});
    } else if (cases.empty()) {
      return failure("cannot read", path, fmt::format("line {} stands before the first case", at));
    } else if (line == "deviates") {
      cases.back().deviates = true;
    } else {
      cases.back().commands.emplace_back(at, line);
    }
  }
  return cases;
}

std::string run_case(const Case& example, const Terminal& terminal) {
  Runner runner(terminal);
  for (const auto& [line, command] : example.commands) {
    const std::string wrong = runner.run(command);
    if (!wrong.empty()) return fmt::format("{}:{}: {}: {}", example.file, line, command, wrong);
  }
  return {};
}

}  // namespace farpty::parity
