// `farpty doctor`: what this machine allows, which kind of terminal comes of it, and what that means.
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/shell.hpp"
#include "app/user.hpp"
#include "base/log.hpp"
#include "pty/host.hpp"
#include "pty/ladder.hpp"
#include "pty/private_devpts.hpp"

namespace farpty::app {

namespace {

constexpr int kNoShell = 1;
constexpr const char* kLook = "--look";  // what it says to itself (looker)

void say(std::string_view what, std::string_view answer) { fmt::print("{:<32}{}\n", what, answer); }

std::string in_words(const Result<>& result) { return result ? "yes" : "no: " + result.error().message(); }

// A machine without a shell is looked at by farpty-sh, where that is, or by this executable itself. Not always: a dynamic program, as
// shells are, and farpty-sh, which brings the library along, may see a terminal that a static one, as this may be, does not
// (explain_emulated).
pty::Program looker() {
  pty::Program program = pty::looking_shell();
  program.file = find_shell(program.file).path;
  if (access(program.file.c_str(), X_OK) == 0) return program;
  program.file = "/proc/self/exe";
  program.arguments = {"farpty", "doctor", kLook};
  return program;
}

// The rungs of the ladder, each tried with a program on it.
struct Rungs {
  Result<> kernel, own, emulated;
  std::shared_ptr<const pty::PrivateDevpts> devpts;
};

Rungs try_all() {
  Rungs rungs;
  const pty::Program looks = looker();
  rungs.kernel = pty::try_kernel_pty();
  if (rungs.kernel) rungs.kernel = pty::try_terminal(pty::TerminalKind::kKernel, looks);
  if (auto made = pty::PrivateDevpts::make()) {
    rungs.devpts = std::move(*made);
    pty::TerminalSource source = pty::TerminalKind::kDevpts;
    source.devpts = rungs.devpts;
    rungs.own = pty::try_terminal(source, looks);
  } else {
    rungs.own = std::unexpected(made.error());
  }
  rungs.emulated = pty::try_terminal(pty::TerminalKind::kEmulated, looks);
  return rungs;
}

std::string chosen(const Rungs& rungs) {
  if (rungs.kernel) return "kernel";
  if (rungs.own) return "devpts";
  if (rungs.emulated) return "emulated";
  return "none";
}

void explain_devpts(const pty::PrivateDevpts& devpts) {
  fmt::print(
      "The host gives no pseudoterminals, but the kernel lets farpty mount a devpts of its own. An interactive shell "
      "is\n"
      "possible, on real terminals.");
  if (devpts.keeps_setuid() && devpts.has_tty()) return fmt::print("\n");
  fmt::print(" What will not work:\n");
  if (!devpts.keeps_setuid())
    fmt::print(
        "  - sudo and su: programs run in a user namespace, where set-user-ID has no power\n"
        "  - files of other users are shown as nobody's\n");
  if (!devpts.has_tty())
    fmt::print("  - /dev/tty: programs that ask for a password while their input is redirected find no terminal\n");
}

// `refusal`: of the listener, on which all hangs that the library cannot be loaded into.
void explain_emulated(int refusal) {
  fmt::print(
      "The kernel gives no pseudoterminals, so farpty makes the terminals itself. An interactive shell is possible,\n"
      "with job control and full-screen programs. What will not work:\n");
  if (refusal == EBUSY)
    fmt::print(
        "  - static programs (busybox-static, most Go programs) see no terminal: another program, a farpty or a "
        "container\n"
        "    manager, listens to the system calls of this process tree already, and a tree can have one listener\n");
  else if (refusal != 0)
    fmt::print(
        "  - static programs (busybox-static, most Go programs) see no terminal: there is no seccomp listener "
        "(above)\n");
  if (refusal != 0 || geteuid() != 0)
    fmt::print("  - sudo and su see no terminal{}\n",
               refusal == 0 ? ", and gain no rights when a static program starts them" : "");
  fmt::print("  - ps and who show no terminal\n");
}

int explain(const Rungs& rungs) {
  fmt::print("\n");
  if (rungs.kernel) {
    fmt::print("Programs run on pseudoterminals of the kernel. An interactive shell is possible.\n");
    return 0;
  }
  if (rungs.own) {
    explain_devpts(*rungs.devpts);
    return 0;
  }
  if (rungs.emulated) {
    explain_emulated(pty::listener_refusal());
    return 0;
  }
  fmt::print(
      "No terminal can be had here: an interactive shell is not possible.\n"
      "Programs can be run on pipes: --terminal pipes\n");
  return kNoShell;
}

int doctor() {
  log::open(false);
  const Rungs rungs = try_all();
  say("kernel pseudoterminals", in_words(rungs.kernel));
  say("private devpts", in_words(rungs.own));
  say("emulated terminals", in_words(rungs.emulated));
  say("chosen", chosen(rungs));
  for (const auto& [what, answer] : pty::look_at_host()) say(what, answer);
  const std::string shell = find_shell(current_user().value_or(User{}).shell).path;
  say("shell", access(shell.c_str(), X_OK) == 0 ? shell : shell + " cannot be executed, and there is no farpty-sh");
  return explain(rungs);
}

}  // namespace

Run add_doctor(CLI::App& app) {
  CLI::App* const command = app.add_subcommand("doctor", "say what kind of terminal this machine gives, and why");
  CLI::Option* const looks = command->add_flag(kLook)->group("");  // not in the help
  return [looks] { return looks->count() == 0 ? doctor() : pty::is_on_trial_terminal() ? 0 : kNoShell; };
}

}  // namespace farpty::app
