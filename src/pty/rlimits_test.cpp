#include "pty/rlimits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace farpty::pty {
namespace {

using ::testing::HasSubstr;

std::string refusal(std::string_view text) {
  const auto limits = Rlimits::parse(text);
  return limits ? "accepted" : limits.error().message();
}

// Runs `check` in a child that has applied the limits; the child's wait status.
template <typename Check>
int status_under(std::string_view text, Check check) {
  const Rlimits limits = Rlimits::parse(text).value();
  const pid_t child = ::fork();
  if (child == 0) {
    if (limits.enter().code != 0) ::_exit(99);
    ::_exit(check());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

template <typename Resource>
int has(Resource resource, rlim_t soft, rlim_t hard) {
  rlimit now{};
  ::getrlimit(resource, &now);
  return now.rlim_cur == soft && now.rlim_max == hard ? 0 : 1;
}

TEST(Rlimits, AppliesEachKeyWithItsUnits) {
  EXPECT_EQ(status_under("cpu=10m", [] { return has(RLIMIT_CPU, 600, 601); }), 0);
  EXPECT_EQ(status_under("cpu=7", [] { return has(RLIMIT_CPU, 7, 8); }), 0);
  EXPECT_EQ(status_under("cpu=2h,core=0", [] { return has(RLIMIT_CPU, 7200, 7201) + has(RLIMIT_CORE, 0, 0); }), 0);
  EXPECT_EQ(status_under("nproc=50,nofile=64", [] { return has(RLIMIT_NPROC, 50, 50) + has(RLIMIT_NOFILE, 64, 64); }),
            0);
  EXPECT_EQ(status_under("fsize=3K", [] { return has(RLIMIT_FSIZE, 3072, 3072); }), 0);
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  EXPECT_EQ(status_under("mem=64g", [] { return has(RLIMIT_AS, rlim_t{64} << 30, rlim_t{64} << 30); }), 0);
#endif
}

TEST(Rlimits, AnEndlessLoopEndsBySigxcpu) {
  const int status = status_under("cpu=1,core=0", [] {
    for (volatile unsigned spin = 0;; spin = spin + 1) {
    }
    return 0;
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGXCPU);
}

TEST(Rlimits, RefusalsNameTheKeyAndWhatIsAccepted) {
  EXPECT_THAT(refusal("speed=9"), HasSubstr("--rlimit speed=9: no limit is called 'speed' (keys: cpu, mem, nproc"));
  EXPECT_THAT(refusal("cpu"), HasSubstr("not of the form KEY=VALUE"));
  EXPECT_THAT(refusal(""), HasSubstr("not of the form KEY=VALUE"));
  EXPECT_THAT(refusal("cpu=5,"), HasSubstr("not of the form KEY=VALUE"));
  EXPECT_THAT(refusal("cpu=ten"),
              HasSubstr("--rlimit cpu=ten: the value of cpu is seconds, or a number with s, m or h"));
  EXPECT_THAT(refusal("cpu=1K"), HasSubstr("the value of cpu is seconds"));
  EXPECT_THAT(refusal("mem=10s"), HasSubstr("the value of mem is bytes, or a number with K, M or G"));
  EXPECT_THAT(refusal("mem=-1"), HasSubstr("the value of mem is bytes"));
  EXPECT_THAT(refusal("mem="), HasSubstr("the value of mem is bytes"));
  EXPECT_THAT(refusal("mem=1MB"), HasSubstr("the value of mem is bytes"));
  EXPECT_THAT(refusal("mem=64"), HasSubstr("the value of mem is at least 1048576 (mem=64M?)"));
  EXPECT_THAT(refusal("fsize=99999999999999999999"), HasSubstr("the value of fsize is bytes"));
  EXPECT_THAT(refusal("fsize=9999999999999G"), HasSubstr("the value of fsize is bytes"));
  EXPECT_THAT(refusal("nproc=4k"), HasSubstr("the value of nproc is a plain number"));
  EXPECT_THAT(refusal("nproc=0"), HasSubstr("the value of nproc is at least 1"));
  EXPECT_THAT(refusal("cpu=1,cpu=2"), HasSubstr("cpu is given twice"));
}

TEST(Rlimits, KnowsBeforehandWhatTheHostWillNotPermit) {
  const int status = status_under("nofile=100", [] {
    const auto more = Rlimits::parse("nofile=101").value().permitted();
    const auto less = Rlimits::parse("nofile=100,core=0").value().permitted();
    return !more && less && more.error().message().contains("hard limit of nofile is 100") ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace farpty::pty
