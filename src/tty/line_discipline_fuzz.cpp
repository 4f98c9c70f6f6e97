// Fuzzes both ends of a pty: any settings, any bytes, any order. The kernel is not asked (tests/parity does that); what must
// hold is that nothing is read or written out of bounds (sanitizers), that counts agree, and that nothing is invented.
//
// An input is a list of operations: a byte that chooses, then what it needs.
#include "tty/line_discipline.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "tty/pty_pair.hpp"

namespace {

using namespace farpty::tty;

void require(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  [[nodiscard]] bool empty() const { return left_ == 0; }
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  std::size_t size() { return byte() | (static_cast<std::size_t>(byte()) & 0x1f) << 8; }
  // A run of one byte, or bytes of the input.
  std::vector<std::uint8_t> bytes() {
    const std::size_t wanted = size();
    if ((byte() & 1) != 0) return std::vector<std::uint8_t>(wanted, byte());
    const std::size_t count = wanted < left_ ? wanted : left_;
    std::vector<std::uint8_t> taken(data_, data_ + count);
    data_ += count;
    left_ -= count;
    return taken;
  }
  Termios termios() {
    Termios termios{};
    std::uint8_t raw[sizeof termios];
    for (std::uint8_t& c : raw) c = byte();
    std::memcpy(&termios, raw, sizeof termios);
    return termios;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

// Under ICANON and EXTPROC together a full queue drops a byte that is already readable, so that its count is one too small
// and after reading it one below zero: the kernel's own arithmetic, as its FIONREAD of -1 shows.
constexpr std::ptrdiff_t kOverlong = 1;

void read_slave(PtyPair& pair, std::size_t size) {
  std::vector<std::uint8_t> buffer(size);
  const auto kept = static_cast<std::ptrdiff_t>(pair.slave().kept());
  const bool readable = pair.slave().readable();
  Reading reading(buffer.data(), size);
  const ReadResult result = pair.slave().read(reading);
  require(result.size <= size, "a read returns no more than its buffer holds");
  require(static_cast<std::ptrdiff_t>(result.size) <= kept + kOverlong, "a read returns only what was there");
  require(static_cast<std::ptrdiff_t>(pair.slave().kept()) <= kept, "a read adds nothing");
  if (readable && size > 0) require(result.wait == ReadResult::Wait::kDone || result.size > 0, "poll kept its word");
}

void step(PtyPair& pair, Input& input) {
  LineDiscipline& slave = pair.slave();
  const std::uint8_t choice = input.byte();
  switch (choice % 14) {
    case 0: {
      const auto bytes = input.bytes();
      const std::size_t taken = pair.master_write(bytes.data(), bytes.size());
      require(taken == PtyPair::kWouldBlock || taken <= bytes.size(), "the master writes what it has");
      break;
    }
    case 1: {
      const auto bytes = input.bytes();
      require(slave.write(bytes.data(), bytes.size()) <= bytes.size(), "the slave writes what it has");
      break;
    }
    case 2: read_slave(pair, input.size()); break;
    case 3: {
      std::vector<std::uint8_t> buffer(input.size());
      const std::size_t count = pair.master_read(buffer.data(), buffer.size());
      require(count == PtyPair::kWouldBlock || count <= buffer.size(), "the master reads no more than it can hold");
      break;
    }
    case 4: slave.set_termios(input.termios()); break;
    case 5: pair.set_slave_termios_after_flush(input.termios()); break;
    case 6: {
      Termios termios = slave.termios();
      termios.lflag ^= std::uint32_t{1} << input.byte() % 17;
      slave.set_termios(termios);
      break;
    }
    case 7: pair.simulate_input(input.byte()); break;
    case 8: pair.flush_slave(static_cast<Flush>(input.byte() % 3)); break;
    case 9: pair.flush_master(static_cast<Flush>(input.byte() % 3)); break;
    case 10: slave.control_flow(static_cast<FlowAction>(input.byte() % 4)); break;
    case 11: pair.control_master_flow(static_cast<FlowAction>(input.byte() % 4)); break;
    case 12: slave.set_packet_mode((input.byte() & 1) != 0); break;
    default: static_cast<void>(slave.take_actions()); break;
  }
  if ((choice & 0x80) == 0) pair.settle();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pair = std::make_unique<PtyPair>();
  Input input(data, size);
  for (int steps = 0; !input.empty() && steps < 2000; ++steps) {
    step(*pair, input);
    // No upper bound: an overlong line of doubled 0xff bytes (PARMRK) runs over the ring, in the kernel as well.
    require(static_cast<std::ptrdiff_t>(pair->slave().kept()) >= -kOverlong, "the queue holds what it can");
    require(pair->master_unread() < 4096, "the master's queue holds what it can");
  }
  pair->flush_slave(Flush::kBoth);
  require(pair->slave().kept() == 0 && pair->slave().unread() == 0, "a flush leaves nothing");
  return 0;
}
