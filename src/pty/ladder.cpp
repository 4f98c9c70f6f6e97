#include "pty/ladder.hpp"

#include <fcntl.h>

#include <cstdlib>

#include "pty/emulated_pty.hpp"
#include "pty/kernel_pty.hpp"
#include "pty/private_devpts.hpp"

namespace farpty::pty {

namespace {

Result<Rung> private_rung(const std::string& because) {
  FARPTY_ASSIGN(devpts, PrivateDevpts::make());
  std::string why = "a private devpts" + because;
  for (const std::string& drawback : drawbacks(*devpts)) why += "; " + drawback;
  Rung rung{.source = TerminalKind::kDevpts, .why = std::move(why)};
  rung.source.devpts = std::move(devpts);
  return rung;
}

// Why the kernel's own did not do, and then why a private devpts did not.
Result<Rung> lower_rung(const std::string& no_kernel) {
  auto own = private_rung(", because the host gives none: " + no_kernel);
  if (own) return own;
  const std::string reasons = no_kernel + "; " + own.error().message();
  if (const auto library = find_library(); !library)
    return failure("cannot give", "a terminal", reasons + "; and for an emulated one " + library.error().message(),
                   "--terminal pipes runs programs without a terminal");
  return Rung{.source = TerminalKind::kEmulated, .why = "emulated, because the kernel gives none: " + reasons};
}

}  // namespace

Result<TerminalChoice> parse_terminal_choice(const std::string& text) {
  if (text == "auto") return TerminalChoice::kAuto;
  if (text == "kernel") return TerminalChoice::kKernel;
  if (text == "devpts") return TerminalChoice::kDevpts;
  if (text == "emulated") return TerminalChoice::kEmulated;
  if (text == "pipes") return TerminalChoice::kPipes;
  return failure("cannot understand", "'" + text + "'", "it is neither auto, kernel, devpts, emulated nor pipes");
}

Result<> try_kernel_pty() {
  const OwnedFd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master) return os_error("cannot open", "/dev/ptmx");
  FARPTY_ASSIGN(slave, open_slave(master.get(), SlaveBy::kMasterElseName));
  return {};
}

std::vector<std::string> drawbacks(const PrivateDevpts& devpts) {
  std::vector<std::string> found;
  if (!devpts.keeps_setuid()) found.emplace_back("sudo will not work");
  if (!devpts.has_tty()) found.emplace_back("there is no /dev/tty");
  return found;
}

Result<Rung> choose_terminal(TerminalChoice choice) {
  switch (choice) {
    case TerminalChoice::kKernel: return Rung{TerminalKind::kKernel, "kernel pseudoterminals, as asked for"};
    case TerminalChoice::kPipes: return Rung{TerminalKind::kPipes, "none, as asked for: programs run on pipes"};
    case TerminalChoice::kDevpts: return private_rung(", as asked for");
    case TerminalChoice::kEmulated:
      FARPTY_TRY(find_library());
      return Rung{TerminalKind::kEmulated, "emulated, as asked for"};
    case TerminalChoice::kAuto: break;
  }
  const auto kernel = try_kernel_pty();
  if (kernel) return Rung{TerminalKind::kKernel, "kernel pseudoterminals"};
  return lower_rung(kernel.error().message());
}

}  // namespace farpty::pty
