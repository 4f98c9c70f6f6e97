// A file of /proc as it is, and as it could be.
#include "device/thread_status.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include <gtest/gtest.h>

namespace farpty::device {

namespace {

TEST(ThreadStatus, of_a_process_in_two_namespaces) {
  const ThreadStatus status = parse_thread_status(
      "Name:\tbusybox\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t1234\nPid:\t1240\nUid:\t0\t1000\t0\t0\n"
      "NStgid:\t1234\t5\nNSpid:\t1240\t7\nNSpgid:\t1230\t5\nNSsid:\t1200\t0\n"
      "SigBlk:\t0000000000100000\nSigIgn:\t0000000000384004\n");
  EXPECT_EQ(status.process, 1234);
  EXPECT_EQ(status.uid, 1000U);
  EXPECT_EQ(status.pids.count, 2U);
  EXPECT_EQ(status.pids.innermost(), 7);
  EXPECT_EQ(status.groups.at(0), 1230);
  EXPECT_EQ(status.groups.at(1), 5);
  EXPECT_EQ(status.groups.at(2), 0);
  EXPECT_EQ(status.sessions.at(1), 0);
  EXPECT_TRUE(status.holds_back(SIGTTIN)) << "blocked";
  EXPECT_TRUE(status.holds_back(SIGTTOU)) << "ignored";
  EXPECT_FALSE(status.holds_back(SIGINT));
}

TEST(ThreadStatus, of_this_one) {
  const auto status = status_of(static_cast<pid_t>(syscall(SYS_gettid)));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->process, getpid());
  EXPECT_EQ(status->uid, geteuid());
  EXPECT_EQ(group_as_seen_by(getpid(), 77), 77) << "it counts as we do";
  EXPECT_EQ(group_as_named_by(getpid(), 77), 77);
}

TEST(ThreadStatus, what_is_none) {
  for (const char* text : {"", "\n", ":", "Tgid:", "Tgid:\tx", "Uid:\t1", "NSpid:\t", "no colon", "SigIgn:\tzz"}) {
    const ThreadStatus status = parse_thread_status(text);
    EXPECT_EQ(status.process, 0) << text;
    EXPECT_EQ(status.pids.count, 0U) << text;
  }
  std::string many = "NSpid:";
  for (int i = 0; i < 100; ++i) many += "\t9";
  EXPECT_EQ(parse_thread_status(many).pids.count, Numbers::kMost);
}

}  // namespace

}  // namespace farpty::device
