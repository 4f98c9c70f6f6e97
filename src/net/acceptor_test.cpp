#include "net/acceptor.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include <gtest/gtest.h>

namespace farpty::net {
namespace {

// A listening socket whose accept(2) answers what the test wants: 0 is a connection, anything else an errno.
struct Script {
  boost::asio::io_context context;
  std::vector<int> answers;
  std::size_t asked = 0;
  int welcomed = 0;
  std::vector<int> failures;
  std::unique_ptr<Acceptor> acceptor;
  OwnedFd readable, other;
  std::function<void()> at_welcome = [] {};

  explicit Script(std::vector<int> wanted) : answers(std::move(wanted)) {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    readable = OwnedFd(pair[0]);
    other = OwnedFd(pair[1]);
    auto opened = Acceptor::open(context, readable.get(),
                                 {.accept = [this] { return accept(); },
                                  .welcome =
                                      [this](OwnedFd socket) {
                                        EXPECT_TRUE(socket);
                                        ++welcomed;
                                        at_welcome();
                                      },
                                  .failed = [this](const Error& error) { failures.push_back(error.code); }});
    EXPECT_TRUE(opened);
    acceptor = std::move(*opened);
  }

  Result<OwnedFd> accept() {
    const int code = asked < answers.size() ? answers[asked++] : EAGAIN;
    if (code != 0) return os_error("cannot accept", "a connection", code);
    return OwnedFd(dup(readable.get()));
  }
};

TEST(Acceptor, ABurstIsTakenInSeveralRoundsWithoutAPause) {
  Script script(std::vector<int>(2 * Acceptor::kPerRound + 1, 0));
  EXPECT_EQ(script.context.poll_one(), 1);
  EXPECT_EQ(script.welcomed, Acceptor::kPerRound);
  script.context.poll();
  EXPECT_EQ(script.welcomed, 2 * Acceptor::kPerRound + 1);
  EXPECT_TRUE(script.failures.empty());
}

TEST(Acceptor, AConnectionThatEndedBeforeItWasTakenDelaysNoneBehindIt) {
  Script script({ECONNABORTED, EPROTO, 0});
  script.context.poll();
  EXPECT_EQ(script.welcomed, 1);
  EXPECT_EQ(script.failures, (std::vector{ECONNABORTED, EPROTO}));
}

TEST(Acceptor, WithoutDescriptorsItPausesAndGoesOn) {
  Script script({0, EMFILE, 0});
  script.context.poll();
  EXPECT_EQ(script.welcomed, 1);
  EXPECT_EQ(script.failures, std::vector{EMFILE});
  while (script.welcomed < 2) script.context.run_one();
  EXPECT_EQ(script.failures.size(), 1);
}

TEST(Acceptor, StoppedFromWithinACallItCallsNoMore) {
  Script script({0, 0, 0});
  script.at_welcome = [&] { script.acceptor->stop(); };
  script.context.poll();
  EXPECT_EQ(script.welcomed, 1);
}

TEST(Acceptor, ItWaitsForTheNextOneWhenThereIsNone) {
  Script script({EAGAIN, 0});
  script.context.poll();
  EXPECT_EQ(script.welcomed, 0);
  ASSERT_EQ(send(script.other.get(), "x", 1, MSG_NOSIGNAL), 1);
  while (script.welcomed < 1) script.context.run_one();
  EXPECT_EQ(script.asked, 2);
}

}  // namespace
}  // namespace farpty::net
