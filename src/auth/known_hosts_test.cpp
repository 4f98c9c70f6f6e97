#include "auth/known_hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/key_file.hpp"

namespace farpty::auth {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Verdict = KnownHosts::Verdict;

const std::string kWord = "AAAAC3NzaC1lZDI1NTE5AAAAIGsB1Q94YIGMSvKnq+YgcWbE2X6hOfs6h7oXQoIwEcXA";
const std::string kOtherWord = "AAAAC3NzaC1lZDI1NTE5AAAAIKa6S4gK6gyznHmsoBKGKzPxkGb/rxEJyoo7r96ehzTv";
const HostName kFar{.host = "far.example.org", .port = 7022};

PublicKey key() { return *parse_key_word(kWord); }
PublicKey other() { return *parse_key_word(kOtherWord); }

KnownHosts::Finding look_up(std::string_view text, const HostName& name = kFar, const PublicKey& offered = key()) {
  return KnownHosts::parse(text).look_up(name, offered);
}

TEST(KnownHosts, AHostIsKnownOnceItIsPinned) {
  EXPECT_EQ(look_up("").verdict, Verdict::kUnknown);
  const std::string text = with_known_host("# mine", kFar, key());
  EXPECT_EQ(text, "# mine\n[far.example.org]:7022 ssh-ed25519 " + kWord + "\n");
  EXPECT_EQ(look_up(text).verdict, Verdict::kKnown);
  EXPECT_EQ(look_up(text, {.host = "FAR.example.ORG", .port = 7022}).verdict, Verdict::kKnown);
  EXPECT_EQ(look_up(text, {.host = "far.example.org", .port = 7023}).verdict, Verdict::kUnknown);
  EXPECT_EQ(look_up(text, {.host = "far", .port = 7022}).verdict, Verdict::kUnknown);
  EXPECT_EQ(
      look_up(with_known_host(text, {.host = "::1", .port = 1}, other()), {.host = "::1", .port = 1}, other()).verdict,
      Verdict::kKnown);
}

TEST(KnownHosts, AnotherKeyIsNoticed) {
  const std::string text = with_known_host("\n", kFar, key());
  const auto finding = look_up(text, kFar, other());
  EXPECT_EQ(finding.verdict, Verdict::kChanged);
  EXPECT_EQ(finding.line, 2U);
  EXPECT_THAT(
      refused_host_key(finding, kFar, other(), "HOSTS").message(),
      AllOf(HasSubstr("will not talk to [far.example.org]:7022: its key has changed"), HasSubstr(fingerprint(key())),
            HasSubstr(fingerprint(other())), HasSubstr("remove line 2 of HOSTS")));
}

TEST(KnownHosts, AHostMayHaveSeveralKeys) {
  const std::string text = with_known_host(with_known_host("", kFar, key()), kFar, other());
  EXPECT_EQ(look_up(text, kFar, key()).verdict, Verdict::kKnown);
  EXPECT_EQ(look_up(text, kFar, other()).verdict, Verdict::kKnown);
}

TEST(KnownHosts, ARevokedKeyIsNobodys) {
  const std::string known = with_known_host("", kFar, key());
  for (const std::string name : {"*", "[far.example.org]:7022"}) {
    const std::string revoked = "@revoked " + name + " ssh-ed25519 " + kWord + "\n";
    for (const std::string& text : {known + revoked, revoked + known, revoked}) {
      const auto finding = look_up(text);
      EXPECT_EQ(finding.verdict, Verdict::kRevoked) << text;
      EXPECT_THAT(refused_host_key(finding, kFar, key(), "HOSTS").message(), HasSubstr("was revoked by line"));
    }
    EXPECT_EQ(look_up(revoked, kFar, other()).verdict, Verdict::kUnknown);
  }
  EXPECT_EQ(look_up("@revoked [near]:7022 ssh-ed25519 " + kWord + "\n").verdict, Verdict::kUnknown);
}

TEST(KnownHosts, WhatIsNotUnderstoodIsKnownByNobody) {
  for (const std::string& line :
       {std::string("far"), std::string("[far.example.org]:7022"), "[far.example.org]:7022 " + kWord,
        "[far.example.org]:7022 ssh-rsa " + kWord, "[far.example.org]:7022 ssh-ed25519 " + kWord.substr(1),
        "#[far.example.org]:7022 ssh-ed25519 " + kWord, "@cert-authority [far.example.org]:7022 ssh-ed25519 " + kWord,
        "* ssh-ed25519 " + kWord, std::string(5000, ' ') + "[far.example.org]:7022 ssh-ed25519 " + kWord,
        std::string("\0\xff", 2)})
    EXPECT_EQ(look_up(line + "\n").verdict, Verdict::kUnknown) << line;
  EXPECT_EQ(look_up("  [far.example.org]:7022\tssh-ed25519 " + kWord + "\r\n").verdict, Verdict::kKnown);
}

}  // namespace
}  // namespace farpty::auth
