#include "base/own_directory.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farpty {
namespace {

class OwnDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "farpty-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string message_for(const std::string& path) {
    const auto opened = open_own_directory(path, Missing::kMake);
    return opened ? "opened" : opened.error().message();
  }
  std::string folder_;
};

TEST_F(OwnDirectoryTest, IsMadeWithItsParentsAndClosedToOthers) {
  const std::string path = folder_ + "/state/farpty/run";
  EXPECT_EQ(open_own_directory(path, Missing::kFail).error().code, ENOENT);
  ASSERT_EQ(message_for(path), "opened");
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0700u);
  EXPECT_TRUE(open_own_directory(path, Missing::kFail));
}

TEST_F(OwnDirectoryTest, RefusesWhatIsNotOursAlone) {
  const std::string path = folder_ + "/run";
  mkdir(path.c_str(), 0700);
  chmod(path.c_str(), 0750);
  EXPECT_EQ(message_for(path), "cannot use directory " + path + ": it is open to other users (chmod 700 " + path + ")");
  chmod(path.c_str(), 0700);
  std::filesystem::create_symlink(path, folder_ + "/link");
  EXPECT_THAT(message_for(folder_ + "/link"), testing::HasSubstr("it is a link or no directory"));
  std::ofstream(folder_ + "/file").put('x');
  EXPECT_THAT(message_for(folder_ + "/file"), testing::HasSubstr("it is a link or no directory"));
  if (geteuid() == 0) {
    ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
    EXPECT_EQ(message_for(path), "cannot use directory " + path + ": it belongs to another user");
  }
}

TEST_F(OwnDirectoryTest, ItsPathStaysItsOwn) {
  const auto opened = open_own_directory(folder_ + "/run", Missing::kMake);
  ASSERT_TRUE(opened);
  std::filesystem::rename(folder_ + "/run", folder_ + "/moved");
  std::ofstream(opened->path_of("file")).put('x');
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/moved/file"));
}

TEST_F(OwnDirectoryTest, TheRuntimeDirectoryIsWhereTheEnvironmentSays) {
  setenv("HOME", folder_.c_str(), 1);
  const std::string at_home = folder_ + "/.local/state/farpty/run";
  setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
  EXPECT_THAT(runtime_directories(), testing::ElementsAre(folder_ + "/farpty", at_home));
  setenv("XDG_RUNTIME_DIR", (folder_ + "/missing").c_str(), 1);
  EXPECT_THAT(runtime_directories(), testing::ElementsAre(at_home));
  unsetenv("XDG_RUNTIME_DIR");
  EXPECT_THAT(runtime_directories(), testing::ElementsAre(at_home));
}

TEST_F(OwnDirectoryTest, TheConfigDirectoryIsWhereTheEnvironmentSays) {
  setenv("HOME", folder_.c_str(), 1);
  setenv("XDG_CONFIG_HOME", "/somewhere", 1);
  EXPECT_EQ(config_directory(), "/somewhere/farpty");
  setenv("XDG_CONFIG_HOME", "relative", 1);
  EXPECT_EQ(config_directory(), folder_ + "/.config/farpty");
  unsetenv("XDG_CONFIG_HOME");
  EXPECT_EQ(config_directory(), folder_ + "/.config/farpty");
}

}  // namespace
}  // namespace farpty
