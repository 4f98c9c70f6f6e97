#include "ttycall/tty_ioctl.hpp"

#include "ttycall/ioctls.hpp"

namespace farpty::ttycall {

namespace {

using Kind = Verdict::Kind;

template <typename T>
Verdict give(const T& value, std::uint8_t* out, std::size_t size = sizeof(T)) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
  for (std::size_t i = 0; i < size; ++i) out[i] = bytes[i];
  return {};
}

Verdict fail(std::int32_t code) { return {Kind::kDone, -code}; }

// struct termio: the low halves of the flags, the line discipline, eight control characters (asm-generic/termios.h).
Verdict give_termio(const tty::Termios& settings, std::uint8_t* out) {
  struct {
    std::uint16_t flags[4];
    std::uint8_t line, cc[8];
  } termio{};
  static_assert(sizeof termio == 18);
  const std::uint32_t flags[4] = {settings.iflag, settings.oflag, settings.cflag, settings.lflag};
  for (int i = 0; i < 4; ++i) termio.flags[i] = static_cast<std::uint16_t>(flags[i]);
  termio.line = settings.line;
  for (int i = 0; i < 8; ++i) termio.cc[i] = settings.cc[i];
  return give(termio, out);
}

// tty_jobctrl.c: tiocgpgrp. A process sees the groups of its own controlling terminal; a master those of its slave.
Verdict give_group(const Slot& slot, End end, const Caller& caller, std::uint8_t* out) {
  if (end == End::kSlave && (slot.sid == 0 || slot.sid != caller.sid)) return fail(error::kNotty);
  return give(slot.fg_pgrp, out);
}

// tty_jobctrl.c: tiocgsid
Verdict give_session(const Slot& slot, End end, const Caller& caller, std::uint8_t* out) {
  if (slot.sid == 0 || (end == End::kSlave && slot.sid != caller.sid)) return fail(error::kNotty);
  return give(slot.sid, out);
}

Verdict bit(const Slot& slot, std::uint32_t which, std::uint8_t* out) {
  return give(std::int32_t{(slot.attention & which) != 0}, out);
}

Verdict of_master(const Slot& slot, std::uint32_t code, std::uint8_t* out) {
  switch (code) {
    case io::kTiocgptn: return give(slot.number, out);
    case io::kTiocgptlck: return bit(slot, attention::kLocked, out);
    case io::kTiocgpkt: return bit(slot, attention::kPacket, out);
    default: return {Kind::kAsk};
  }
}

}  // namespace

Shape shape_of(std::uint32_t code) {
  constexpr std::uint8_t kTermios = tty::kTermiosWithoutSpeeds, kTermios2 = sizeof(tty::Termios), kTermio = 18;
  switch (code) {
    case io::kTcgets: return {0, kTermios};
    case io::kTcgets2: return {0, kTermios2};
    case io::kTcgeta: return {0, kTermio};
    case io::kTcsets:
    case io::kTcsetsw:
    case io::kTcsetsf: return {kTermios, 0};
    case io::kTcsets2:
    case io::kTcsetsw2:
    case io::kTcsetsf2: return {kTermios2, 0};
    case io::kTcseta:
    case io::kTcsetaw:
    case io::kTcsetaf: return {kTermio, 0};
    case io::kTiocgwinsz: return {0, sizeof(Winsize)};
    case io::kTiocswinsz: return {sizeof(Winsize), 0};
    case io::kTiocgpgrp:
    case io::kTiocgsid:
    case io::kTiocoutq:
    case io::kFionread:
    case io::kTiocgetd:
    case io::kTiocgptn:
    case io::kTiocgdev:
    case io::kTiocgpkt:
    case io::kTiocgptlck:
    case io::kTiocgexcl: return {0, 4};
    case io::kTiocspgrp:
    case io::kTiocpkt:
    case io::kTiocsetd:
    case io::kTiocsptlck:
    case io::kFionbio: return {4, 0};
    case io::kTiocsti: return {1, 0};
    default: return {};  // tiocsig too: it takes the signal itself
  }
}

Verdict tty_ioctl(const Slot& slot, End end, const Caller& caller, std::uint32_t code, std::uint8_t* out) {
  if ((slot.attention & attention::kHungUp) != 0 && end == End::kSlave) {
    return code == io::kTiocspgrp ? fail(error::kNotty) : fail(error::kIo);  // tty_io.c: hung_up_tty_ioctl
  }
  switch (code) {
    case io::kTcgets: return give(slot.termios, out, tty::kTermiosWithoutSpeeds);
    case io::kTcgets2: return give(slot.termios, out);
    case io::kTcgeta: return give_termio(slot.termios, out);
    case io::kTiocgwinsz: return give(slot.winsize, out);
    case io::kTiocgpgrp: return give_group(slot, end, caller, out);
    case io::kTiocgsid: return give_session(slot, end, caller, out);
    case io::kTiocgetd: return give(std::int32_t{0}, out);  // N_TTY
    case io::kTiocgexcl: return bit(slot, attention::kExclusive, out);
    case io::kTiocgdev:
      return give(static_cast<std::uint32_t>(end == End::kSlave ? slave_device(slot.number) : kMasterDevice), out);
    case io::kFionread: return {Kind::kUnread};
    case io::kTiocoutq:
      return give(std::int32_t{0}, out);  // a pty has no buffer of its own (tty_io.c: tty_chars_in_buffer)
    case io::kTcsets:
    case io::kTcsetsw:
    case io::kTcsetsf:
    case io::kTcsets2:
    case io::kTcsetsw2:
    case io::kTcsetsf2:
    case io::kTcseta:
    case io::kTcsetaw:
    case io::kTcsetaf:
    case io::kTcsbrk:
    case io::kTcsbrkp:
    case io::kTcxonc:
    case io::kTcflsh:
    case io::kTiocspgrp:
    case io::kTiocsetd: return {end == End::kSlave ? Kind::kChange : Kind::kAsk};
    case io::kTiocsctty:
    case io::kTiocnotty:
    case io::kTiocswinsz:
    case io::kTiocsti:
    case io::kTiocexcl:
    case io::kTiocnxcl: return {Kind::kAsk};
    case io::kFionclex:
    case io::kFioclex:
    case io::kFionbio:
    case io::kFioasync:
    case io::kFioqsize: return {Kind::kPlain};
    case io::kTiocgptn:
    case io::kTiocsptlck:
    case io::kTiocgptlck:
    case io::kTiocpkt:
    case io::kTiocgpkt:
    case io::kTiocgptpeer:
    case io::kTiocsig: return end == End::kMaster ? of_master(slot, code, out) : fail(error::kNotty);
    default: return fail(error::kNotty);
  }
}

}  // namespace farpty::ttycall
