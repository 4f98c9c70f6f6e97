#include "base/readiness.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/owned_fd.hpp"

namespace farpty {
namespace {

class ReadinessTest : public testing::Test {
 protected:
  ReadinessTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    ours_ = OwnedFd(ends[0]);
    theirs_ = OwnedFd(ends[1]);
    readiness_ = std::move(*Readiness::watch(context_, ours_.get()));
  }

  void run_ready() {
    context_.restart();
    context_.run_for(std::chrono::milliseconds(20));
  }
  void put(const char* text) { ASSERT_EQ(write(theirs_.get(), text, 1), 1); }
  void take() {
    char buffer[16];
    while (read(ours_.get(), buffer, sizeof buffer) > 0) {
    }
  }

  boost::asio::io_context context_{1};
  OwnedFd ours_, theirs_;
  Readiness readiness_;
  int calls_ = 0;
};

TEST_F(ReadinessTest, CallsOnceForEachWait) {
  readiness_.when_readable([this] { ++calls_; });
  run_ready();
  EXPECT_EQ(calls_, 0);
  put("a");
  run_ready();
  put("b");
  run_ready();
  EXPECT_EQ(calls_, 1);  // not waiting any more
  take();
  readiness_.when_readable([this] { ++calls_; });
  run_ready();
  EXPECT_EQ(calls_, 1);
  put("c");
  run_ready();
  EXPECT_EQ(calls_, 2);
}

TEST_F(ReadinessTest, WhatIsThereBeforeTheFirstWaitGivesAnEdge) {
  put("a");
  readiness_.when_readable([this] { ++calls_; });
  run_ready();
  EXPECT_EQ(calls_, 1);
}

TEST_F(ReadinessTest, AWaitCostsNoSystemCallAndStaysInTheLoop) {
  // Ten thousand waits in callbacks: each needs the one before to have been given back.
  std::function<void()> again = [this, &again] {
    take();
    readiness_.when_readable(again);
    if (++calls_ == 10'000) return context_.stop();
    put("x");
  };
  readiness_.when_readable(again);
  put("x");
  context_.run_for(std::chrono::seconds(5));
  EXPECT_EQ(calls_, 10'000);
}

TEST_F(ReadinessTest, WritableComesBackWhenThePeerReads) {
  const std::string block(64 * 1024, 'x');
  while (write(ours_.get(), block.data(), block.size()) > 0) {
  }
  readiness_.when_writable([this] { ++calls_; });
  run_ready();
  EXPECT_EQ(calls_, 0);
  std::string sink(1024 * 1024, ' ');
  while (read(theirs_.get(), sink.data(), sink.size()) > 0) {
  }
  run_ready();
  EXPECT_EQ(calls_, 1);
}

TEST_F(ReadinessTest, HangupWakesTheReader) {
  readiness_.when_readable([this] { ++calls_; });
  theirs_.reset();
  run_ready();
  EXPECT_EQ(calls_, 1);
}

// Both are ready in one round; whoever is told first stops watching the other and begins to watch something else, of which the
// other's event is not to be told.
TEST_F(ReadinessTest, WhatIsWatchedAnewIsNotToldOfAnOldEvent) {
  int ends[4];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends + 2), 0);
  const OwnedFd other(ends[0]), others_peer(ends[1]), quiet(ends[2]), quiets_peer(ends[3]);
  Readiness second = std::move(*Readiness::watch(context_, other.get())), third;
  const auto told = [&](Readiness& the_other) {
    ++calls_;
    the_other = Readiness();
    third = std::move(*Readiness::watch(context_, quiet.get()));
    third.when_readable([this] { calls_ += 100; });
  };
  readiness_.when_readable([&] { told(second); });
  second.when_readable([&] { told(readiness_); });
  put("a");
  ASSERT_EQ(write(others_peer.get(), "a", 1), 1);
  run_ready();
  EXPECT_EQ(calls_, 1);
  ASSERT_EQ(write(quiets_peer.get(), "a", 1), 1);
  run_ready();
  EXPECT_EQ(calls_, 101);
}

TEST_F(ReadinessTest, CancelForgets) {
  readiness_.when_readable([this] { ++calls_; });
  readiness_.cancel();
  put("a");
  run_ready();
  EXPECT_EQ(calls_, 0);
  readiness_.when_readable([this] { calls_ += 10; });
  put("b");
  run_ready();
  EXPECT_EQ(calls_, 10);
}

TEST_F(ReadinessTest, MayBeDestroyedInItsOwnCallbackAndWhileWaiting) {
  readiness_.when_writable([] {});
  readiness_.when_readable([this] {
    ++calls_;
    readiness_ = Readiness();
    ours_.reset();
  });
  put("a");
  run_ready();
  EXPECT_EQ(calls_, 1);
  readiness_ = std::move(*Readiness::watch(context_, theirs_.get()));
  readiness_.when_readable([this] { ++calls_; });
  readiness_ = Readiness();
  run_ready();
  EXPECT_EQ(calls_, 1);
}

TEST_F(ReadinessTest, FilesAndDevNullAreAlwaysReady) {
  for (const char* path : {"/proc/self/exe", "/dev/null"}) {
    const OwnedFd file(open(path, O_RDONLY | O_CLOEXEC));
    auto always = Readiness::watch(context_, file.get());
    ASSERT_TRUE(always) << path;
    calls_ = 0;
    always->when_readable([&] { always->when_readable([this] { ++calls_; }); });
    run_ready();
    EXPECT_EQ(calls_, 1) << path;
  }
}

}  // namespace
}  // namespace farpty
