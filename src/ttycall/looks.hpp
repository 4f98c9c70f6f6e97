// Looks: what stat(2) says of a terminal: a character device with the number of its /dev/pts/N, not a socket. libc's stdio
// decides by this whether it writes line by line, and ttyname(3) whether a name and a descriptor are the same.
//
// For the shim and the listener alike. Not here: who owns it; the caller fills in uid, gid and, for a name, the device.
#pragma once

#include "ttycall/layout.hpp"
#include "ttycall/names.hpp"
#include "ttycall/stat.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace farpty::ttycall {

struct Looks {
  std::uint64_t special = 0, inode = 0;
  std::uint32_t mode = 0;
};

inline constexpr std::uint32_t kSlaveMode = kCharacterDevice | 0620, kOpenMode = kCharacterDevice | 0666;

// devpts: the inode of N is N + 3 (inode.c: devpts_pty_new), that of ptmx is 2.
inline Looks looks_of(const Slot& slot, End end) {
  if (end != End::kSlave) return {kMasterDevice, 2, kOpenMode};
  return {slave_device(slot.number), static_cast<std::uint64_t>(slot.number) + 3, kSlaveMode};
}

// False where the name is none of ours, or there is no such terminal now.
inline bool looks_of(const Page& page, const Name& name, Looks& looks) {
  if (name.kind == Name::Kind::kOwn || name.kind == Name::Kind::kMaster) {
    looks = {name.kind == Name::Kind::kOwn ? kTtyDevice : kMasterDevice, 2, kOpenMode};
    return true;
  }
  if (name.kind != Name::Kind::kSlave) return false;
  for (std::uint32_t i = 0; i < page.header.slots && i < kSlots; ++i) {
    const Slot& slot = page.slot[i];
    const bool exists = slot.slave != 0 || (slot.attention & attention::kClosed) != 0;
    if (!exists || (slot.attention & attention::kHungUp) != 0 || slot.number != name.number) continue;
    looks = looks_of(slot, End::kSlave);
    return true;
  }
  return false;
}

template <typename Status>  // KernelStat or KernelStatx
void fill_common(Status& status, const Looks& looks) {
  constexpr std::uint32_t kBlockSize = 1024;
  status.inode = looks.inode;
  status.links = 1;
  status.size = status.blocks = 0;
  status.block_size = kBlockSize;
}

inline void fill(KernelStat& status, const Looks& looks) {
  fill_common(status, looks);
  status.mode = looks.mode;
  status.special = looks.special;
}

inline void fill(KernelStatx& status, const Looks& looks) {
  fill_common(status, looks);
  status.mode = static_cast<std::uint16_t>(looks.mode);
  status.special_major = static_cast<std::uint32_t>(looks.special >> 8 & 0xfff);
  status.special_minor = static_cast<std::uint32_t>((looks.special & 0xff) | (looks.special >> 12 & 0xfff00));
}

}  // namespace farpty::ttycall
