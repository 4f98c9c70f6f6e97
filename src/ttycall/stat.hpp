// struct stat and struct statx as the kernel fills them (asm/stat.h, linux/stat.h); glibc and musl use the same on these two
// architectures.
#pragma once

#include <cstdint>

namespace farpty::ttycall {

inline constexpr std::uint32_t kTypeMask = 0170000, kSocket = 0140000, kCharacterDevice = 0020000;

#if defined(__x86_64__)
struct KernelStat {
  std::uint64_t device, inode, links;
  std::uint32_t mode, uid, gid, pad;
  std::uint64_t special;
  std::int64_t size, block_size, blocks;
  std::uint64_t times[6];
  std::int64_t unused[3];
  [[nodiscard]] bool is_socket() const { return (mode & kTypeMask) == kSocket; }
};
static_assert(sizeof(KernelStat) == 144);
#else
struct KernelStat {
  std::uint64_t device, inode;
  std::uint32_t mode, links, uid, gid;
  std::uint64_t special, pad;
  std::int64_t size;
  std::int32_t block_size, pad2;
  std::int64_t blocks;
  std::uint64_t times[6];
  std::uint32_t unused[2];
  [[nodiscard]] bool is_socket() const { return (mode & kTypeMask) == kSocket; }
};
static_assert(sizeof(KernelStat) == 128);
#endif

struct KernelStatx {
  std::uint32_t mask, block_size;
  std::uint64_t attributes;
  std::uint32_t links, uid, gid;
  std::uint16_t mode, pad;
  std::uint64_t inode, size, blocks, attributes_mask;
  struct {
    std::int64_t seconds;
    std::uint32_t nanoseconds;
    std::int32_t pad;
  } times[4];
  std::uint32_t special_major, special_minor, device_major, device_minor;
  std::uint64_t spare[14];
  [[nodiscard]] bool is_socket() const { return (mode & kTypeMask) == kSocket; }
};
static_assert(sizeof(KernelStatx) == 256);

}  // namespace farpty::ttycall
