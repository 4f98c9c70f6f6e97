// The shared page of a session: what its programs may read about their terminals without asking the device; and the
// wishes, a second memory that they may write.
//
// One memfd for each session, written by the device alone (sealed: F_SEAL_SHRINK, GROW, FUTURE_WRITE), mapped read-only by
// the programs; a header and then one slot of 256 bytes for each tty. It only mirrors: the device decides from its own
// memory and never reads anything back from here. A slot is read under its generation (a seqlock: odd while it changes).
// A wish is a change of settings (tcsetattr) that needs nobody to act at once: see make_wish(). The device takes it over
// before it processes anything else, and a program that reads settings takes it for done. What a program can spoil by
// writing nonsense there are the settings of its own session's terminals, which tcsetattr gives it anyway.
// Invariant: the layout is fixed within one release; the magic number names it, and a shim of another release attaches to
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tty/termios.hpp"
#include "ttycall/request.hpp"

namespace farpty::ttycall {

// struct winsize of <asm-generic/termios.h>.
struct Winsize {
  std::uint16_t rows, columns, width, height;
  constexpr bool operator==(const Winsize&) const = default;
};

// What a program has to know before it may go the straight way, and bits that say what a call will find.
namespace attention {
inline constexpr std::uint32_t kEndOfFile = 1;  // the byte that waits in the socket is an end of file, not data
inline constexpr std::uint32_t kHungUp = 2;
inline constexpr std::uint32_t kStopWriters = 4;  // TOSTOP
inline constexpr std::uint32_t kTimedRead = 8;    // raw, and VMIN is not 1 or VTIME is not 0
inline constexpr std::uint32_t kLocked = 16;      // the slave may not be opened (unlockpt)
inline constexpr std::uint32_t kPacket = 32;      // the master reads packets (TIOCPKT)
inline constexpr std::uint32_t kExclusive = 64;   // TIOCEXCL
inline constexpr std::uint32_t kReleased = 128;   // the device has no slave end of its own: bring yours along
inline constexpr std::uint32_t kClosed = 256;     // no program has the slave open: the master reads EIO
inline constexpr std::uint32_t kMark = 512;       // the only byte that waits in the master's socket is no data
inline constexpr std::uint32_t kStopped = 2048;   // output is stopped (Ctrl-S, TCOOFF): writers wait
inline constexpr std::uint32_t kQuiet = 1024;     // the device holds nothing that a change of settings would concern
// Those that concern a plain write(2); the header holds their union over all slots.
inline constexpr std::uint32_t kOfWriters = kHungUp | kStopWriters | kStopped;
}  // namespace attention

// The byte that goes with attention::kMark. Its value does not matter: the flag says what it is.
inline constexpr std::uint8_t kMasterMark = 4;

// Without initializers: each call copies one, and zeros before that cost as much as the rest of an isatty(3).
struct Slot {
  std::uint32_t generation;
  std::uint32_t attention;
  std::uint64_t slave;  // inode numbers of the two sockets; 0: there is none
  std::uint64_t master;
  std::int32_t number;  // N of /dev/pts/N
  std::int32_t sid;     // whose controlling terminal it is; 0: nobody's
  std::int32_t fg_pgrp;
  std::uint32_t kept;  // bytes that FIONREAD counts and that are not in the socket yet
  tty::Termios termios;
  Winsize winsize;
  std::uint64_t typed, written;  // bytes so far
  std::uint32_t packet_status;   // what a master in packet mode reads next, where not 0 (TIOCPKT_*)
  std::uint32_t adopted;         // generation of the last wish that is in `termios`
  std::uint32_t held_back;       // bytes for the master that are not in its socket yet
  std::uint32_t spare;
  std::uint32_t busy;    // odd while the device processes output; not under `generation`
  std::uint32_t moving;  // the same while bytes go from `kept` to the socket: that takes a system call
  std::uint8_t reserved[120];
};
static_assert(std::is_trivially_default_constructible_v<Slot>);

struct Header {
  std::uint64_t magic = 0;
  std::uint64_t socket_device = 0;  // st_dev of all sockets (sockfs)
  std::uint32_t slots = 0;          // slots ever used: look no further
  std::uint32_t attention = 0;      // attention::kOfWriters of any slot
  std::uint32_t options = 0;
  std::int32_t wishes = -1;  // the device's descriptor of the Wishes; -1: nobody has asked for them yet
  std::uint8_t reserved[224] = {};
};
namespace option {
inline constexpr std::uint32_t kNoListener = 1;  // programs that the shim cannot serve are not to be listened to
// The kernel does not tell the device who is at the other end of a connection (gVisor): who asks has it attach its name to
// what it sends (SO_PASSCRED).
inline constexpr std::uint32_t kNamedRequests = 2;
}  // namespace option

inline constexpr std::size_t kSlots = 255;

struct Page {
  Header header;
  Slot slot[kSlots];
};
static_assert(sizeof(Slot) == 256 && sizeof(Header) == 256 && sizeof(Page) == 65536);

struct Wish {
  std::uint32_t generation = 0;  // odd while a program writes it; 0: never used
  std::uint32_t reserved = 0;
  tty::Termios settings{};
  std::uint8_t unused[12] = {};
};
static_assert(sizeof(Wish) == 64);

// One for each slot.
struct Wishes {
  Wish wish[kSlots];
  std::uint8_t unused[64];
};
static_assert(sizeof(Wishes) == 16384);

// -- reading: any process; freestanding

// A consistent copy. False where the writer died in the middle or keeps writing: the caller asks the device instead.
[[nodiscard]] inline bool copy_slot(const Slot& from, Slot& to) {
  for (int tries = 0; tries < 1000; ++tries) {
    const std::uint32_t before = __atomic_load_n(&from.generation, __ATOMIC_ACQUIRE);
    if ((before & 1) != 0) continue;
    // Word by word, so that no compiler makes a call of it and each load is whole.
    const auto* source = reinterpret_cast<const std::uint64_t*>(&from);
    auto* target = reinterpret_cast<std::uint64_t*>(&to);
    for (std::size_t i = 0; i < offsetof(Slot, reserved) / 8 + 1; ++i) {
      target[i] = __atomic_load_n(source + i, __ATOMIC_RELAXED);
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(&from.generation, __ATOMIC_RELAXED) == before) return true;
  }
  return false;
}

// The wish of that generation; false where it is being replaced.
[[nodiscard]] inline bool copy_wish(const Wish& from, std::uint32_t generation, tty::Termios& to) {
  const auto* source = reinterpret_cast<const std::uint32_t*>(&from.settings);
  auto* target = reinterpret_cast<std::uint32_t*>(&to);
  for (std::size_t i = 0; i < sizeof to / 4; ++i) target[i] = __atomic_load_n(source + i, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return __atomic_load_n(&from.generation, __ATOMIC_RELAXED) == generation;
}

// The generation of a wish that is complete and not in `adopted` yet; 0: there is none.
[[nodiscard]] inline std::uint32_t pending_wish(const Wish& wish, std::uint32_t adopted) {
  const std::uint32_t generation = __atomic_load_n(&wish.generation, __ATOMIC_ACQUIRE);
  return (generation & 1) != 0 || generation == adopted ? 0 : generation;
}

// Writes a wish, if no other program is about to. To be made only while the slot is quiet, `busy` is even and nothing that was
// written lies in the slave's socket (SIOCOUTQ), all seen between two equal values of `busy`: so everything written before is
// processed. Afterwards the slot must still be quiet, or the device has to be asked to do the same: it may have gone on in
// between without seeing the wish.
[[nodiscard]] inline bool make_wish(Wish& wish, const tty::Termios& settings) {
  std::uint32_t generation = __atomic_load_n(&wish.generation, __ATOMIC_RELAXED);
  if ((generation & 1) != 0) return false;
  if (!__atomic_compare_exchange_n(&wish.generation, &generation, generation + 1, false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_RELAXED))
    return false;
  const auto* source = reinterpret_cast<const std::uint32_t*>(&settings);
  auto* target = reinterpret_cast<std::uint32_t*>(&wish.settings);
  for (std::size_t i = 0; i < sizeof settings / 4; ++i) __atomic_store_n(target + i, source[i], __ATOMIC_RELAXED);
  std::uint32_t next = generation + 2;
  if (next == 0) next = 2;
  __atomic_store_n(&wish.generation, next, __ATOMIC_SEQ_CST);
  return true;
}

enum class End : std::uint8_t { kNone, kSlave, kMaster };

struct Found {
  const Slot* slot = nullptr;
  End end = End::kNone;
};

// Which terminal a socket is, by its inode number.
[[nodiscard]] inline Found find(const Page& page, std::uint64_t device, std::uint64_t inode) {
  if (inode == 0 || device != page.header.socket_device) return {};
  const std::uint32_t used = __atomic_load_n(&page.header.slots, __ATOMIC_ACQUIRE);
  for (std::uint32_t i = 0; i < used && i < kSlots; ++i) {
    if (__atomic_load_n(&page.slot[i].slave, __ATOMIC_RELAXED) == inode) return {&page.slot[i], End::kSlave};
    if (__atomic_load_n(&page.slot[i].master, __ATOMIC_RELAXED) == inode) return {&page.slot[i], End::kMaster};
  }
  return {};
}

// The ends of the first terminals of a session carry a mark that is quicker to ask for than an inode number: the number of a
// signal (F_SETSIG, fcntl(2)), which is unused on a descriptor without O_ASYNC. 0: no mark.
inline constexpr int kFirstMark = 35, kLastMark = 64;  // the real-time signals (signal(7))
[[nodiscard]] constexpr int mark_of(std::size_t slot, End end) {
  const auto mark = static_cast<std::size_t>(kFirstMark) + 2 * slot + (end == End::kMaster ? 1 : 0);
  return mark <= static_cast<std::size_t>(kLastMark) ? static_cast<int>(mark) : 0;
}
// The end with this mark, if it is one. To be confirmed by the inode number.
[[nodiscard]] inline Found find_by_mark(const Page& page, long mark) {
  if (mark < kFirstMark || mark > kLastMark) return {};
  const auto place = static_cast<std::size_t>(mark - kFirstMark);
  return {&page.slot[place / 2], place % 2 == 0 ? End::kSlave : End::kMaster};
}

// -- writing: the device only

class SlotChange {
 public:
  explicit SlotChange(Slot& slot) : slot_(slot) {
    __atomic_store_n(&slot_.generation, slot_.generation + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
  }
  SlotChange(const SlotChange&) = delete;
  SlotChange& operator=(const SlotChange&) = delete;
  ~SlotChange() { __atomic_store_n(&slot_.generation, slot_.generation + 1, __ATOMIC_RELEASE); }

 private:
  Slot& slot_;
};

}  // namespace farpty::ttycall
