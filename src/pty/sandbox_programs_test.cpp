// What people run in the sandbox: shells with jobs, interpreters, programs on a terminal.
#include "pty/sandbox_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include <boost/asio/io_context.hpp>

#include "pty/terminal.hpp"

namespace farpty::pty {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_P(SandboxTest, RunsAShellInItsHome) {
  EXPECT_EQ(shell("echo hi > $HOME/x; cat $HOME/x; mktemp -d >/dev/null && ls /usr | grep -c bin; kill -0 $$; echo $?; "
                  "echo $SSH_AUTH_SOCK"),
            "hi\n2\n0\n\n");
  EXPECT_THAT(shell("cat /etc/shadow"), HasSubstr("Permission denied"));
  EXPECT_THAT(shell("exec 3<>/dev/tcp/127.0.0.1/1"), HasSubstr("Permission denied"));
  EXPECT_EQ(shell("sort <(echo b; echo a) | tee $TMPDIR/sorted"), "a\nb\n");
  EXPECT_THAT(shell("sudo -n id; newgrp root <<<id"), Not(HasSubstr("(root)")));
}

TEST_P(SandboxTest, GivesAShellItsJobs) {
  const std::string killed = shell("sleep 0.2 & kill %1; wait %1; echo $?");
  // On the oldest kernels a shell may not signal a job by number: docs/public-applications.md tells it.
  EXPECT_THAT(killed, HasSubstr(has_job_control() ? "143\n" : "0\n"));
}

// The way of a real session: by vfork, on a pty, with and without a keeper in between.
TEST_P(SandboxTest, GivesAStartedShellItsJobs) {
  if (!has_job_control()) GTEST_SKIP() << "needs scopes or a warden";
  for (const Leftovers leftovers : {Leftovers::kLiveOn, Leftovers::kAreKilled}) {
    const std::string shown = in_child([&]() -> std::string {
      auto sandbox = Sandbox::prepare(options());
      auto instance = sandbox->instance();
      boost::asio::io_context context(1);
      const Program shell{.file = "bash",
                          .arguments = {"bash", "-c", "set -m; sleep 100 & kill %1; wait %1; echo ended by $?"},
                          .environment = (*instance)->environment(plain_environment()),
                          .directory = (*instance)->home(),
                          .steps = {instance->get()},
                          .leftovers = leftovers};
      auto started = start(context, TerminalKind::kKernel, shell, WindowSize{});
      if (!started) return started.error().message();
      if (auto done = (*instance)->answer_signals(context, started->child.leader); !done) return done.error().message();
      std::string output;
      std::array<std::byte, 4096> chunk{};
      int code = EAGAIN;
      while (code == 0 || code == EAGAIN) {
        context.restart();
        context.poll();
        const Transfer got = started->terminal->read(chunk);
        output += as_text(Bytes(chunk).first(got.count));
        code = got.code;
      }
      started->child.keeper.reset();
      ::waitpid(started->child.pid, nullptr, 0);
      (*instance)->stop_answering();
      return output;
    });
    EXPECT_THAT(shown, HasSubstr("ended by 143\r\n"));
  }
}

TEST_P(SandboxTest, RunsAnInterpreter) {
  EXPECT_EQ(run({"/usr/bin/python3", "-c",
                 "import subprocess, tempfile, asyncio, threading\n"
                 "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
                 "tempfile.NamedTemporaryFile().close()\n"
                 "print(subprocess.check_output(['echo', 'child']).decode().strip())\n"
                 "asyncio.run(asyncio.sleep(0)); print('loop')\n"
                 "try: __import__('socket').socket(); print('socket!')\n"
                 "except OSError as e: print(e.strerror)\n"}),
            "thread\nchild\nloop\nPermission denied\n");
}

TEST_P(SandboxTest, SaysWhyTopCannotRun) {
  EXPECT_THAT(run({"/usr/bin/top", "-b", "-n1"}), HasSubstr("mount -t proc"));
}

TEST_P(SandboxTest, UsesItsOwnTerminalAndNoOther) {
  const std::string script =
      "import os, fcntl, termios\n"
      "def attempt(what, act):\n"
      "  try: act(); print(what, 'ok')\n"
      "  except OSError as e: print(what, e.strerror)\n"
      "tty = os.open(os.ttyname(0), os.O_RDWR)\n"
      "attempt('by name', lambda: termios.tcgetattr(tty))\n"
      "attempt('by dev tty', lambda: termios.tcgetattr(os.open('/dev/tty', os.O_RDWR)))\n"
      "attempt('size', lambda: fcntl.ioctl(0, termios.TIOCGWINSZ, b'12345678'))\n"
      "attempt('typing', lambda: fcntl.ioctl(0, termios.TIOCSTI, b'x'))\n"
      "attempt('typing, high bits set', lambda: fcntl.ioctl(0, termios.TIOCSTI | 0x7fff00000000 & 0xffffffff, b'x'))\n"
      "attempt('paste', lambda: fcntl.ioctl(0, 0x541C, b'x'))\n"
      "attempt('discipline', lambda: fcntl.ioctl(0, 0x5423, b'1234'))\n"
      "attempt('all terminals', lambda: os.listdir('/dev/pts'))\n"
      "attempt('new terminal', lambda: os.open('/dev/ptmx', os.O_RDWR))\n"
      "print('done')\n";
  const std::string shown = on_terminal({"/usr/bin/python3", "-c", script}, "", "done");
  EXPECT_THAT(shown, HasSubstr("by name ok\r\nby dev tty ok\r\nsize ok\r\ntyping Operation not permitted\r\n"));
  EXPECT_THAT(shown, HasSubstr("paste Operation not permitted\r\ndiscipline Operation not permitted\r\n"
                               "all terminals Permission denied\r\nnew terminal Permission denied\r\ndone"));
}

TEST_P(SandboxTest, StopsAndContinuesAJobOnItsTerminal) {
  if (!has_job_control()) GTEST_SKIP() << "fg and bg send SIGCONT by number, which needs scopes or a warden";
  const std::string shown =
      on_terminal({"/bin/bash", "--norc", "-i"}, "sh -c 'kill -STOP $$; echo back'\nfg\n", "back\r\n");
  EXPECT_THAT(shown, HasSubstr("Stopped"));
  EXPECT_THAT(shown, HasSubstr("back\r\n"));
}

TEST_P(SandboxTest, PlaysBastet) {
  if (::access("/usr/games/bastet", X_OK) != 0) GTEST_SKIP() << "bastet is not installed";
  EXPECT_THAT(on_terminal({"/usr/games/bastet"}, "", "Play"), HasSubstr("Play"));
}

}  // namespace
}  // namespace farpty::pty
