#include "session/session.hpp"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "cast/reader.hpp"

#include "session/registry.hpp"

namespace farpty::session {
namespace {

using namespace std::chrono_literals;

// A viewer that takes output up to a bound, and remembers.
class Watcher final : public Viewer {
 public:
  std::size_t room = std::numeric_limits<std::size_t>::max();
  std::string seen;
  std::optional<End> end;
  std::function<void()> on_output = [] {};
  int input_wanted_calls = 0;
  bool typed = false;
  mutable int asked = 0;  // for input_waits()

  [[nodiscard]] std::size_t output_room() const override { return room; }
  void output(Bytes bytes) override {
    seen += as_text(bytes);
    if (room != std::numeric_limits<std::size_t>::max()) room -= bytes.size();
    on_output();
  }
  [[nodiscard]] bool input_waits() const override {
    ++asked;
    return typed;
  }
  void input_wanted() override { ++input_wanted_calls; }
  void ended(const End& how) override { end = how; }
  [[nodiscard]] std::string door() const override { return "test"; }
  [[nodiscard]] std::string peer() const override { return "here"; }
};

class SessionTest : public testing::Test {
 protected:
  Seat* start(const std::string& script, pty::TerminalKind kind = pty::TerminalKind::kKernel) {
    spec_.terminal = kind;
    spec_.program = {.file = "bash",
                     .arguments = {"bash", "--norc", "-c", script},
                     .environment = {"PATH=/usr/bin:/bin", "TERM=xterm"},
                     .directory = "/",
                     .leftovers = leftovers_};
    auto started = registry_.start(spec_, watcher_);
    EXPECT_TRUE(started) << started.error().message();
    return *started;
  }
  // Runs the loop until the condition holds; the bound is far beyond what any of this takes.
  void run_until(const std::function<bool()>& condition) {
    context_.restart();
    const auto deadline = Clock::now() + 20s;
    while (!condition() && Clock::now() < deadline) context_.run_one_for(100ms);
    EXPECT_TRUE(condition());
  }
  void run_to_end() {
    run_until([this] { return watcher_.end.has_value(); });
  }
  [[nodiscard]] bool contains(const std::string& text) const { return watcher_.seen.find(text) != std::string::npos; }

