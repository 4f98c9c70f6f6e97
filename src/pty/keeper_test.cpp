#include "pty/keeper.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pty/children.hpp"
#include "pty/process_table.hpp"
#include "pty/terminal.hpp"

namespace farpty::pty {
namespace {

// Each leaves its pid in $PIDS, and the script goes on when all of them have.
constexpr const char* kLeaveSomeBehind = R"sh(
  set +m
  nohup sh -c 'echo $$ >>"$PIDS"; exec sleep 1000' >"/dev/null" 2>&1 &
  (trap '' HUP; sh -c 'echo $$ >>"$PIDS"; exec sleep 1000' &)
  setsid sh -c 'echo $$ >>"$PIDS"; exec sleep 1000' &
  (setsid sh -c '(sh -c "echo \$\$ >>\"$PIDS\"; exec sleep 1000" &)' &)
  while [ "$(wc -l <"$PIDS")" -lt 4 ]; do sleep 0.01; done
  )sh";

class KeeperTest : public testing::TestWithParam<TerminalKind> {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "farpty-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    std::ofstream(folder_ + "/pids").flush();
  }
  void TearDown() override {
    for (const pid_t pid : pids()) kill(pid, SIGKILL);
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] Program program(const std::string& script, Leftovers leftovers) const {
    return {.file = "bash",
            .arguments = {"bash", "--norc", "-c", script},
            .environment = {"PATH=/usr/bin:/bin", "PIDS=" + folder_ + "/pids"},
            .directory = "/",
            .leftovers = leftovers};
  }
  Started start(const std::string& script, Leftovers leftovers) {
    auto started = pty::start(context_, GetParam(), program(script, leftovers), {});
    EXPECT_TRUE(started) << started.error().message();
    return std::move(*started);
  }
  ExitStatus wait_for(const Started& started) {
    ExitStatus got;
    EXPECT_TRUE(children_.watch(started.child.pid, [&](ExitStatus status) {
      got = status;
      context_.stop();
    }));
    context_.restart();
    context_.run();
    return got;
  }
  [[nodiscard]] std::vector<pid_t> pids() const {
    std::vector<pid_t> found;
    std::ifstream file(folder_ + "/pids");
    for (pid_t pid = 0; file >> pid;) found.push_back(pid);
    return found;
  }
  [[nodiscard]] std::vector<pid_t> alive() const {
    auto found = pids();
    std::erase_if(found, [](pid_t pid) {
      const auto process = read_process("/proc/" + std::to_string(pid));
      return process.pid == 0 || process.state == 'Z';
    });
    return found;
  }
  // Polls for what other processes do.
  static void wait_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < deadline)
      usleep(1000);  // lint-allow(sleep): not our child
    EXPECT_TRUE(condition());
  }

  std::string folder_;
  boost::asio::io_context context_;
  Children children_{context_};
};

INSTANTIATE_TEST_SUITE_P(Kinds, KeeperTest, testing::Values(TerminalKind::kKernel, TerminalKind::kPipes));

TEST_P(KeeperTest, WithoutOneJobsAndDaemonsLiveOn) {
  const auto started = start(std::string(kLeaveSomeBehind) + "exit 5", Leftovers::kLiveOn);
  EXPECT_EQ(started.child.pid, started.child.leader);
  EXPECT_EQ(wait_for(started).code, 5);
  started.terminal->hangup();
  EXPECT_EQ(pids().size(), 4U);
  EXPECT_THAT(alive(), testing::UnorderedElementsAreArray(pids()));
}

TEST_P(KeeperTest, NothingOutlivesTheProgram) {
  const auto started = start(std::string(kLeaveSomeBehind) + "exit 5", Leftovers::kAreKilled);
  EXPECT_NE(started.child.pid, started.child.leader);
  EXPECT_EQ(wait_for(started).code, 5);
  EXPECT_EQ(pids().size(), 4U);
  EXPECT_THAT(alive(), testing::IsEmpty());
}

