#include "client/outlet.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace farpty::client {
namespace {

constexpr std::size_t kMuch = 1024 * 1024;  // more than a pipe holds

std::vector<std::byte> much() {
  std::vector<std::byte> bytes(kMuch);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 % 251);
  return bytes;
}

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  OwnedFd read, write;
};

// Reads in turn with the outlet until so much has come.
std::vector<std::byte> read_all(boost::asio::io_context& context, int fd, std::size_t size) {
  std::vector<std::byte> got;
  std::vector<std::byte> buffer(10'000);
  while (got.size() < size) {
    const ssize_t count = ::read(fd, buffer.data(), std::min(buffer.size(), size - got.size()));
    if (count <= 0) break;
    got.insert(got.end(), buffer.begin(), buffer.begin() + count);
    context.poll();
    context.restart();
  }
  return got;
}

TEST(Outlet, WaitsForAPipeAndLeavesItBlockingForOthers) {
  boost::asio::io_context context;
  const auto pipe = Pipe();
  unsigned drained = 0;
  const auto outlet = *Outlet::open(context, pipe.write.get(), [&] { ++drained; }, kMuch);
  const auto bytes = much();
  outlet->write(bytes);
  EXPECT_GT(outlet->waiting(), 0U);
  EXPECT_EQ(fcntl(pipe.write.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(read_all(context, pipe.read.get(), kMuch), bytes);
  EXPECT_TRUE(outlet->empty());
  EXPECT_EQ(drained, 1U);
}

TEST(Outlet, KnowsWhenTheReaderIsGone) {
  boost::asio::io_context context;
  auto pipe = Pipe();
  const auto outlet = *Outlet::open(context, pipe.write.get(), [] {}, kMuch);
  pipe.read.reset();
  signal(SIGPIPE, SIG_IGN);
  outlet->write(as_bytes("nobody"));
  EXPECT_TRUE(outlet->broken());
}

TEST(Outlet, OfAPipeWhoseReaderWasGoneBeforeKnowsIt) {
  boost::asio::io_context context;
  auto pipe = Pipe();
  pipe.read.reset();  // it cannot be opened anew
  const auto outlet = *Outlet::open(context, pipe.write.get(), [] {}, kMuch);
  signal(SIGPIPE, SIG_IGN);
  outlet->write(as_bytes("nobody"));
  EXPECT_TRUE(outlet->broken());
}

// At the place where the shell's `>>` or an earlier command left it.
TEST(Outlet, WritesAFileWholeWhereItStands) {
  boost::asio::io_context context;
  std::string name = testing::TempDir() + "outlet-XXXXXX";
  const OwnedFd file(mkstemp(name.data()));
  ASSERT_TRUE(file);
  unlink(name.c_str());
  ASSERT_EQ(write(file.get(), "before", 6), 6);
  const auto outlet = *Outlet::open(context, file.get(), [] {}, kMuch);
  const auto bytes = much();
  outlet->write(bytes);
  EXPECT_TRUE(outlet->empty());
  std::vector<std::byte> got(kMuch + 1);
  EXPECT_EQ(pread(file.get(), got.data(), got.size(), 6), static_cast<ssize_t>(kMuch));
  got.pop_back();
  EXPECT_EQ(got, bytes);
}

}  // namespace
}  // namespace farpty::client
