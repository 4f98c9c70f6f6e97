#include "generator.hpp"

#include <signal.h>

#include <array>
#include <utility>

namespace farpty::parity {

Generator::Generator(std::uint64_t seed, Queues queues)
    : random_(seed),
      length_(30 + random_.below(30 + random_.below(1500))),
      master_reads_(!random_.one_in(10)),
      slave_reads_(!random_.one_in(6)),
      long_input_(random_.one_in(10)),
      fills_input_(random_.one_in(10)),
      stays_stopped_(random_.one_in(10)),
      wild_settings_(random_.one_in(3)),
      simulates_(random_.one_in(2)),
      settings_weight_(1 + random_.below(12)) {
  if (queues == Queues::kAny) return;
  master_reads_ = true;
}

Step Generator::next(const tty::PtyPair& pair) {
  const tty::Termios& termios = pair.slave().termios();
  if (!by_ioctl_.empty()) {
    const std::uint8_t c = by_ioctl_.front();
    by_ioctl_.pop_front();
    return {.op = Op::kSimulate, .argument = c};
  }
  // The master's reader keeps up unless this episode wants full queues.
  if (pair.master_readable() && random_.percent(master_reads_ ? 60 : 1)) {
    return {.op = Op::kMasterRead, .size = random_.percent(70) ? 8192 : read_size()};
  }
  std::uint32_t choice = random_.below(100);
  const auto chosen = [&choice](std::uint32_t weight) {
    const bool hit = choice < weight;
    choice -= hit ? 0 : weight;
    return hit;
  };
  if (chosen(settings_weight_)) {
    Step step{.op = Op::kSetTermios, .other_end = random_.one_in(8), .with_speeds = random_.one_in(3)};
    const std::uint32_t when = random_.below(10);
    step.when = when < 6 ? When::kNow : when < 8 || !pair.slave_keeps_up() ? When::kDrain : When::kFlush;
    step.termios = settings(termios);
    return step;
  }
  if (fills_input_ && chosen(60)) return step_for_full_input(pair);
  if (stays_stopped_) {
    if (chosen(2)) return {.op = Op::kFlowSlave, .argument = static_cast<std::uint8_t>(random_.below(2))};
    if (chosen(3)) return type({termios.cc[random_.one_in(2) ? tty::kVstart : tty::kVstop]}, pair);
    if (chosen(8)) return {.op = Op::kMasterWrite, .bytes = pasted(termios)};
  }
  if (simulates_ && chosen(15)) return {.op = Op::kSimulate, .argument = character(termios)};
  if (chosen(25)) return type(typed(termios), pair);
  if (chosen(slave_reads_ ? 22 : 3)) {
    return {.op = Op::kSlaveRead, .other_end = random_.one_in(3), .size = read_size()};
  }
  if (chosen(16)) return {.op = Op::kSlaveWrite, .bytes = printed()};
  if (chosen(5)) return {.op = Op::kMasterRead, .size = read_size()};
  if (random_.one_in(4)) return ioctl_step();
  return type({character(termios)}, pair);
}

// While the slave has something to read, nothing tells when the kernel has worked on what the master wrote. Where there is
// room for certain, TIOCSTI does the same work at once.
Step Generator::type(std::vector<std::uint8_t> bytes, const tty::PtyPair& pair) {
  constexpr std::size_t kAlmostFull = tty::InputQueue::kSize - 200;
  const std::size_t kept = pair.slave().kept() + bytes.size();
  const bool parity_marks = pair.slave().termios().input(tty::iflag::kParmrk);
  const bool fits = kept * (parity_marks ? 3 : 1) < kAlmostFull;
  const bool by_ioctl = pair.slave().readable() || random_.percent(simulates_ ? 70 : 10);
  if (!by_ioctl || !fits || !pair.slave_keeps_up()) {
    return {.op = Op::kMasterWrite, .bytes = std::move(bytes)};
  }
  by_ioctl_.assign(bytes.begin() + 1, bytes.end());
  return {.op = Op::kSimulate, .argument = bytes.front()};
}

Step Generator::step_for_full_input(const tty::PtyPair& pair) {
  const tty::Termios& termios = pair.slave().termios();
  if (random_.one_in(8)) {
    const std::uint32_t size = random_.one_in(4) ? read_size() : 1 + random_.below(300);
    return {.op = Op::kSlaveRead, .size = size};
  }
  const bool full = pair.slave().kept() > tty::InputQueue::kSize - 16 || !pair.slave_keeps_up();
  if (full && random_.percent(60)) {
    if (random_.one_in(2)) return {.op = Op::kSimulate, .argument = character(termios)};
    return {.op = Op::kMasterWrite, .bytes = {character(termios), character(termios)}};
  }
  return {.op = Op::kMasterWrite, .bytes = pasted(termios)};
}

Step Generator::ioctl_step() {
  const auto argument = [this](std::uint32_t bound) { return static_cast<std::uint8_t>(random_.below(bound)); };
  switch (random_.below(16)) {
    case 0:
    case 1: return {.op = Op::kFlushSlave, .argument = argument(3)};
    case 2: return {.op = Op::kFlushMaster, .argument = argument(3)};
    case 3:
    case 4: return {.op = Op::kFlowSlave, .argument = argument(4)};
    case 5:
    case 6: return {.op = Op::kFlowSlave, .argument = static_cast<std::uint8_t>(1 + 2 * argument(2))};
    case 7: return {.op = Op::kFlowMaster, .argument = static_cast<std::uint8_t>(random_.one_in(4) ? argument(4) : 1)};
    case 8:
    case 9: return {.op = Op::kPacketMode, .argument = argument(2)};
    case 10: {
      static constexpr std::array<std::uint8_t, 4> kSignals = {SIGINT, SIGQUIT, SIGTSTP, SIGTERM};
      return {.op = Op::kMasterSignal, .argument = random_.pick<std::uint8_t>(kSignals)};
    }
    case 11:
      return {.op = Op::kResize,
              .other_end = random_.one_in(2),
              .winsize = {static_cast<std::uint16_t>(24 + random_.below(2)), 80, 0, 0}};
    case 12: return {.op = Op::kDrain};
    case 13: return {.op = Op::kSlaveWrite};  // an empty write
    default: return {.op = Op::kSimulate, .argument = random_.byte()};
  }
}

std::uint8_t Generator::character(const tty::Termios& termios) {
  const std::uint32_t kind = random_.below(20);
  if (kind < 6) return termios.cc[random_.below(17)];
  if (kind < 12) return static_cast<std::uint8_t>("abcXYZ019_ .-/aeiou"[random_.below(19)]);
  if (kind < 16) return static_cast<std::uint8_t>("\n\r\t\b\n\t\r\x1b"[random_.below(8)]);
  if (kind < 17) return static_cast<std::uint8_t>(random_.below(0x20));
  if (kind < 18) return static_cast<std::uint8_t>(0x80 + random_.below(0x80));
  if (kind < 19) return random_.one_in(2) ? 0xff : 0x00;
  return random_.byte();
}

std::vector<std::uint8_t> Generator::typed(const tty::Termios& termios) {
  std::uint32_t size = 1 + random_.below(random_.one_in(4) ? 40 : 5);
  if (long_input_) size = 1 + random_.below(random_.one_in(3) ? 2048 : 300);
  std::vector<std::uint8_t> bytes;
  while (bytes.size() < size) {
    const std::uint32_t kind = random_.below(12);
    if (kind == 0) {
      for (const char* p = "\xc3\xa9\xe2\x82\xac"; *p != 0; ++p) bytes.push_back(static_cast<std::uint8_t>(*p));
    } else if (long_input_ && kind > 2) {
      bytes.insert(bytes.end(), 1 + random_.below(40), static_cast<std::uint8_t>('a' + random_.below(26)));
    } else {
      bytes.push_back(character(termios));
    }
  }
  bytes.resize(size);
  if (!random_.one_in(20)) cut_before_signal(bytes, termios);
  return bytes;
}

// Much text with few keys in it. While there is something to read, only a newline at the end tells that all of it was taken.
std::vector<std::uint8_t> Generator::pasted(const tty::Termios& termios) {
  const std::size_t size = 1 + random_.below(random_.one_in(2) ? 2048 : 600);
  std::vector<std::uint8_t> bytes;
  while (bytes.size() < size) {
    bytes.insert(bytes.end(), 1 + random_.below(200), static_cast<std::uint8_t>("abcz\t \xff\xa9"[random_.below(8)]));
    if (random_.one_in(4)) bytes.push_back(character(termios));
  }
  bytes.resize(size);
  cut_before_signal(bytes, termios);
  if (random_.percent(80)) bytes.back() = '\n';
  return bytes;
}

// A key that flushes what was echoed by the same write hits a moving target; most times it comes first in a write of its own.
void Generator::cut_before_signal(std::vector<std::uint8_t>& bytes, const tty::Termios& termios) {
  if (!termios.local(tty::lflag::kIsig) || termios.local(tty::lflag::kNoflsh)) return;
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    const std::uint8_t c = bytes[i];
    if (c == termios.cc[tty::kVintr] || c == termios.cc[tty::kVquit] || c == termios.cc[tty::kVsusp]) {
      bytes.resize(random_.one_in(2) ? 1 : i);
      bytes.front() = bytes.size() == 1 ? c : bytes.front();
      return;
    }
  }
}