TEST_P(KeeperTest, EndsByTheSignalThatEndedTheProgram) {
  EXPECT_EQ(wait_for(start("kill -TERM $$", Leftovers::kAreKilled)).signal, SIGTERM);
  EXPECT_EQ(wait_for(start("kill -SEGV $$", Leftovers::kAreKilled)).signal, SIGSEGV);
  EXPECT_EQ(wait_for(start("kill -KILL $$", Leftovers::kAreKilled)).signal, SIGKILL);
  EXPECT_EQ(wait_for(start("exit 0", Leftovers::kAreKilled)).shell_code(), 0);
}

TEST_P(KeeperTest, KillsAllWhenItsLifelineIsCut) {
  auto started =
      start("trap '' HUP TERM INT; " + std::string(kLeaveSomeBehind) + "echo $$ >>$PIDS; while :; do sleep 1; done",
            Leftovers::kAreKilled);
  wait_until([this] { return pids().size() == 5; });
  started.child.keeper.reset();
  EXPECT_EQ(wait_for(started).signal, SIGKILL);
  EXPECT_THAT(alive(), testing::IsEmpty());
}

TEST_P(KeeperTest, KillsWhoKeepsForking) {
  const auto started = start(R"sh(
    : >"$PIDS.forks"
    setsid bash -c 'echo $$ >>"$PIDS"; while :; do (setsid sleep 1000 &); echo more >>"$PIDS.forks"; done' &
    while [ "$(wc -l <"$PIDS.forks")" -lt 20 ]; do sleep 0.01; done; exit 7)sh",
                             Leftovers::kAreKilled);
  EXPECT_EQ(wait_for(started).code, 7);
  EXPECT_THAT(alive(), testing::IsEmpty());
}

TEST_P(KeeperTest, ReapsOrphansWhileTheProgramRuns) {
  auto started = start("for i in 1 2 3; do (sh -c 'echo $$ >>$PIDS' &); done; sleep 1000", Leftovers::kAreKilled);
  const auto gone = [](pid_t pid) { return read_process("/proc/" + std::to_string(pid)).pid == 0; };
  wait_until([&] { return pids().size() == 3 && std::ranges::all_of(pids(), gone); });
  started.child.keeper.reset();
  wait_for(started);
}

TEST_P(KeeperTest, HoldsNoneOfOurDescriptors) {
  int ours[2];
  ASSERT_EQ(pipe(ours), 0);  // inheritable, as a careless library makes them
  auto started = start("sleep 1000", Leftovers::kAreKilled);
  const std::filesystem::path folder = "/proc/" + std::to_string(started.child.pid) + "/fd";
  const std::filesystem::directory_iterator end;
  // The pipe by which it reported is closed after the report.
  wait_until([&] { return std::distance(std::filesystem::directory_iterator(folder), end) == 5; });
  std::vector<std::string> held;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    held.push_back(std::filesystem::read_symlink(entry));
  using testing::StartsWith;
  EXPECT_THAT(held, testing::UnorderedElementsAre("/dev/null", "/dev/null", "/dev/null", StartsWith("pipe:"),
                                                  "anon_inode:[signalfd]"));
  close(ours[0]);
  close(ours[1]);
  started.child.keeper.reset();
  wait_for(started);
}

TEST_P(KeeperTest, SaysWhyNotAndLeavesNoChild) {
  Program missing = program("", Leftovers::kAreKilled);
  missing.file = "no-such-program";
  const auto started = pty::start(context_, GetParam(), missing, {});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message(), "cannot run no-such-program: no such file or directory");
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

// The whole of the server's death: a process that holds the lifeline and dies.
TEST_P(KeeperTest, KillsAllWhenTheServerDies) {
  const pid_t server = fork();
  if (server == 0) {
    auto started = pty::start(context_, GetParam(),
                              program(std::string(kLeaveSomeBehind) + "sleep 1000", Leftovers::kAreKilled), {});
    wait_until([this] { return pids().size() == 4; });
    kill(getpid(), SIGKILL);
  }
  waitpid(server, nullptr, 0);
  EXPECT_EQ(pids().size(), 4U);
  wait_until([this] { return alive().empty(); });
}

}  // namespace
}  // namespace farpty::pty
