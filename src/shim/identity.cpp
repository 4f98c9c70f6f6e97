// Which terminal a descriptor is. The answer is an inode number (fstat), which costs more than what the caller wants to know;
// so the device marks the ends of a session's first terminals by a signal number of their own (F_SETSIG), which is asked for
// sooner. The mark alone says nothing: any program may set it on any file. With it go the inode number that the descriptor had
// when it was last asked for, and the one that the slot has now.
#include "shim/device.hpp"
#include "shim/terminal.hpp"
#include "ttycall/stat.hpp"

namespace farpty::shim {

namespace {

using ttycall::End;

constexpr int kKnown = 64;      // descriptors whose inode number is remembered
constexpr int kTracked = 1024;  // of which it is remembered that they are none of ours
std::uint64_t inodes[kKnown];
std::uint64_t plain[kTracked / 64];

std::uint64_t inode_of(const ttycall::Slot& slot, End end) {
  return __atomic_load_n(end == End::kSlave ? &slot.slave : &slot.master, __ATOMIC_RELAXED);
}

void note_plain(int fd) {
  if (fd >= 0 && fd < kTracked) __atomic_fetch_or(&plain[fd / 64], std::uint64_t{1} << fd % 64, __ATOMIC_RELAXED);
}

// By the mark.
ttycall::Found find_marked(const ttycall::Page& page, int fd) {
  if (fd < 0 || fd >= kKnown) return {};
  const std::uint64_t inode = __atomic_load_n(&inodes[fd], __ATOMIC_RELAXED);
  if (inode == 0) return {};
  const long mark = call(__NR_fcntl, fd, kGetSignal);
  const ttycall::Found found = ttycall::find_by_mark(page, mark);
  return found.slot != nullptr && inode_of(*found.slot, found.end) == inode ? found : ttycall::Found{};
}

}  // namespace

bool is_plain(int fd) {
  return fd >= 0 && fd < kTracked && (__atomic_load_n(&plain[fd / 64], __ATOMIC_RELAXED) >> fd % 64 & 1) != 0;
}

void note_new(int fd) {
  if (fd >= 0 && fd < kTracked) __atomic_fetch_and(&plain[fd / 64], ~(std::uint64_t{1} << fd % 64), __ATOMIC_RELAXED);
}

bool Terminal::find(int descriptor) {
  const ttycall::Page* const all = page();
  if (all == nullptr) return false;
  if (const ttycall::Found found = find_marked(*all, descriptor); found.slot != nullptr) {
    fd = descriptor;
    end = found.end;
    shared = found.slot;
    return refresh();
  }
  ttycall::KernelStat status;
  const long result = call(__NR_fstat, descriptor, address(&status));
  if (result < 0) return false;
  if (status.is_socket() && find(descriptor, status.device, status.inode)) return true;
  note_plain(descriptor);
  return false;
}

bool Terminal::find(int descriptor, std::uint64_t device, std::uint64_t inode) {
  const ttycall::Page* const all = page();
  if (all == nullptr) return false;
  const ttycall::Found found = ttycall::find(*all, device, inode);
  if (found.slot == nullptr) return false;
  fd = descriptor;
  end = found.end;
  shared = found.slot;
  if (descriptor >= 0 && descriptor < kKnown) __atomic_store_n(&inodes[descriptor], inode, __ATOMIC_RELAXED);
  return refresh();
}

}  // namespace farpty::shim