std::vector<std::uint8_t> Generator::printed() {
  std::uint32_t size = random_.below(random_.one_in(4) ? 100 : 12);
  if (!master_reads_) size = random_.below(random_.one_in(4) ? 5000 : 1200);
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& c : bytes) {
    const std::uint32_t kind = random_.below(10);
    c = kind < 5   ? static_cast<std::uint8_t>(' ' + random_.below(95))
        : kind < 8 ? static_cast<std::uint8_t>("\n\r\t\b\t\n\r\x7f"[random_.below(8)])
                   : random_.byte();
  }
  return bytes;
}

std::uint32_t Generator::read_size() {
  static constexpr std::array<std::uint32_t, 12> kSizes = {1, 1, 2, 3, 5, 10, 63, 64, 65, 255, 4096, 8192};
  return random_.one_in(20) ? random_.below(200) : random_.pick<std::uint32_t>(kSizes);
}

tty::Termios Generator::settings(const tty::Termios& current) {
  namespace l = tty::lflag;
  tty::Termios termios = current;
  switch (random_.below(12)) {
    case 0: termios = tty::initial_termios(); break;
    case 1: termios = tty::make_raw(current); break;
    case 2: termios.lflag ^= l::kIcanon; break;
    case 3: termios.lflag = (termios.lflag & ~(l::kIcanon | l::kEcho)) | l::kIsig; break;
    default: break;
  }
  static constexpr std::array<std::uint32_t, 12> kInput = {0x0008, 0x0020, 0x0040, 0x0080, 0x0100, 0x0200,
                                                           0x0400, 0x0800, 0x1000, 0x2000, 0x4000, 0x0400};
  static constexpr std::array<std::uint32_t, 9> kOutput = {1, 2, 4, 8, 0x10, 0x20, 0x1800, 1, 4};
  static constexpr std::array<std::uint32_t, 14> kLocal = {
      l::kIsig,    l::kIcanon,  l::kEcho,   l::kEchoe,  l::kEchok,   l::kEchonl, l::kNoflsh,
      l::kEchoctl, l::kEchoprt, l::kEchoke, l::kIexten, l::kExtproc, l::kEcho,   l::kIcanon};
  const std::uint32_t flips = random_.below(wild_settings_ ? 12 : 4);
  for (std::uint32_t i = 0; i < flips; ++i) {
    switch (random_.below(4)) {
      case 0: termios.iflag ^= random_.pick<std::uint32_t>(kInput); break;
      case 1: termios.oflag ^= random_.pick<std::uint32_t>(kOutput); break;
      default: termios.lflag ^= random_.pick<std::uint32_t>(kLocal); break;
    }
  }
  if (random_.one_in(wild_settings_ ? 10 : 100)) termios.iflag = random_.below(0x10000);
  if (random_.one_in(wild_settings_ ? 10 : 100)) termios.oflag = random_.below(0x10000);
  if (random_.one_in(wild_settings_ ? 10 : 100)) termios.lflag = random_.below(0x20000);
  if (random_.one_in(8)) termios.cflag = static_cast<std::uint32_t>(random_.next());
  if (random_.one_in(4)) change_characters(termios);
  if (random_.one_in(20)) termios.ispeed = random_.below(200000);
  if (random_.one_in(20)) termios.ospeed = random_.below(200000);
  termios.line = 0;
  return termios;
}

void Generator::change_characters(tty::Termios& termios) {
  static constexpr std::array<std::uint8_t, 12> kMinimum = {0, 0, 1, 1, 2, 5, 10, 63, 64, 65, 100, 255};
  static constexpr std::array<std::uint8_t, 6> kTime = {0, 0, 0, 0, 1, 200};
  if (random_.one_in(2)) termios.cc[tty::kVmin] = random_.pick<std::uint8_t>(kMinimum);
  if (random_.one_in(2)) termios.cc[tty::kVtime] = random_.pick<std::uint8_t>(kTime);
  const std::uint32_t count = random_.below(4);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t place = random_.below(17);
    if (place == tty::kVmin || place == tty::kVtime) continue;
    termios.cc[place] = random_.one_in(3) ? tty::initial_termios().cc[place] : character(termios);
  }
}

}  // namespace farpty::parity
