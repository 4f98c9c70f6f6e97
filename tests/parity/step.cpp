// Steps and observations in words, for reports.
#include "step.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <array>
#include <string_view>
#include <utility>

namespace farpty::parity {

namespace {

using Names = std::initializer_list<std::pair<std::uint32_t, const char*>>;

std::string bits(std::uint32_t value, Names names) {
  std::string text;
  for (const auto& [bit, name] : names) {
    if ((value & bit) == 0) continue;
    text += text.empty() ? "" : "|";
    text += name;
    value &= ~bit;
  }
  if (value != 0) text += fmt::format("{}{:#x}", text.empty() ? "" : "|", value);
  return text.empty() ? "0" : text;
}

constexpr auto kOpNames = std::to_array<std::string_view>(
    {"master_write", "master_read", "slave_write", "slave_read", "simulate", "set_termios", "flush_slave",
     "flush_master", "flow_slave", "flow_master", "packet_mode", "master_signal", "resize", "drain"});

std::string result_text(std::int64_t result) {
  if (result >= 0) return fmt::format("{}", result);
  return fmt::format("-{}", strerrorname_np(static_cast<int>(-result)));
}

std::string signals_text(std::uint32_t signals) {
  std::string text;
  for (int number = 1; number <= 31; ++number) {
    if ((signals >> (number - 1) & 1) != 0) text += fmt::format(" {}", sigabbrev_np(number));
  }
  return text.empty() ? " none" : text;
}

std::string poll_text(std::int16_t events) {
  return bits(static_cast<std::uint16_t>(events),
              {{POLLIN, "IN"}, {POLLPRI, "PRI"}, {POLLOUT, "OUT"}, {POLLHUP, "HUP"}, {POLLERR, "ERR"}});
}

}  // namespace

std::string quoted(const std::vector<std::uint8_t>& bytes) {
  std::string text = "\"";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::size_t same = 1;
    while (i + same < bytes.size() && bytes[i + same] == bytes[i]) ++same;
    const std::uint8_t c = bytes[i];
    std::string one;
    if (c == '\n')
      one = "\\n";
    else if (c == '\r')
      one = "\\r";
    else if (c == '\t')
      one = "\\t";
    else if (c == '\b')
      one = "\\b";
    else if (c == '"' || c == '\\')
      one = fmt::format("\\{}", static_cast<char>(c));
    else if (c < 0x20 || c >= 0x7f)
      one = fmt::format("\\x{:02x}", c);
    else
      one = static_cast<char>(c);
    if (same > 8) {
      text += fmt::format("<{} x {}>", one, same);
      i += same - 1;
    } else {
      text += one;
    }
  }
  return text + "\"";
}

std::string text_of(const tty::Termios& t) {
  namespace i = tty::iflag;
  namespace o = tty::oflag;
  namespace l = tty::lflag;
  std::string cc;
  static constexpr auto kCc =
      std::to_array<std::string_view>({"intr", "quit", "erase", "kill", "eof", "time", "min", "swtc", "start", "stop",
                                       "susp", "eol", "reprint", "discard", "werase", "lnext", "eol2", "17", "18"});
  const tty::Termios usual = tty::initial_termios();
  for (std::size_t k = 0; k < tty::kNccs; ++k) {
    if (t.cc[k] != usual.cc[k]) cc += fmt::format(" {}={:#x}", kCc[k], t.cc[k]);
  }
  return fmt::format("i={} o={} c={:#x} l={}{} line={} speeds={}/{}",
                     bits(t.iflag, {{i::kIgnbrk, "IGNBRK"},
                                    {i::kBrkint, "BRKINT"},
                                    {i::kIgnpar, "IGNPAR"},
                                    {i::kParmrk, "PARMRK"},
                                    {i::kInpck, "INPCK"},
                                    {i::kIstrip, "ISTRIP"},
                                    {i::kInlcr, "INLCR"},
                                    {i::kIgncr, "IGNCR"},
                                    {i::kIcrnl, "ICRNL"},
                                    {i::kIuclc, "IUCLC"},
                                    {i::kIxon, "IXON"},
                                    {i::kIxany, "IXANY"},
                                    {i::kIxoff, "IXOFF"},
                                    {i::kImaxbel, "IMAXBEL"},
                                    {i::kIutf8, "IUTF8"}}),
                     bits(t.oflag, {{o::kOpost, "OPOST"},
                                    {o::kOlcuc, "OLCUC"},
                                    {o::kOnlcr, "ONLCR"},
                                    {o::kOcrnl, "OCRNL"},
                                    {o::kOnocr, "ONOCR"},
                                    {o::kOnlret, "ONLRET"},
                                    {o::kOfill, "OFILL"},
                                    {o::kOfdel, "OFDEL"}}),
                     t.cflag,
                     bits(t.lflag, {{l::kIsig, "ISIG"},
                                    {l::kIcanon, "ICANON"},
                                    {l::kXcase, "XCASE"},
                                    {l::kEcho, "ECHO"},
                                    {l::kEchoe, "ECHOE"},
                                    {l::kEchok, "ECHOK"},
                                    {l::kEchonl, "ECHONL"},
                                    {l::kNoflsh, "NOFLSH"},
                                    {l::kTostop, "TOSTOP"},
                                    {l::kEchoctl, "ECHOCTL"},
                                    {l::kEchoprt, "ECHOPRT"},
                                    {l::kEchoke, "ECHOKE"},
                                    {l::kFlusho, "FLUSHO"},
                                    {l::kPendin, "PENDIN"},
                                    {l::kIexten, "IEXTEN"},
                                    {l::kExtproc, "EXTPROC"}}),
                     cc, t.line, t.ispeed, t.ospeed);
}

std::string Step::text() const {
  const std::string_view name = kOpNames[static_cast<std::size_t>(op)];
  switch (op) {
    case Op::kMasterWrite:
    case Op::kSlaveWrite: return fmt::format("{} {} ({} bytes)", name, quoted(bytes), bytes.size());
    case Op::kMasterRead:
    case Op::kSlaveRead: return fmt::format("{} {}{}", name, size, other_end ? " blocking" : "");
    case Op::kSetTermios: {
      static constexpr auto kWhen = std::to_array<std::string_view>({"now", "drain", "flush"});
      return fmt::format("{} {}{}{} {}", name, kWhen[static_cast<std::size_t>(when)], other_end ? " by the master" : "",
                         with_speeds ? " with speeds" : "", text_of(termios));
    }
    case Op::kResize:
      return fmt::format("{} {}x{}{}", name, winsize.columns, winsize.rows, other_end ? " by the master" : "");
    case Op::kSimulate: return fmt::format("{} {}", name, quoted({argument}));
    case Op::kDrain: return std::string(name);
    default: return fmt::format("{} {}", name, argument);
  }
}

std::string Observation::text() const {
  return fmt::format("{} {} signals:{} unread {}/{} queued {}/{} poll {}/{}\n      {} {}x{}", result_text(result),
                     quoted(bytes), signals_text(signals), slave_unread, master_unread, slave_queued, master_queued,
                     poll_text(slave_poll), poll_text(master_poll), text_of(termios), winsize.columns, winsize.rows);
}

}  // namespace farpty::parity
