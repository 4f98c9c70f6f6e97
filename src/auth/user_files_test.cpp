#include "auth/user_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/given_token.hpp"
#include "base/owned_fd.hpp"

namespace farpty::auth {
namespace {

using testing::HasSubstr;

class UserFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "farpty-XXXXXX";
    home_ = mkdtemp(pattern.data());
    config_ = home_ + "/.config/farpty";
    setenv("HOME", home_.c_str(), 1);
    unsetenv("XDG_CONFIG_HOME");
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  static void write(const std::string& path, const std::string& text, mode_t mode = 0600) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
  }
  static mode_t mode_of(const std::string& path) {
    struct stat status{};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }
  static PublicKey some_key() { return PrivateKey::generate()->public_key(); }

  std::string home_, config_;
};

TEST_F(UserFilesTest, TheHostKeyIsMadeOnceAndStays) {
  const auto first = open_host_key();
  ASSERT_TRUE(first) << first.error().message();
  const auto second = open_host_key();
  ASSERT_TRUE(second);
  EXPECT_EQ(first->public_key(), second->public_key());
  EXPECT_EQ(mode_of(config_ + "/host_ed25519"), 0600U);
  EXPECT_EQ(mode_of(config_ + "/host_ed25519.pub"), 0644U);
  EXPECT_EQ(mode_of(config_), 0700U);
}

TEST_F(UserFilesTest, AHostKeyThatCannotBeUsedIsNotReplaced) {
  ASSERT_TRUE(open_host_key());
  chmod((config_ + "/host_ed25519").c_str(), 0640);
  EXPECT_THAT(open_host_key().error().message(), HasSubstr("other users can read this private key"));
  write(config_ + "/host_ed25519", "damaged");
  EXPECT_THAT(open_host_key().error().message(), HasSubstr("or a damaged one"));
}

TEST_F(UserFilesTest, TheClientsKeyIsItsOwnElseSshs) {
  EXPECT_THAT(find_client_identity("").error().message(), HasSubstr("make one with farpty keygen"));
  const auto ssh = PrivateKey::generate(), own = PrivateKey::generate(), named = PrivateKey::generate();
  ASSERT_TRUE(write_key_pair(home_ + "/.ssh/id_ed25519", *ssh, ""));
  auto found = find_client_identity("");
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->key.public_key(), ssh->public_key());
  ASSERT_TRUE(write_key_pair(*own_identity_file(), *own, ""));
  found = find_client_identity("");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key.public_key(), own->public_key());
  EXPECT_EQ(found->file, config_ + "/id_ed25519");
  ASSERT_TRUE(write_key_pair(home_ + "/named", *named, ""));
  EXPECT_EQ(find_client_identity(home_ + "/named")->key.public_key(), named->public_key());
  EXPECT_EQ(find_client_identity(home_ + "/missing").error().code, ENOENT);
  // One that is there and not usable is said to be so; the next is not taken instead.
  write(config_ + "/id_ed25519", "damaged");
  EXPECT_FALSE(find_client_identity(""));
}

TEST_F(UserFilesTest, AKeyIsNeverOverwritten) {
  const auto one = PrivateKey::generate(), two = PrivateKey::generate();
  ASSERT_TRUE(write_key_pair(home_ + "/key", *one, "one"));
  EXPECT_EQ(write_key_pair(home_ + "/key", *two, "two").error().code, EEXIST);
  EXPECT_EQ(find_client_identity(home_ + "/key")->key.public_key(), one->public_key());
  std::ifstream beside(home_ + "/key.pub");
  std::string line;
  std::getline(beside, line);
  EXPECT_EQ(line + "\n", public_key_line(one->public_key(), "one"));
}

