// Where a line discipline's output goes: the queue towards the master, seen from below.
//
// This is the part of the kernel's struct tty_operations that N_TTY calls on a pty (write_room, write, flush_buffer). The
// emulated device, a client's screen and the differential test each bring their own. Stopped output (Ctrl-S) is not the
// port's concern: the discipline does not call while stopped.
#pragma once

#include <cstddef>
#include <cstdint>

namespace farpty::tty {

class MasterPort {
 public:
  MasterPort() = default;
  MasterPort(const MasterPort&) = delete;
  MasterPort& operator=(const MasterPort&) = delete;
  MasterPort(MasterPort&&) = delete;
  MasterPort& operator=(MasterPort&&) = delete;

  // Bytes that write() is sure to take; 0 makes the discipline wait, and its echo too.
  [[nodiscard]] virtual std::size_t room() const { return 0; }
  // Takes up to `size` bytes and returns how many. With OPOST off the discipline calls it without asking room().
  virtual std::size_t write(const std::uint8_t* bytes, std::size_t size) {
    static_cast<void>(bytes);
    static_cast<void>(size);
    return 0;
  }
  // Throws away what the master has not been given yet (Ctrl-C without NOFLSH, TCOFLUSH).
  virtual void discard() {}

 protected:
  ~MasterPort() = default;
};

}  // namespace farpty::tty
