// `farpty doctor`: what this machine allows, which kind of terminal comes of it, and what that means.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "base/log.hpp"
#include "pty/host.hpp"
#include "pty/ladder.hpp"

namespace farpty::app {

namespace {

constexpr int kNoShell = 1;

void say(std::string_view what, std::string_view answer) { fmt::print("{:<32}{}\n", what, answer); }

std::string in_words(const Result<>& result) { return result ? "yes" : "no: " + result.error().message(); }

int verdict(bool kernel, bool emulated) {
  fmt::print("\n");
  if (kernel) {
    fmt::print("Programs run on pseudoterminals of the kernel. An interactive shell is possible.\n");
    return 0;
  }
  if (emulated) {
    fmt::print(
        "The kernel gives no pseudoterminals, so farpty makes the terminals itself. An interactive shell is possible,\n"
        "with job control and full-screen programs. What will not work:\n"
        "  - static programs (busybox-static, most Go programs) see no terminal\n"
        "  - sudo and su see no terminal, and ps shows none\n");
    return 0;
  }
  fmt::print(
      "No terminal can be had here: an interactive shell is not possible.\n"
      "Programs can be run on pipes: --terminal pipes\n");
  return kNoShell;
}

int doctor() {
  log::open(false);
  const auto kernel = pty::try_kernel_pty();
  const auto emulated = pty::try_emulated_pty();
  say("kernel pseudoterminals", in_words(kernel));
  say("emulated terminals", in_words(emulated));
  for (const auto& [what, answer] : pty::look_at_host()) say(what, answer);
  return verdict(kernel.has_value(), emulated.has_value());
}

}  // namespace

Run add_doctor(CLI::App& app) {
  app.add_subcommand("doctor", "say what kind of terminal this machine gives, and why");
  return [] { return doctor(); };
}

}  // namespace farpty::app