TEST_F(UserFilesTest, AuthorizedKeysAreOurOwnElseSshs) {
  EXPECT_EQ(read_authorized_keys()->path, "");
  const auto one = some_key(), two = some_key();
  write(home_ + "/.ssh/authorized_keys", public_key_line(one, ""), 0644);
  auto found = read_authorized_keys();
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_TRUE(admit(found->keys, one, std::nullopt, 0));
  write(config_ + "/authorized_keys", public_key_line(two, ""));
  found = read_authorized_keys();
  ASSERT_TRUE(found);
  EXPECT_FALSE(admit(found->keys, one, std::nullopt, 0));
  EXPECT_TRUE(admit(found->keys, two, std::nullopt, 0));
  chmod((config_ + "/authorized_keys").c_str(), 0620);
  EXPECT_THAT(read_authorized_keys().error().message(), HasSubstr("other users can write it"));
}

TEST_F(UserFilesTest, AHostIsPinnedOnce) {
  const HostName far{.host = "far", .port = 7022};
  const auto key = some_key();
  EXPECT_EQ(read_known_hosts()->hosts.look_up(far, key).verdict, KnownHosts::Verdict::kUnknown);
  ASSERT_TRUE(pin_known_host(far, key));
  ASSERT_TRUE(pin_known_host(far, key));
  ASSERT_TRUE(pin_known_host({.host = "near", .port = 7022}, some_key()));
  const auto found = read_known_hosts();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->hosts.look_up(far, key).verdict, KnownHosts::Verdict::kKnown);
  EXPECT_EQ(mode_of(found->path), 0600U);
  EXPECT_EQ(std::filesystem::file_size(found->path),
            (public_key_line(key, "").size() + std::strlen("[far]:7022 ")) * 2 + 1);
  EXPECT_THAT(pin_known_host(far, some_key()).error().message(), HasSubstr("its key has changed"));
}

TEST_F(UserFilesTest, ATokenIsTakenOutOfTheArguments) {
  std::string address = "farpty://far/#geheim", again = "farpty://near#streng", other = "http://far/#part",
              after = "farpty://far/#far";
  std::string dashes = "--";
  std::array<char*, 5> arguments{address.data(), other.data(), again.data(), dashes.data(), after.data()};
  const auto token = take_token(arguments);
  ASSERT_TRUE(token);
  EXPECT_EQ(as_text(*token), "geheim");
  EXPECT_EQ(address, "farpty://far/" + std::string(7, '\0'));
  EXPECT_EQ(again, "farpty://near" + std::string(7, '\0'));
  EXPECT_EQ(other, "http://far/#part");
  EXPECT_EQ(after, "farpty://far/#far");  // the far command's own
  EXPECT_FALSE(take_token({}));
}

TEST_F(UserFilesTest, ATokenIsTakenOutOfTheEnvironment) {
  EXPECT_FALSE(take_token_from_environment());
  std::string entry = "FARPTY_TOKEN=farpty://far/#geheim";
  putenv(entry.data());  // as the system hands it over: the memory itself
  EXPECT_EQ(as_text(*take_token_from_environment()), "geheim");
  EXPECT_EQ(getenv("FARPTY_TOKEN"), nullptr);
  EXPECT_EQ(entry.find("geheim"), std::string::npos);
  setenv("FARPTY_TOKEN", "plain", 1);
  EXPECT_EQ(as_text(*take_token_from_environment()), "plain");
}

TEST_F(UserFilesTest, ATokenIsReadFromALine) {
  const auto read = [this](const std::string& text, std::string* rest = nullptr) {
    write(home_ + "/input", text);
    const OwnedFd fd(::open((home_ + "/input").c_str(), O_RDONLY | O_CLOEXEC));
    const auto token = read_token(fd.get());
    std::array<char, 64> buffer{};
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (rest != nullptr) rest->assign(buffer.data(), static_cast<std::size_t>(count));
    return token ? std::string(as_text(*token)) : token.error().message();
  };
  std::string rest;
  EXPECT_EQ(read("farpty://far/#geheim\r\nls\n", &rest), "geheim");
  EXPECT_EQ(rest, "ls\n");
  EXPECT_EQ(read("geheim"), "geheim");
  EXPECT_THAT(read("\n"), HasSubstr("there is none"));
  EXPECT_THAT(read(std::string(100'000, 'x')), HasSubstr("too long"));
}

}  // namespace
}  // namespace farpty::auth
