// cases: the examples in *.case files, on our line discipline (`cases ours FILE...`), on the kernel's (`cases kernel FILE...`), or
// on a pair of our device, through the shim (`farpty run --terminal emulated -- cases device FILE...`).
//
// The same file must hold everywhere: an example that the kernel contradicts is a wrong example. Those that say `deviates` must
// fail on the device: an exception that is none any more is a failure too.
// Exit status 0: all hold; 77: no pty can be had here, nothing was tried.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string_view>

#include "case_file.hpp"
#include "kernel_side.hpp"
#include "model_side.hpp"

namespace farpty::parity {
namespace {

enum class Where : std::uint8_t { kOurs, kKernel, kDevice };

KernelSide::Read how_to_read(End end) {
  switch (end) {
    case End::kByTimer: return KernelSide::Read::kBlocking;
    case End::kBySignal: return KernelSide::Read::kInterrupted;
    case End::kAtOnce: break;
  }
  return KernelSide::Read::kNonblocking;
}

// The kernel's side needs to know what to wait for: our side runs along.
std::string run_on(Where where, const Case& example) {
  ModelSide model;
  std::optional<KernelSide> kernel;
  if (where != Where::kOurs) {
    auto opened = KernelSide::open(kPatience[1]);
    if (!opened) return opened.error().message();
    kernel.emplace(*std::move(opened));
  }
  return run_case(example, [&](const Step& step, End end) {
    Observation ours;
    model.run(step, ours);
    if (ours.result < 0 && end != End::kAtOnce) ours.result = model.waits_deciseconds() > 0 ? 0 : -EINTR;
    if (!kernel) return ours;
    Observation seen;
    kernel->run(step, how_to_read(end), {}, ours, seen);
    kernel->rest();
    return seen;
  });
}

int run_files(Where where, int count, char** files) {
  std::size_t tried = 0, failed = 0;
  for (int i = 0; i < count; ++i) {
    auto cases = read_cases(files[i]);
    if (!cases) {
      fmt::print(stderr, "cases: {}\n", cases.error().message());
      return 2;
    }
    for (const Case& example : *cases) {
      ++tried;
      std::string wrong = run_on(where, example);
      if (where == Where::kDevice && example.deviates) {
        wrong = wrong.empty() ? "it holds on the device by now: `deviates` is to go, here and in the docs" : "";
      }
      if (wrong.empty()) continue;
      ++failed;
      fmt::print("{}:{}: {}\n    {}\n", example.file, example.line, example.name, wrong);
    }
  }
  fmt::print("{} cases, {} failed\n", tried, failed);
  return failed == 0 && tried > 0 ? 0 : 1;
}

int run_child(Where where, int count, char** files) {
  if (where != Where::kOurs) {
    if (auto ready = become_terminal_user(); !ready) {
      fmt::print("cases: {}\n", ready.error().message());
      return 2;
    }
    auto probe = KernelSide::open(kQuick);
    if (!probe) {
      fmt::print("cases: skipped: {}\n", probe.error().message());
      return 77;
    }
    if (auto as_meant = probe->check_maker(where == Where::kDevice ? Maker::kDevice : Maker::kKernel); !as_meant) {
      fmt::print(stderr, "cases: {}\n", as_meant.error().message());
      return 2;
    }
  }
  return run_files(where, count, files);
}

}  // namespace
}  // namespace farpty::parity

// A child, because a new session needs a process that leads no group.
int main(int argc, char** argv) {
  using farpty::parity::Where;
  const std::string_view name = argc > 2 ? argv[1] : "";
  const auto where = name == "ours" ? Where::kOurs : name == "kernel" ? Where::kKernel : Where::kDevice;
  if (where == Where::kDevice && name != "device") {
    fmt::print(stderr, "usage: cases ours|kernel|device FILE...\n");
    return 2;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    const int status = farpty::parity::run_child(where, argc - 2, argv + 2);
    std::fflush(stdout);
    ::_exit(status);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return 2;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
