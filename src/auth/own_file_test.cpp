#include "auth/own_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farpty::auth {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

FileFacts file(uid_t owner, mode_t mode) { return {.owner = owner, .mode = mode, .is_regular = true}; }

TEST(OwnFile, ATrustedFileIsWrittenByItsOwnerAlone) {
  EXPECT_TRUE(check_trusted("F", file(1000, 0600), 1000));
  EXPECT_TRUE(check_trusted("F", file(1000, 0644), 1000));
  EXPECT_TRUE(check_trusted("F", file(0, 0755), 1000));
  EXPECT_EQ(check_trusted("F", file(1000, 0664), 1000).error().message(),
            "will not trust F: other users can write it (chmod go-w F)");
  EXPECT_FALSE(check_trusted("F", file(1000, 0602), 1000));
  EXPECT_FALSE(check_trusted("F", file(1000, 01777), 1000));
  EXPECT_THAT(check_trusted("F", file(1001, 0600), 1000).error().message(), HasSubstr("belongs to another user"));
  EXPECT_FALSE(check_trusted("F", file(1000, 0600), 0));                  // root does not trust what users own
  EXPECT_FALSE(check_trusted("F", {.owner = 1000, .mode = 0600}, 1000));  // a pipe, a device
}

TEST(OwnFile, APrivateKeyIsReadByItsOwnerAlone) {
  EXPECT_TRUE(check_private("F", file(1000, 0600), 1000));
  EXPECT_TRUE(check_private("F", file(1000, 0400), 1000));
  EXPECT_EQ(check_private("F", file(1000, 0640), 1000).error().message(),
            "will not trust F: other users can read this private key (chmod 600 F)");
  EXPECT_FALSE(check_private("F", file(1000, 0604), 1000));
  EXPECT_FALSE(check_private("F", file(1001, 0600), 1000));
  EXPECT_TRUE(check_private("F", file(0, 0640), 1000));  // handed out by the system, as ssh takes it
}

class OwnFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "farpty-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/file";
    setenv("HOME", folder_.c_str(), 1);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::string outcome(const std::string& path, Trust trust = Trust::kTrusted) {
    const auto bytes = read_own_file(path, trust, 10);
    return bytes ? std::string(as_text(*bytes)) : bytes.error().message();
  }
  static mode_t mode_of(const std::string& path) {
    struct stat status{};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }
  std::string folder_, path_;
};

TEST_F(OwnFileTest, IsReadWholeOrNotAtAll) {
  EXPECT_THAT(outcome(path_), EndsWith("no such file or directory"));
  ASSERT_TRUE(write_new_file(path_, as_bytes("0123456789")));
  EXPECT_EQ(mode_of(path_), 0600U);
  EXPECT_EQ(outcome(path_, Trust::kPrivate), "0123456789");
  std::ofstream(path_, std::ios::app).put('x');
  EXPECT_THAT(outcome(path_), HasSubstr("it is longer than 10 bytes"));
}

TEST_F(OwnFileTest, IsNotReadWhereOthersHadAHandInIt) {
  ASSERT_TRUE(write_new_file(path_, as_bytes("text")));
  chmod(path_.c_str(), 0660);
  EXPECT_THAT(outcome(path_), HasSubstr("other users can write it"));
  chmod(path_.c_str(), 0644);
  EXPECT_EQ(outcome(path_), "text");
  EXPECT_THAT(outcome(path_, Trust::kPrivate), HasSubstr("other users can read this private key"));
  chmod(folder_.c_str(), 0770);
  EXPECT_EQ(outcome(path_), "will not trust " + folder_ + ": other users can write it (chmod go-w " + folder_ + ")");
  chmod(folder_.c_str(), 0700);
  EXPECT_EQ(outcome(path_), "text");
  if (geteuid() == 0) {
    ASSERT_EQ(chown(path_.c_str(), 65534, 0), 0);
    EXPECT_THAT(outcome(path_), HasSubstr("belongs to another user"));
  }
}

TEST_F(OwnFileTest, ALinkLeadsToWhatIsChecked) {
  std::filesystem::create_directory(folder_ + "/real");
  ASSERT_TRUE(write_new_file(folder_ + "/real/file", as_bytes("text")));
  std::filesystem::create_symlink("real/file", path_);
  EXPECT_EQ(outcome(path_), "text");
  chmod((folder_ + "/real").c_str(), 0777);
  EXPECT_THAT(outcome(path_), HasSubstr("will not trust " + folder_ + "/real"));
}

TEST_F(OwnFileTest, WhatIsAboveTheHomeDirectoryIsItsOwn) {
  ASSERT_TRUE(write_new_file(path_, as_bytes("text")));
  chmod(folder_.c_str(), 01777);
  std::filesystem::create_directory(folder_ + "/home");
  std::filesystem::rename(path_, folder_ + "/home/file");
  EXPECT_THAT(outcome(folder_ + "/home/file"), HasSubstr("will not trust " + folder_ + ":"));
  setenv("HOME", (folder_ + "/home").c_str(), 1);
  EXPECT_EQ(outcome(folder_ + "/home/file"), "text");
}

TEST_F(OwnFileTest, OnlyFilesAreRead) {
  EXPECT_THAT(outcome(folder_), HasSubstr("it is not a file"));
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(outcome(path_), HasSubstr("it is not a file"));
}

TEST_F(OwnFileTest, ANewFileReplacesNothing) {
  ASSERT_TRUE(write_new_file(path_, as_bytes("one")));
  EXPECT_EQ(write_new_file(path_, as_bytes("two")).error().code, EEXIST);
  EXPECT_EQ(outcome(path_), "one");
  std::filesystem::create_symlink(folder_ + "/elsewhere", folder_ + "/link");
  EXPECT_EQ(write_new_file(folder_ + "/link", as_bytes("two")).error().code, EEXIST);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/elsewhere"));
}

TEST_F(OwnFileTest, IsReplacedInOneStep) {
  ASSERT_TRUE(replace_own_file(path_, as_bytes("one")));
  ASSERT_TRUE(replace_own_file(path_, as_bytes("two")));
  EXPECT_EQ(outcome(path_), "two");
  EXPECT_EQ(mode_of(path_), 0600U);
  EXPECT_FALSE(replace_own_file(folder_ + "/missing/file", as_bytes("x")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

}  // namespace
}  // namespace farpty::auth
