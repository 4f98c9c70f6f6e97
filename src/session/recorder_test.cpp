#include "session/recorder.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cast/reader.hpp"

namespace farpty::session {
namespace {

namespace fs = std::filesystem;

class RecorderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "farpty-recorder-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::unique_ptr<Recorder> open(RecordInput input = RecordInput::kNo) {
    auto opened = Recorder::open({.directory = directory_, .input = input}, subject_);
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
  }
  static std::string contents(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  // Output and input, each in one string.
  static std::pair<std::string, std::string> played(const std::string& path) {
    cast::Reader reader;
    reader.feed(as_bytes(contents(path)));
    reader.end();
    std::pair<std::string, std::string> found;
    while (true) {
      const auto event = reader.next();
      EXPECT_TRUE(event) << event.error().message();
      if (!event || !*event) return found;
      if ((*event)->kind == cast::Event::Kind::kOutput) found.first += (*event)->bytes;
      if ((*event)->kind == cast::Event::Kind::kInput) found.second += (*event)->bytes;
    }
  }

  std::string directory_;
  Recorder::Subject subject_{
      .session = 7, .name = "work", .program = "/bin/bash", .term = "xterm", .size = {.columns = 90, .rows = 30}};
};

TEST_F(RecorderTest, AFileIsTheUsersAloneAndHasTimeAndSessionInItsName) {
  const auto recorder = open();
  EXPECT_TRUE(
      std::regex_match(recorder->path(), std::regex(directory_ + R"(/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-7-work\.cast)")));
  struct stat status{};
  ASSERT_EQ(stat(recorder->path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(RecorderTest, WhatHappensIsThereAtOnce) {
  const auto recorder = open();
  ASSERT_TRUE(recorder->output(as_bytes("caf\xc3\xa9 \xff")));
  EXPECT_EQ(played(recorder->path()).first, "caf\xc3\xa9 \xff");
  ASSERT_TRUE(recorder->output(as_bytes("\xe2\x82")));
  ASSERT_TRUE(recorder->resized({.columns = 100, .rows = 20}));
  ASSERT_TRUE(recorder->output(as_bytes("\xe2")));
  ASSERT_TRUE(recorder->finish());
  EXPECT_EQ(played(recorder->path()).first, "caf\xc3\xa9 \xff\xe2\x82\xe2");
}

TEST_F(RecorderTest, InputIsThereOnlyWhereItWasAskedFor) {
  const auto without = open();
  ASSERT_TRUE(without->input(as_bytes("secret")));
  EXPECT_EQ(contents(without->path()).find("secret"), std::string::npos);
  const auto with = open(RecordInput::kYes);
  ASSERT_TRUE(with->input(as_bytes("secret")));
  EXPECT_EQ(played(with->path()).second, "secret");
}

TEST_F(RecorderTest, TwoOfOneNameAreTwoFiles) {
  const auto first = open(), second = open();
  EXPECT_NE(first->path(), second->path());
  second->discard();
  EXPECT_FALSE(fs::exists(second->path()));
  EXPECT_TRUE(fs::exists(first->path()));
}

TEST_F(RecorderTest, ADirectoryThatIsNotTheUsersAloneIsRefused) {
  const auto refused = [&](const std::string& directory) {
    const auto opened = Recorder::open({.directory = directory}, subject_);
    return opened ? "" : opened.error().message();
  };
  fs::permissions(directory_, fs::perms::group_read, fs::perm_options::add);
  EXPECT_THAT(refused(directory_), testing::HasSubstr("it is open to other users (chmod 700"));
  fs::permissions(directory_, fs::perms::owner_all);
  fs::create_directory_symlink(directory_, directory_ + "/link");
  EXPECT_THAT(refused(directory_ + "/link"), testing::HasSubstr("it is a link"));
  std::ofstream(directory_ + "/file").put('x');
  EXPECT_THAT(refused(directory_ + "/file"), testing::HasSubstr("cannot record the session: "));
  EXPECT_EQ(refused(directory_ + "/made/here"), "");
  EXPECT_EQ(fs::status(directory_ + "/made/here").permissions(), fs::perms::owner_all);
}

TEST_F(RecorderTest, WhatCannotBeWrittenIsAnErrorAndLeavesWholeLines) {
  const auto recorder = open();
  ASSERT_TRUE(recorder->output(as_bytes("before")));
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
  const auto action = std::signal(SIGXFSZ, SIG_IGN);
  rlimit little = usual;
  little.rlim_cur = fs::file_size(recorder->path()) + 100;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &little), 0);
  const auto done = recorder->output(as_bytes(std::string(500, 'x')));  // a part of it fits
  setrlimit(RLIMIT_FSIZE, &usual);
  std::signal(SIGXFSZ, action);  // lint-allow(signal): what it was
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message(), "cannot write the recording " + recorder->path() + ": file too large");
  EXPECT_TRUE(contents(recorder->path()).ends_with("\"before\"]\n"));
}

}  // namespace
}  // namespace farpty::session
