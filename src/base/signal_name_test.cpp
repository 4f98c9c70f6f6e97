#include "base/signal_name.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>

namespace farpty {
namespace {

TEST(SignalName, is_that_of_glibc) {
#if defined(__GLIBC__)
  for (int number = -1; number <= 70; ++number) EXPECT_STREQ(signal_name(number), ::sigabbrev_np(number)) << number;
#else
  GTEST_SKIP() << "only glibc has sigabbrev_np";
#endif
}

}  // namespace
}  // namespace farpty
