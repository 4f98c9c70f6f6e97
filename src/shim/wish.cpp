// tcsetattr(3) without the device: see ttycall/layout.hpp. And the other half of it: who looks at the settings sees what was
// wished for and not taken over yet.
#include "shim/device.hpp"
#include "shim/terminal.hpp"
#include "ttycall/ioctls.hpp"

namespace farpty::shim {

namespace {

namespace attention = ttycall::attention;

ttycall::Wish* wish_of(const Terminal& terminal, WhereNone none) {
  ttycall::Wishes* const all = wishes(none);
  return all != nullptr ? &all->wish[terminal.shared - page()->slot] : nullptr;
}

bool is_quiet(const Terminal& terminal) {
  return (__atomic_load_n(&terminal.shared->attention, __ATOMIC_SEQ_CST) & attention::kQuiet) != 0;
}

}  // namespace

bool Terminal::refresh() {
  if (!ttycall::copy_slot(*shared, slot)) return false;
  ttycall::Wish* const wish = wish_of(*this, WhereNone::kNull);
  const std::uint32_t generation = wish != nullptr ? ttycall::pending_wish(*wish, slot.adopted) : 0;
  tty::Termios settings;
  if (generation == 0 || !ttycall::copy_wish(*wish, generation, settings)) return true;
  slot.termios = tty::settled_termios(slot.termios, settings);
  const bool timed = slot.termios.cc[tty::kVmin] != 1 || slot.termios.cc[tty::kVtime] != 0;
  slot.attention = (slot.attention & ~attention::kTimedRead) | (timed ? attention::kTimedRead : 0);
  return true;
}

// Not where writers are to look at the new settings (TOSTOP), and not EXTPROC, of which a master may be told.
bool wish(const Terminal& terminal, const void* settings, std::size_t size) {
  constexpr std::uint32_t kTold = tty::lflag::kTostop | tty::lflag::kExtproc;
  if (!terminal.is_slave() || !terminal.has(attention::kQuiet)) return false;
  ttycall::Wish* const wish = wish_of(terminal, WhereNone::kAsk);
  if (wish == nullptr) return false;
  tty::Termios wanted = terminal.slot.termios;
  __builtin_memcpy(&wanted, settings, size);
  if (((wanted.lflag ^ terminal.slot.termios.lflag) & kTold) != 0) return false;

  // What was typed and not read is to become lines, or raw bytes (n_tty.c: n_tty_set_termios).
  int unread = 0;
  if (((wanted.lflag ^ terminal.slot.termios.lflag) & tty::lflag::kIcanon) != 0 &&
      (ioctl_call(terminal.fd, ttycall::io::kFionread, address(&unread)) < 0 || unread != 0))
    return false;

  const std::uint32_t busy = __atomic_load_n(&terminal.shared->busy, __ATOMIC_ACQUIRE);
  int unprocessed = 0;
  if ((busy & 1) != 0 || ioctl_call(terminal.fd, kOutputQueue, address(&unprocessed)) < 0 || unprocessed != 0)
    return false;
  if (__atomic_load_n(&terminal.shared->busy, __ATOMIC_ACQUIRE) != busy || !is_quiet(terminal)) return false;
  if (!ttycall::make_wish(*wish, wanted)) return false;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  return is_quiet(terminal);
}

}  // namespace farpty::shim
