#include "net/peer_socket.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "net/dial.hpp"
#include "net/listener.hpp"

namespace farpty::net {
namespace {

struct Pair {
  OwnedFd server, client;
};

Pair connect_pair(const char* text) {
  auto listener = Listener::open(*parse_url(text));
  EXPECT_TRUE(listener) << listener.error().message();
  auto client = dial(listener->url());
  EXPECT_TRUE(client) << client.error().message();
  auto server = listener->accept();
  EXPECT_TRUE(server) << server.error().message();
  return {std::move(*server), std::move(*client)};
}

class PeerSocket : public testing::TestWithParam<const char*> {};

TEST_P(PeerSocket, IsOurs) {
  const Pair pair = connect_pair(GetParam());
  const auto uid = peer_uid(pair.server.get());
  ASSERT_TRUE(uid) << uid.error().message();
  EXPECT_EQ(*uid, getuid());
  EXPECT_EQ(peer_is_held(pair.server.get()), true);
}

TEST_P(PeerSocket, BothWaysAgree) {
  const Pair pair = connect_pair(GetParam());
  const auto uid = peer_uid_from_proc(pair.server.get());
  ASSERT_TRUE(uid) << uid.error().message();
  EXPECT_EQ(*uid, getuid());
}

TEST_P(PeerSocket, HalfCloseIsNotGone) {
  const Pair pair = connect_pair(GetParam());
  shutdown(pair.client.get(), SHUT_WR);
  EXPECT_EQ(peer_is_held(pair.server.get()), true);
}

TEST_P(PeerSocket, GoneHasNoOwner) {
  Pair pair = connect_pair(GetParam());
  pair.client.reset();
  EXPECT_EQ(peer_is_held(pair.server.get()), false);
  EXPECT_FALSE(peer_uid(pair.server.get()));
}

// The peer's kernel may acknowledge a little later (RFC 9293 3.8.6.3).
bool is_read_soon(int server) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < deadline)
    if (peer_has_read_all(server) == true) return true;
  return false;
}

TEST_P(PeerSocket, ReadingIsSeenToTheEnd) {
  const Pair pair = connect_pair(GetParam());
  EXPECT_EQ(peer_has_read_all(pair.server.get()), true);
  ASSERT_EQ(send(pair.server.get(), "x", 1, 0), 1);
  EXPECT_EQ(peer_has_read_all(pair.server.get()), false);
  char byte = 0;
  ASSERT_EQ(recv(pair.client.get(), &byte, 1, 0), 1);
  EXPECT_TRUE(is_read_soon(pair.server.get()));
  shutdown(pair.server.get(), SHUT_WR);
  EXPECT_EQ(peer_has_read_all(pair.server.get()), false);
  ASSERT_EQ(recv(pair.client.get(), &byte, 1, 0), 0);
  EXPECT_TRUE(is_read_soon(pair.server.get()));
}

// What the peer's queue has no room for waits here, also at a moment when that queue is empty.
TEST_P(PeerSocket, WhatIsOnItsWayIsNotRead) {
  const Pair pair = connect_pair(GetParam());
  const int small = 4096;
  setsockopt(pair.client.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  const std::string much(64 * 1024, 'x');
  std::size_t sent = 0;
  for (ssize_t count = 0; count >= 0; sent += static_cast<std::size_t>(std::max<ssize_t>(count, 0)))
    count = send(pair.server.get(), much.data(), much.size(), MSG_DONTWAIT);
  std::string piece(1024 * 1024, '\0');
  for (std::size_t got = 0; got < sent;) {
    got += static_cast<std::size_t>(std::max<ssize_t>(recv(pair.client.get(), piece.data(), piece.size(), 0), 0));
    if (got < sent) ASSERT_EQ(peer_has_read_all(pair.server.get()), false) << got << " of " << sent;
  }
  EXPECT_TRUE(is_read_soon(pair.server.get()));
}

INSTANTIATE_TEST_SUITE_P(Tcp, PeerSocket, testing::Values("raw://127.0.0.1:0", "raw://[::1]:0"));

TEST(PeerSocketUnix, IsOursAndGoneIsSeen) {
  const std::string path = testing::TempDir() + "farpty-peer-" + std::to_string(getpid());
  Pair pair = connect_pair(("raw+unix://" + path).c_str());
  EXPECT_EQ(*peer_uid(pair.server.get()), getuid());
  shutdown(pair.client.get(), SHUT_WR);
  EXPECT_EQ(peer_is_held(pair.server.get()), true);
  pair.client.reset();
  EXPECT_EQ(peer_is_held(pair.server.get()), false);
}

}  // namespace
}  // namespace farpty::net
