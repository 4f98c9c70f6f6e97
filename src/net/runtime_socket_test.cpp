#include "net/runtime_socket.hpp"

#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farpty::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RuntimeSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "farpty-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  OwnDirectory directory() { return std::move(*open_own_directory(folder_, Missing::kFail)); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string folder_;
};

TEST_F(RuntimeSocketTest, StandsWhileItsServerDoes) {
  {
    const auto socket = RuntimeSocket::open(directory(), 4711);
    ASSERT_TRUE(socket) << socket.error().message();
    struct stat status{};
    ASSERT_EQ(stat(path("serve-4711.sock").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    EXPECT_THAT(servers_in(directory()), ElementsAre(4711));
    EXPECT_EQ(socket->accept().error().code, EAGAIN);
    const auto connection = connect_to_server(directory(), 4711);
    ASSERT_TRUE(connection) << connection.error().message();
    EXPECT_TRUE(socket->accept());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  EXPECT_EQ(connect_to_server(directory(), 4711).error().code, ENOENT);
}

TEST_F(RuntimeSocketTest, ThePathMayBeLong) {
  std::string deep = folder_;
  for (int i = 0; i < 3; ++i) deep += "/" + std::string(100, 'x');
  auto opened = open_own_directory(deep, Missing::kMake);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(RuntimeSocket::open(std::move(*opened), 1));
}

TEST_F(RuntimeSocketTest, ASocketThatWasLeftIsRemovedByWhoFindsIt) {
  const auto leave = [this] {
    const pid_t child = fork();
    if (child == 0) {
      const auto socket = RuntimeSocket::open(directory(), 4711);
      _exit(socket ? 0 : 1);  // without its destructor
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(std::filesystem::exists(path("serve-4711.sock")));
  };
  leave();
  EXPECT_EQ(connect_to_server(directory(), 4711).error().code, ECONNREFUSED);
  EXPECT_THAT(servers_in(directory()), IsEmpty());
  leave();
  EXPECT_TRUE(RuntimeSocket::open(directory(), 4711));
}

TEST_F(RuntimeSocketTest, ALivingOneIsNotReplaced) {
  const auto first = RuntimeSocket::open(directory(), 4711);
  EXPECT_THAT(RuntimeSocket::open(directory(), 4711).error().message(), HasSubstr("another server listens there"));
  EXPECT_TRUE(connect_to_server(directory(), 4711));
}

TEST_F(RuntimeSocketTest, OtherFilesAreNoServers) {
  for (const char* name : {"serve-.sock", "serve-12x.sock", "serve--3.sock", "serve-0.sock", "new-7.sock", "other",
                           "serve-99999999999999999999.sock"})
    std::ofstream(path(name)).put('x');
  EXPECT_THAT(servers_in(directory()), IsEmpty());
}

// Both ends find out by themselves; root can be another user.
TEST_F(RuntimeSocketTest, AnotherUserIsRefusedByEitherEnd) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can be two users";
  const auto socket = RuntimeSocket::open(directory(), 4711);
  chmod(folder_.c_str(), 0755);
  chmod(path("serve-4711.sock").c_str(), 0666);
  const pid_t child = fork();
  if (child == 0) {
    if (setuid(65534) != 0) _exit(2);
    const OwnDirectory found{.path = folder_, .fd = OwnedFd(-1)};
    const auto connection = connect_to_server(found, 4711);
    _exit(!connection && connection.error().code == EPERM ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(socket->accept().error().code, EPERM);
}

}  // namespace
}  // namespace farpty::net
