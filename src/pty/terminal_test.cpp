#include "pty/terminal.hpp"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include <gtest/gtest.h>

#include "pty/children.hpp"

namespace farpty::pty {
namespace {

Program shell(const std::string& script) {
  return {.file = "sh", .arguments = {"sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin"}, .directory = "/"};
}

struct Outcome {
  std::string output;
  ExitStatus status;
};

// Runs a program to its end with `input` typed at once, and collects what it wrote.
Outcome run(TerminalKind kind, const Program& program, std::string input, ChildWatch method,
            WindowSize size = {.columns = 100, .rows = 30}) {
  boost::asio::io_context context;
  Children children(context, method);
  auto started = start(context, kind, program, size);
  EXPECT_TRUE(started) << started.error().message();
  Terminal& terminal = *started->terminal;
  Outcome outcome;
  const auto drain = [&] {
    std::byte buffer[4096];
    while (true) {
      const auto got = terminal.read(buffer);
      if (got.code != 0) return;
      outcome.output += as_text(Bytes(buffer).first(got.count));
    }
  };
  std::function<void()> on_output = [&] {
    drain();
    terminal.when_readable(on_output);
  };
  EXPECT_EQ(terminal.write(as_bytes(input)).count, input.size());
  terminal.end_input();
  on_output();
  EXPECT_TRUE(children.watch(started->child.pid, [&](ExitStatus status) {
    outcome.status = status;
    drain();
    context.stop();
  }));
  context.run();
  return outcome;
}

class EachWatch : public testing::TestWithParam<ChildWatch> {};
INSTANTIATE_TEST_SUITE_P(Children, EachWatch, testing::Values(ChildWatch::kPidfdElseSignal, ChildWatch::kSignal));

TEST_P(EachWatch, TerminalIsOneAndHasItsSizeBeforeTheProgramStarts) {
  const auto got = run(TerminalKind::kKernel, shell("tty; stty size; stty -a | grep -o ' iutf8'"), "", GetParam());
  EXPECT_TRUE(got.output.starts_with("/dev/pts/")) << got.output;
  EXPECT_NE(got.output.find("30 100\r\n iutf8"), std::string::npos) << got.output;
  EXPECT_EQ(got.status.code, 0);
}

TEST_P(EachWatch, PipesAreNoTerminal) {
  const auto got = run(TerminalKind::kPipes, shell("tty; cat"), "typed", GetParam());
  EXPECT_EQ(got.output, "not a tty\ntyped");
}

TEST_P(EachWatch, ExitStatusAndSignal) {
  EXPECT_EQ(run(TerminalKind::kKernel, shell("exit 7"), "", GetParam()).status.code, 7);
  const auto killed = run(TerminalKind::kKernel, shell("kill -TERM $$"), "", GetParam());
  EXPECT_EQ(killed.status.signal, SIGTERM);
  EXPECT_EQ(killed.status.shell_code(), 143);
  EXPECT_EQ(killed.status.text(), "killed by signal 15 (SIGTERM)");
}

TEST_P(EachWatch, EndOfInputReachesEveryReaderInTurn) {
  const auto got = run(TerminalKind::kKernel, shell("stty -echo; cat; cat; echo done"), "", GetParam());
  EXPECT_EQ(got.output, "done\r\n");
}

TEST_P(EachWatch, APartialLineComesBeforeTheEnd) {
  const auto got = run(TerminalKind::kKernel, shell("cat >/dev/null; echo end"), "no newline", GetParam());
  EXPECT_NE(got.output.find("end\r\n"), std::string::npos) << got.output;
}

TEST(Spawn, ChildIsClean) {
  // 32 is the C library's own, which it lets nobody set; what glibc's posix_spawn started inherits it ignored.
  const std::array<unsigned long, 8> ignore{1};  // rt_sigaction(2): SIG_IGN
  ASSERT_EQ(syscall(SYS_rt_sigaction, 32, ignore.data(), nullptr, 8), 0);
  signal(SIGUSR1, SIG_IGN);
  const auto got =
      run(TerminalKind::kKernel,
          shell("grep -E 'Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | tr '\\n' ' '; ps -o sid= -p $$ | "
                "grep -qw $$ && echo leader"),
          "", ChildWatch::kPidfdElseSignal);
  signal(SIGUSR1, SIG_DFL);
  EXPECT_NE(got.output.find("SigBlk:\t0000000000000000"), std::string::npos) << got.output;
  EXPECT_NE(got.output.find("SigIgn:\t0000000000000000"), std::string::npos) << got.output;
  EXPECT_NE(got.output.find("0 1 2 3 "), std::string::npos) << got.output;  // 3 is ls's own
  EXPECT_NE(got.output.find("leader"), std::string::npos) << got.output;
}

TEST(Spawn, SaysWhyNot) {
  boost::asio::io_context context;
  Program program = shell("");
  const auto message = [&](const char* file) {
    program.file = file;
    const auto started = start(context, TerminalKind::kKernel, program, {});
    return started ? std::string("started") : started.error().message();
  };
  EXPECT_EQ(message("no-such-program"), "cannot run no-such-program: no such file or directory");
  EXPECT_EQ(message("/etc/passwd"), "cannot run /etc/passwd: permission denied");
  EXPECT_EQ(message("/no/such/place"), "cannot run /no/such/place: no such file or directory");
}

TEST(Spawn, AScriptWithoutInterpreterLineRuns) {
  const std::string path = testing::TempDir() + "farpty-script-" + std::to_string(getpid());
  FILE* file = fopen(path.c_str(), "w");
  fputs("echo script \"$1\"\n", file);
  fclose(file);
  chmod(path.c_str(), 0700);
  Program program{.file = path, .arguments = {path, "one"}, .environment = {}, .directory = "/"};
  const auto got = run(TerminalKind::kPipes, program, "", ChildWatch::kPidfdElseSignal);
  unlink(path.c_str());
  EXPECT_EQ(got.output, "script one\n");
}

// Starts a shell script, waits until it writes "ready", breaks the line, and collects the rest.
std::string after_break(const std::string& script) {
  boost::asio::io_context context;
  Children children(context, ChildWatch::kPidfdElseSignal);
  auto started = start(context, TerminalKind::kKernel, shell(script), {});
  EXPECT_TRUE(started) << started.error().message();
  Terminal& terminal = *started->terminal;
  std::string output;
  bool broken = false;
  std::function<void()> on_output = [&] {
    std::byte buffer[4096];
    for (auto got = terminal.read(buffer); got.code == 0; got = terminal.read(buffer)) {
      output += as_text(Bytes(buffer).first(got.count));
    }
    if (!std::exchange(broken, output.find("ready") != output.npos) && broken) terminal.send_break();
    terminal.when_readable(on_output);
  };
  on_output();
  EXPECT_TRUE(children.watch(started->child.pid, [&](ExitStatus) {
    on_output();
    context.stop();
  }));
  context.run();
  return output.substr(std::min(output.find("ready") + 5, output.size()));
}

TEST(KernelPty, BreakDoesWhatTheModeSays) {
  EXPECT_EQ(after_break("stty raw -echo; printf ready; head -c1 | od -An -tx1"), " 00\n");
  EXPECT_EQ(after_break("stty raw -echo ignbrk; printf ready; stty min 0 time 3; head -c1 | od -An -tx1"), "");
  EXPECT_EQ(
      after_break("trap 'printf interrupted; exit' INT; stty -echo brkint; printf ready; while :; do sleep 1; done"),
      "interrupted");
}

}  // namespace
}  // namespace farpty::pty
