#include "pty/ladder.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cstdlib>

#include "pty/emulated_pty.hpp"

namespace farpty::pty {

Result<TerminalChoice> parse_terminal_choice(const std::string& text) {
  if (text == "auto") return TerminalChoice::kAuto;
  if (text == "kernel") return TerminalChoice::kKernel;
  if (text == "emulated") return TerminalChoice::kEmulated;
  if (text == "pipes") return TerminalChoice::kPipes;
  return failure("cannot understand", "'" + text + "'", "it is neither auto, kernel, emulated nor pipes");
}

Result<> try_kernel_pty() {
  const OwnedFd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master) return os_error("cannot open", "/dev/ptmx");
  if (unlockpt(master.get()) != 0) return os_error("cannot unlock", "a pseudoterminal");
  char name[64];
  if (ptsname_r(master.get(), name, sizeof name) != 0) return os_error("cannot name", "a pseudoterminal");
  OwnedFd slave(ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) slave = OwnedFd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) return os_error("cannot open", name);
  return {};
}

Result<Rung> choose_terminal(TerminalChoice choice) {
  switch (choice) {
    case TerminalChoice::kKernel: return Rung{TerminalKind::kKernel, "kernel pseudoterminals, as asked for"};
    case TerminalChoice::kPipes: return Rung{TerminalKind::kPipes, "none, as asked for: programs run on pipes"};
    case TerminalChoice::kEmulated:
      FARPTY_TRY(find_library());
      return Rung{TerminalKind::kEmulated, "emulated, as asked for"};
    case TerminalChoice::kAuto: break;
  }
  const auto kernel = try_kernel_pty();
  if (kernel) return Rung{TerminalKind::kKernel, "kernel pseudoterminals"};
  if (const auto library = find_library(); !library) {
    return failure("cannot give", "a terminal",
                   kernel.error().message() + ", and for an emulated one " + library.error().message(),
                   "--terminal pipes runs programs without a terminal");
  }
  return Rung{TerminalKind::kEmulated, "emulated, because the kernel gives none: " + kernel.error().message()};
}

}  // namespace farpty::pty