  boost::asio::io_context context_{1};
  pty::Children children_{context_};
  std::vector<std::byte> buffer_ = std::vector<std::byte>(64 * 1024);
  Registry registry_{Loop{.context = context_, .children = children_, .buffer = buffer_}};
  Watcher watcher_;
  Spec spec_;
  pty::Leftovers leftovers_ = pty::Leftovers::kLiveOn;
};

TEST_F(SessionTest, OutputComesWholeAndThenTheExitStatus) {
  start("seq 1 20000; exit 5");
  run_to_end();
  EXPECT_TRUE(watcher_.seen.ends_with("19999\r\n20000\r\n"));
  EXPECT_EQ(std::ranges::count(watcher_.seen, '\n'), 20000);
  EXPECT_EQ(watcher_.end->cause, Cause::kProgramEnded);
  EXPECT_EQ(watcher_.end->status.code, 5);
  run_until([this] { return registry_.count() == 0; });
}

TEST_F(SessionTest, ABackgroundJobThatHoldsTheTerminalDoesNotHoldTheEnd) {
  start("sleep 300 & echo started");
  run_to_end();
  EXPECT_TRUE(contains("started\r\n"));
}

TEST_F(SessionTest, ABackgroundFloodDoesNotMakeTheEndEndless) {
  start("trap '' HUP; yes & echo $! >&2; sleep 0.1; exit 3");
  run_to_end();
  EXPECT_EQ(watcher_.end->status.code, 3);
}

TEST_F(SessionTest, AViewerWithoutRoomStopsTheProgram) {
  watcher_.room = 10'000;
  auto* seat = start("seq 1 200000; echo the end");
  run_until([this] { return watcher_.room == 0; });
  context_.restart();
  context_.run_for(100ms);
  EXPECT_EQ(watcher_.seen.size(), 10'000U);
  watcher_.room = std::numeric_limits<std::size_t>::max();
  seat->output_wanted();
  run_to_end();
  EXPECT_TRUE(watcher_.seen.ends_with("the end\r\n"));
}

TEST_F(SessionTest, TheRestOfAWriteComesWhenAFullViewerHasRoomAgain) {
  watcher_.room = 4;
  auto* seat = start("printf 0123456789; read x");  // nothing more comes that would wake the session
  run_until([this] { return watcher_.room == 0; });
  EXPECT_EQ(watcher_.seen, "0123");
  watcher_.room = std::numeric_limits<std::size_t>::max();
  seat->output_wanted();
  run_until([this] { return contains("0123456789"); });
}

TEST_F(SessionTest, WaitingInputEndsARoundOfAFloodAtTheNextRead) {
  watcher_.typed = true;
  int most = 0;
  watcher_.on_output = [&] { most = std::max(most, std::exchange(watcher_.asked, 0)); };
  start("yes | head -c 200000");
  run_to_end();
  EXPECT_EQ(watcher_.seen.size(), 300000U);  // ONLCR
  EXPECT_EQ(most, 1);
}

TEST_F(SessionTest, InputWaitsInABoundedQueueAndIsNotLost) {
  auto* seat = start("stty raw -echo; echo ready; sleep 0.2; head -c 200000 | cksum; exit");
  run_until([this] { return contains("ready"); });
  std::string input(200'000, 'y');
  std::size_t sent = 0;
  while (sent < input.size()) {
    const std::size_t part = std::min(seat->input_room(), input.size() - sent);
    if (part > 0) seat->input(as_bytes(std::string_view(input).substr(sent, part)));
    sent += part;
    EXPECT_LE(seat->input_room(), kMaxInput);
    context_.restart();
    context_.run_one_for(10ms);
  }
  run_to_end();
  EXPECT_TRUE(contains("200000")) << watcher_.seen;
  EXPECT_GT(watcher_.input_wanted_calls, 0);
}

// A door keeps a few bytes of the room for what it may hold back, so it never sees a room of 0.
TEST_F(SessionTest, MoreInputIsAskedForAlsoWhenTheQueueWasNotQuiteFull) {
  auto* seat = start("stty raw -echo; echo ready; kill -STOP $$; exec cat >/dev/null");
  run_until([this] { return contains("ready"); });
  while (seat->input_room() > 64) {
    const std::string part(std::min<std::size_t>(seat->input_room() - 64, 4096), 'y');
    seat->input(as_bytes(part));
  }
  EXPECT_EQ(watcher_.input_wanted_calls, 0);
  run_until([this, seat] {
    kill(seat->session().info().leader, SIGCONT);  // it may only now be stopping
    return watcher_.input_wanted_calls > 0;
  });
  registry_.finish_all(Cause::kKilled);
  run_until([this] { return registry_.count() == 0; });
}

TEST_F(SessionTest, AGonePeerHangsTheProgramUp) {
  auto* seat = start("trap 'exit 9' HUP; echo ready; while :; do sleep 0.01; done");
  run_until([this] { return contains("ready"); });
  seat->viewer_gone();
  run_until([this] { return registry_.count() == 0; });
  EXPECT_FALSE(watcher_.end);
}

TEST_F(SessionTest, WhatIgnoresTheHangupIsKilledAfterTheGrace) {
  spec_.limits.hangup_grace = 50ms;
  auto* seat = start("trap '' HUP; echo pid $$; while :; do sleep 1; done");
  run_until([this] { return contains("\n"); });
  const pid_t pid = std::stoi(watcher_.seen.substr(watcher_.seen.find("pid ") + 4));
  seat->viewer_gone();
  run_until([this] { return registry_.count() == 0; });
  EXPECT_NE(kill(pid, 0), 0);
}

TEST_F(SessionTest, WithKillAllTheEndLeavesNothing) {
  leftovers_ = pty::Leftovers::kAreKilled;
  start("trap '' HUP; setsid sleep 1000 & echo pid $!; exit 6");
  run_to_end();
  EXPECT_EQ(watcher_.end->status.code, 6);
  const pid_t daemon = std::stoi(watcher_.seen.substr(watcher_.seen.find("pid ") + 4));
  EXPECT_NE(kill(daemon, 0), 0);
  run_until([this] { return registry_.count() == 0; });
}

TEST_F(SessionTest, WithKillAllTheGraceEndsBoth) {
  leftovers_ = pty::Leftovers::kAreKilled;
  spec_.limits.hangup_grace = 50ms;
  // The foreground job is a group of its own, as an interactive shell makes it; both ignore the hang-up.
  auto* seat = start("set -m; trap '' HUP; echo pid $$; bash -c 'echo ready; while :; do sleep 1; done'; sleep 1000");
  run_until([this] { return contains("ready"); });
  EXPECT_NE(seat->session().info().fg_pgrp, seat->session().info().leader);
  const pid_t leader = std::stoi(watcher_.seen.substr(watcher_.seen.find("pid ") + 4));
  EXPECT_EQ(seat->session().info().leader, leader);
  seat->viewer_gone();
  run_until([this] { return registry_.count() == 0; });
  EXPECT_NE(kill(leader, 0), 0);
}

TEST_F(SessionTest, LimitsEndIt) {
  spec_.limits.idle = 1s;
  start("echo ready; sleep 100");
  run_to_end();
  EXPECT_EQ(watcher_.end->cause, Cause::kIdle);
  run_until([this] { return registry_.count() == 0; });
  watcher_.end.reset();
  spec_.limits = {.max_duration = 1s};
  start("echo ready; sleep 100");
  run_to_end();
  EXPECT_EQ(watcher_.end->cause, Cause::kMaxDuration);
}

TEST_F(SessionTest, EndOfInputEndsAShell) {
  auto* seat = start("exec bash --norc -i");
  seat->input(as_bytes("echo one; cat; echo two\nline for cat\n"));
  seat->end_input();
  run_to_end();
  EXPECT_TRUE(contains("one\r\n")) << watcher_.seen;
  EXPECT_TRUE(contains("line for cat\r\n"));
}

TEST_F(SessionTest, TypesWhatTheProgramSetAsItsInterruptCharacter) {
  auto* seat = start("stty intr ^G; trap 'echo interrupted; exit 4' INT; echo ready; while :; do sleep 0.01; done");
  run_until([this] { return contains("ready"); });
  seat->type(pty::ControlCharacter::kInterrupt);
  run_to_end();
  EXPECT_TRUE(contains("interrupted"));
  EXPECT_EQ(watcher_.end->status.code, 4);
}

TEST_F(SessionTest, PipesCarryTheSame) {
  auto* seat = start("cat; echo end", pty::TerminalKind::kPipes);
  seat->input(as_bytes("typed"));
  seat->end_input();
  run_to_end();
  EXPECT_EQ(watcher_.seen, "typedend\n");
}

// Sessions that are recorded: the recording is the only one in its directory.
class RecordedSessionTest : public SessionTest {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "farpty-session-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    spec_.recording = Recording{.directory = directory_};
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string file() const {
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) return entry.path();
    return {};
  }
  [[nodiscard]] std::vector<cast::Event> events(cast::Event::Kind kind) const {
    std::stringstream text;
    text << std::ifstream(file(), std::ios::binary).rdbuf();
    cast::Reader reader;
    reader.feed(as_bytes(text.str()));
    reader.end();
    std::vector<cast::Event> found;
    while (true) {
      auto event = reader.next();
      EXPECT_TRUE(event) << event.error().message();
      if (!event || !*event) return found;
      if ((*event)->kind == kind) found.push_back(std::move(**event));
    }
  }
  [[nodiscard]] std::string bytes(cast::Event::Kind kind) const {
    std::string all;
    for (const auto& event : events(kind)) all += event.bytes;
    return all;
  }

  std::string directory_;
};

TEST_F(RecordedSessionTest, WhatAViewerSawIsInTheRecording) {
  watcher_.on_output = [this] { EXPECT_TRUE(bytes(cast::Event::Kind::kOutput).starts_with(watcher_.seen)); };
  Seat* const seat =
      start("stty -echo; echo ready; read -r line; stty size; printf 'caf\\351 %s\\n' \"$line\"; seq 1 2000");
  run_until([this] { return contains("ready"); });
  seat->resize({.columns = 100, .rows = 30});
  seat->input(as_bytes("typed\n"));
  run_to_end();
  watcher_.on_output = [] {};
  EXPECT_TRUE(contains("30 100\r\ncaf\351 typed\r\n"));
  EXPECT_EQ(bytes(cast::Event::Kind::kOutput), watcher_.seen);
  EXPECT_EQ(bytes(cast::Event::Kind::kInput), "");
  const auto sizes = events(cast::Event::Kind::kResize);
  ASSERT_EQ(sizes.size(), 1U);
  EXPECT_EQ(sizes[0].size, (WindowSize{.columns = 100, .rows = 30}));
}

TEST_F(RecordedSessionTest, InputIsRecordedWhereItIsAskedFor) {
  spec_.recording->input = RecordInput::kYes;
  Seat* const seat = start("echo ready; read -r line; sleep 300");
  run_until([this] { return contains("ready"); });
  seat->input(as_bytes("a line\n"));
  seat->type(pty::ControlCharacter::kInterrupt);
  run_to_end();
  EXPECT_EQ(bytes(cast::Event::Kind::kInput), "a line\n\x03");
}

TEST_F(RecordedSessionTest, WithoutARecordingNothingStarts) {
  std::filesystem::permissions(directory_, std::filesystem::perms::all);
  spec_.program = {.file = "sh", .arguments = {"sh", "-c", "touch " + directory_ + "/started"}, .directory = "/"};
  const auto started = registry_.start(spec_, watcher_);
  ASSERT_FALSE(started);
  EXPECT_EQ(registry_.count(), 0U);
  EXPECT_EQ(file(), "");
}

TEST_F(RecordedSessionTest, OfAProgramThatDoesNotStartThereIsNoRecording) {
  spec_.program = {.file = "/no/such/program", .arguments = {"program"}, .directory = "/"};
  ASSERT_FALSE(registry_.start(spec_, watcher_));
  EXPECT_EQ(file(), "");
}

TEST_F(RecordedSessionTest, WhatCannotBeRecordedIsNotSeenAndEndsTheSession) {
  spec_.lasting = Lasting{};
  Seat* const seat = start("echo before; read -r line; seq 1 100000; sleep 300");
  seat->output_wanted();
  run_until([this] { return contains("before\r\n"); });
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
  const auto action = std::signal(SIGXFSZ, SIG_IGN);
  rlimit little = usual;
  little.rlim_cur = std::filesystem::file_size(file()) + 5000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &little), 0);
  seat->input(as_bytes("\n"));
  run_to_end();
  setrlimit(RLIMIT_FSIZE, &usual);
  std::signal(SIGXFSZ, action);  // lint-allow(signal): what it was
  EXPECT_EQ(watcher_.end->cause, Cause::kNotRecorded);
  EXPECT_TRUE(bytes(cast::Event::Kind::kOutput).starts_with("before\r\n"));
  EXPECT_TRUE(watcher_.seen.ends_with(bytes(cast::Event::Kind::kOutput)));  // behind the redraw with which it began
  EXPECT_FALSE(contains("100000"));
  run_until([this] { return registry_.count() == 0; });
}

}  // namespace
}  // namespace farpty::session
