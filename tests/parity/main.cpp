// parity: the line discipline against the kernel's, on random steps.
//
//   parity [--steps N] [--seconds N] [--seed N] [--progress SECONDS]
//   parity --seed N --replay          one episode, patiently, and the shortest list of steps that still differs
//   farpty run --terminal emulated -- parity --on-device ...      the same with a pty of our device, through the shim, in the
//                                     kernel's place
//
// Exit status 0: no difference; 1: a difference; 77: no pty can be had here, or TIOCSTI is not
// allowed (it needs CAP_SYS_ADMIN).
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

#include "episode.hpp"
#include "random.hpp"

namespace farpty::parity {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::uint64_t steps = 1'000'000;
  std::uint64_t seconds = 0;  // 0: no limit
  std::uint64_t seed = 0;
  std::uint64_t progress = 0;
  bool replay = false;
  Maker maker = Maker::kKernel;
};

constexpr int kSkipped = 77;  // what CTest takes for a skip

struct Counts {
  std::uint64_t steps = 0, episodes = 0, raced = 0, repeated = 0;
  std::uint64_t beyond[std::size(kBeyondNames)] = {};
};

int fail(const Error& error) {
  fmt::print(stderr, "parity: {}\n", error.message());
  return 2;
}

std::string kernel_name() {
  utsname name{};
  ::uname(&name);
  return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

void report(const Counts& counts, Clock::time_point start) {
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  fmt::print(
      "{} steps in {} episodes, {:.0f} s, {:.2f} us a step; {} episodes ended at a step that the kernel's "
      "scheduling decides, {} were done twice\n",
      counts.steps, counts.episodes, seconds, counts.steps > 0 ? seconds * 1e6 / static_cast<double>(counts.steps) : 0,
      counts.raced, counts.repeated);
  std::string ended;
  for (std::size_t i = 1; i < std::size(kBeyondNames); ++i)
    if (counts.beyond[i] != 0)
      ended += fmt::format("{} {}: {}", ended.empty() ? "" : ",", kBeyondNames[i], counts.beyond[i]);
  if (!ended.empty()) fmt::print("  ended where our queues are others:{}\n", ended);
  std::fflush(stdout);
}

void print_difference(std::uint64_t seed, Maker maker, const Verdict& verdict) {
  fmt::print("DIFFERENCE on {}, replay with --seed {} --replay\n", kernel_name(), seed);
  for (std::size_t i = 0; i < verdict.steps.size(); ++i) fmt::print("  {:3} {}\n", i + 1, verdict.steps[i].text());
  const char* const side = maker == Maker::kKernel ? "kernel" : "device";
  fmt::print("  {}: {}\n  model:  {}\n", side, verdict.observed.text(), verdict.expected.text());
  std::fflush(stdout);
}

// For who looks into what the report only counts.
bool prints_races() { return std::getenv("PARITY_RACES") != nullptr; }

// An episode that differs is done again with more and more patience: a worker of the kernel's may have been late.
int judge(std::uint64_t seed, Maker maker, bool& differs) {
  Verdict verdict;
  for (const long patience : kPatience) {
    auto again = run_seed(seed, patience, maker);
    if (!again) return fail(again.error());
    differs = again->kind == Verdict::Kind::kDifferent;
    if (!differs) return 0;
    if (prints_races())
      fmt::print("differed at first: seed {}, step {}: {}\n  seen:  {}\n  model: {}\n", seed, again->steps.size(),
                 again->steps.back().text(), again->observed.text(), again->expected.text());
    verdict = *std::move(again);
  }
  fmt::print(
      "a difference after {} steps (seed {}); leaving out what does not matter\n  {}\n  seen:  {}\n  model: {}\n",
      verdict.steps.size(), seed, verdict.steps.back().text(), verdict.observed.text(), verdict.expected.text());
  std::fflush(stdout);
  auto shortest = shrink(std::move(verdict), maker);
  if (!shortest) return fail(shortest.error());
  print_difference(seed, maker, *shortest);
  return 1;
}

int run_many(const Options& options) {
  Random seeds(options.seed);
  Counts counts;
  const auto start = Clock::now();
  auto next_report = start + std::chrono::seconds(options.progress);
  const auto end = start + std::chrono::seconds(options.seconds);
  fmt::print("parity: {} {}, seed {}\n", options.maker == Maker::kKernel ? "reference" : "our device on", kernel_name(),
             options.seed);
  std::fflush(stdout);
  while (counts.steps < options.steps && (options.seconds == 0 || Clock::now() < end)) {
    const std::uint64_t seed = seeds.next();
    auto verdict = run_seed(seed, kQuick, options.maker);
    if (!verdict) return fail(verdict.error());
    if (verdict->kind == Verdict::Kind::kDifferent) {
      bool differs = false;
      if (const int status = judge(seed, options.maker, differs); differs || status != 0) {
        report(counts, start);
        return status;
      }
      ++counts.repeated;
    }
    if (verdict->kind == Verdict::Kind::kRaced) {
      ++counts.raced;
      if (prints_races()) fmt::print("raced: {}\n", verdict->steps.back().text());
    }
    if (verdict->kind == Verdict::Kind::kBeyond) ++counts.beyond[static_cast<std::size_t>(verdict->beyond)];
    counts.steps += verdict->steps.size();
    ++counts.episodes;
    if (options.progress > 0 && Clock::now() >= next_report) {
      report(counts, start);
      next_report += std::chrono::seconds(options.progress);
    }
  }
  report(counts, start);
  fmt::print("zero differences\n");
  return 0;
}

Result<> probe(Maker maker) {
  FARPTY_ASSIGN(kernel, KernelSide::open(kQuick));
  FARPTY_TRY(kernel.check_maker(maker));
  return kernel.try_simulation();
}

int run_child(const Options& options) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a session of its own would outlive its parent's group
  if (auto ready = become_terminal_user(); !ready) return fail(ready.error());
  if (auto probed = probe(options.maker); !probed) {
    // No kernel pty is a host's lack; no pty of our own device is our fault.
    if (options.maker == Maker::kDevice) return fail(probed.error());
    fmt::print("parity: skipped: {}\n", probed.error().message());
    return kSkipped;
  }
  if (!options.replay) return run_many(options);
  bool differs = false;
  const int status = judge(options.seed, options.maker, differs);
  if (status == 0) fmt::print("seed {}: no difference\n", options.seed);
  return status;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--replay") {
      options.replay = true;
      continue;
    }
    if (name == "--on-device") {
      options.maker = Maker::kDevice;
      continue;
    }
    std::uint64_t Options::* const value = name == "--steps"      ? &Options::steps
                                           : name == "--seconds"  ? &Options::seconds
                                           : name == "--seed"     ? &Options::seed
                                           : name == "--progress" ? &Options::progress
                                                                  : nullptr;
    if (value == nullptr || ++i == argc) return false;
    options.*value = std::strtoull(argv[i], nullptr, 10);
  }
  return true;
}

}  // namespace
}  // namespace farpty::parity

// A child, because a new session needs a process that leads no group.
int main(int argc, char** argv) {
  using namespace farpty::parity;
  Options options;
  options.seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  if (!parse(argc, argv, options)) {
    fmt::print(stderr,
               "usage: parity [--steps N] [--seconds N] [--seed N] [--progress SECONDS] [--replay] [--on-device]\n");
    return 2;
  }
  const pid_t child = ::fork();
  if (child < 0) return fail(farpty::os_error("cannot start", "a process").error());
  if (child == 0) {
    const int status = run_child(options);
    std::fflush(stdout);
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
