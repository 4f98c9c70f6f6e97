#include "pty/carried_library.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/owned_fd.hpp"

#if defined(FARPTY_CARRIED_LIBRARY)
// The assembler puts the file here; a compiler would have to read it as half a megabyte of numbers.
asm(".section .rodata\n"
    ".global farpty_carried_library, farpty_carried_library_end\n"
    "farpty_carried_library:\n"
    ".incbin \"" FARPTY_CARRIED_LIBRARY
    "\"\n"
    "farpty_carried_library_end:\n"
    ".text\n");
extern "C" const std::byte farpty_carried_library[], farpty_carried_library_end[];
#endif

namespace farpty::pty {

namespace {

constexpr const char* kWayOut = "put libfarpty.so on a disk and name it in FARPTY_LIBRARY";

#if defined(FARPTY_CARRIED_LIBRARY)
Bytes carried() { return {farpty_carried_library, farpty_carried_library_end}; }
#else
Bytes carried() { return {}; }
#endif

}  // namespace

Result<OwnedFd> library_in_memory(Bytes content) {
  OwnedFd file(::memfd_create("libfarpty.so", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return os_error("cannot make a file in memory for", "libfarpty.so");
  while (!content.empty()) {
    const ssize_t count = ::write(file.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return os_error("cannot write", "libfarpty.so to a file in memory");
    content = content.subspan(static_cast<std::size_t>(count));
  }
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return os_error("cannot seal", "libfarpty.so in memory");
  return file;
}

std::optional<Result<std::string>> carried_library() {
  const Bytes content = carried();
  if (content.empty()) return std::nullopt;
  static const Result<OwnedFd> file = library_in_memory(content);
  if (!file) return std::unexpected(file.error());
  std::string path = fmt::format("/proc/{}/fd/{}", ::getpid(), file->get());
  if (::access(path.c_str(), R_OK) != 0)
    return failure("cannot hand out", "the library inside this program",
                   "programs would find it in /proc, which is not mounted here", kWayOut);
  return path;
}

}  // namespace farpty::pty
