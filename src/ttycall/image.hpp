// Image: what kind of executable a file is: whether the preloaded library can serve it.
//
// Freestanding, no allocation, about a kilobyte of stack: the shim looks before it executes, perhaps in a child that shares
// its parent's memory. Nothing in a file is believed: every offset is only a place to read at, and every loop has a bound.
// Sources: elf(5); the kernel's fs/binfmt_elf.c and fs/binfmt_script.c; Go's cmd/link (the note "Go").
#pragma once

#include <cstddef>
#include <cstdint>

namespace farpty::ttycall {

enum class Image : std::uint8_t {
  kServed,   // dynamically linked to a libc: its calls go through the library
  kRaw,      // makes system calls by itself: static, Go, or linked to no libc
  kForeign,  // of another architecture: neither the library nor the listener can serve it
  kScript,   // "#! interpreter"
  kUnknown,  // nothing that the kernel would execute by itself
};

// Reads up to `size` bytes at `offset`; returns how many it were.
struct ImageFile {
  std::size_t (*read)(void* file, std::uint64_t offset, void* to, std::size_t size);
  void* file;
};

inline constexpr std::size_t kInterpreterRoom = 256;  // linux/binfmts.h: BINPRM_BUF_SIZE

// `interpreter` (kInterpreterRoom bytes) receives the path where the file is a script.
[[nodiscard]] Image classify(const ImageFile& file, char* interpreter);

}  // namespace farpty::ttycall
