#include "auth/authorized_keys.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/key_file.hpp"

namespace farpty::auth {
namespace {

using testing::HasSubstr;

const std::string kWord = "AAAAC3NzaC1lZDI1NTE5AAAAIGsB1Q94YIGMSvKnq+YgcWbE2X6hOfs6h7oXQoIwEcXA";
const std::string kKey = "ssh-ed25519 " + kWord + " ann@near\n";
const std::string kOther = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKa6S4gK6gyznHmsoBKGKzPxkGb/rxEJyoo7r96ehzTv\n";
const std::string kRsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDQ8ftOf rsa\n";

// A zone two hours before UTC.
std::optional<Seconds> zone(const CivilTime& time) { return seconds_in_utc(time) - 7200; }

constexpr Seconds kNow = 1'800'000'000;  // 2027-01-15 08:00:00 UTC

AuthorizedKeys parse(std::string_view text) { return parse_authorized_keys(text, zone); }

Result<Grants> ask(std::string_view text, const std::string& from = "192.0.2.7", Seconds now = kNow) {
  return admit(parse(text), *parse_key_word(kWord), IpAddress::parse(from), now);
}

std::string answer(std::string_view text, const std::string& from = "192.0.2.7", Seconds now = kNow) {
  const auto grants = ask(text, from, now);
  return grants ? "in" : grants.error().reason;
}

// The only complaint about a text, which lets nobody in.
std::string complaint(std::string_view text) {
  const auto parsed = parse(text);
  EXPECT_TRUE(parsed.keys.empty()) << text;
  return parsed.complaints.size() == 1 ? parsed.complaints[0].reason
                                       : std::to_string(parsed.complaints.size()) + " complaints";
}

TEST(AuthorizedKeys, AListedKeyMayEnter) {
  EXPECT_EQ(answer(kKey), "in");
  EXPECT_EQ(answer("# comment\n\n \t \n" + kRsa + kOther + "  \t" + kKey), "in");
  EXPECT_EQ(answer(kKey.substr(0, kKey.size() - 1)), "in");
  EXPECT_EQ(answer("ssh-ed25519\t " + kWord + "\r\n"), "in");
  EXPECT_EQ(*ask(kKey), Grants{});
}

TEST(AuthorizedKeys, AnotherMayNot) {
  for (const std::string& text : {std::string(), kOther, kRsa, "#" + kKey, kOther + "\n# " + kKey})
    EXPECT_EQ(answer(text), "the key is not listed") << text;
}

TEST(AuthorizedKeys, OptionsBecomeGrants) {
  const auto grants = ask("command=\"echo \\\"hi, you\\\"  # \",no-pty,read-only,expiry-time=\"20300102Z\" " + kKey);
  ASSERT_TRUE(grants) << grants.error().message();
  EXPECT_EQ(grants->command, "echo \"hi, you\"  # ");
  EXPECT_EQ(grants->terminal, Terminal::kRefused);
  EXPECT_EQ(grants->writing, Writing::kRefused);
  EXPECT_EQ(grants->expires, seconds_in_utc({.year = 2030, .month = 1, .day = 2}));
}

TEST(AuthorizedKeys, NamesOfOptionsHaveNoCaseAndTheirOrderCounts) {
  EXPECT_EQ(ask("RESTRICT " + kKey)->terminal, Terminal::kRefused);
  EXPECT_EQ(ask("restrict,pty " + kKey)->terminal, Terminal::kAllowed);
  EXPECT_EQ(ask("pty,restrict " + kKey)->terminal, Terminal::kRefused);
  EXPECT_EQ(ask("No-PTY,pty " + kKey)->terminal, Terminal::kAllowed);
  EXPECT_EQ(ask("no-port-forwarding,no-X11-forwarding,no-agent-forwarding,no-user-rc " + kKey)->terminal,
            Terminal::kAllowed);
}

TEST(AuthorizedKeys, WhatIsNotUnderstoodLetsNobodyIn) {
  EXPECT_EQ(complaint("tunnel=\"1\" " + kKey), "cannot use option 'tunnel': it is not known, or takes no value");
  EXPECT_EQ(complaint("cert-authority " + kKey),
            "cannot use option 'cert-authority': it is not known, or needs a value");
  EXPECT_THAT(complaint("no-restrict " + kKey), HasSubstr("'no-restrict': it is not known"));
  EXPECT_THAT(complaint("no-read-only " + kKey), HasSubstr("'no-read-only': it is not known"));
  EXPECT_THAT(complaint("environment=\"A=b\" " + kKey), HasSubstr("'environment'"));
  EXPECT_THAT(complaint("permitopen=\"a:1\" " + kKey), HasSubstr("'permitopen'"));
  EXPECT_THAT(complaint("command " + kKey), HasSubstr("'command': it is not known, or needs a value"));
  EXPECT_THAT(complaint("command=true " + kKey), HasSubstr("'command': its value is not in quotes"));
  EXPECT_THAT(complaint("command= " + kKey), HasSubstr("'command': its value is not in quotes"));
  EXPECT_THAT(complaint("command=\"a\",command=\"b\" " + kKey), HasSubstr("it is given twice"));
  EXPECT_THAT(complaint("from=\"*\",from=\"*\" " + kKey), HasSubstr("it is given twice"));
  EXPECT_THAT(complaint("no-pty, " + kKey), HasSubstr("nothing follows the comma"));
  EXPECT_THAT(complaint("no-pty,,no-pty " + kKey), HasSubstr("'': it is not known"));
  EXPECT_THAT(complaint(",no-pty " + kKey), HasSubstr("'': it is not known"));
  EXPECT_THAT(complaint("command=\"a\"b " + kKey), HasSubstr("something follows that is no comma"));
  EXPECT_EQ(complaint("command=\"a " + kKey), "a quote is not closed");
  EXPECT_EQ(complaint("command=\"a\\\" " + kKey), "a quote is not closed");
  EXPECT_THAT(complaint("no-pty=\"yes\" " + kKey), HasSubstr("takes no value"));
  EXPECT_EQ(complaint("no-pty, no-pty " + kKey), "there is no key in it");
  EXPECT_EQ(complaint("hello\n"), "there is no key in it");
  EXPECT_EQ(complaint("no-pty no-pty " + kKey), "there is no key in it");
  EXPECT_EQ(complaint("ssh-ed25519\n"), "the key is damaged");
  EXPECT_EQ(complaint("ssh-ed25519 " + kWord + "=\n"), "the key is damaged");
  EXPECT_EQ(complaint("ssh-ed25519 " + kWord.substr(0, 40) + "\n"), "the key is damaged");
  EXPECT_EQ(complaint("command=\"" + std::string(kMaxLine, 'x') + "\" " + kKey), "it is too long");
  EXPECT_EQ(complaint("command=\"a" + std::string(1, '\0') + "b\" " + kKey), "it holds a NUL byte");
}

TEST(AuthorizedKeys, AComplaintNamesFileAndLine) {
  const auto parsed = parse(kKey + "\n# x\nfoo " + kKey + kOther + "bar\n");
  ASSERT_EQ(parsed.complaints.size(), 2U);
  EXPECT_EQ(text_of(parsed.complaints[0], "KEYS"),
            "KEYS:4: cannot use option 'foo': it is not known, or needs a value; the line lets nobody in");
  EXPECT_EQ(parsed.complaints[1].line, 6U);
  EXPECT_EQ(parsed.keys.size(), 2U);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "x\n";
  EXPECT_EQ(parse(many).complaints.size(), kMaxComplaints);
}

TEST(AuthorizedKeys, From) {
  const auto from = [](const std::string& list) { return "from=\"" + list + "\" " + kKey; };
  for (const char* list :
       {"192.0.2.7", "192.0.2.0/24", "*", "192.0.2.*", "192.0.?.7", "10.0.0.1,192.0.2.7", "0.0.0.0/0", "!10.0.0.0/8,*",
        "2001:db8::/32,192.0.2.7", "::ffff:192.0.2.7", "far.example.org,192.0.2.7"})
    EXPECT_EQ(answer(from(list)), "in") << list;
  for (const char* list : {"192.0.2.8", "192.0.3.0/24", "!192.0.2.7", "!192.0.2.7,*", "*,!192.0.2.0/24", "::/0",
                           "far.example.org", "192.0.2", "192.0.2.70", "1*"})
    EXPECT_EQ(answer(from(list)) == "in", std::string_view(list) == "1*") << list;
  EXPECT_EQ(answer(from("192.0.2.8")), "the key may not come from there (line 1)");
  EXPECT_EQ(answer(from("2001:db8::/32"), "2001:DB8:0:1::5"), "in");
  EXPECT_EQ(answer(from("2001:DB8::*"), "2001:db8::5"), "in");
  EXPECT_EQ(answer(from("192.0.2.0/24"), "::ffff:192.0.2.9"), "in");
  EXPECT_EQ(answer(from("fe80::1"), "fe80::1%eth0"), "in");
  EXPECT_NE(answer(from("*"), "unix"), "in");
  for (const char* list : {"", ",", "192.0.2.7,", "192.0.2.7/33", "192.0.2.7/24", "192.0.2.0/", "192.0.2.0/2x",
                           "192.0.2.0/-1", "a.example/8", "2001:db8::/129", "!"})
    EXPECT_THAT(complaint(from(list)), HasSubstr("cannot understand from=")) << list;
}

TEST(AuthorizedKeys, ExpiryTime) {
  const auto until = [](const std::string& time) { return "expiry-time=\"" + time + "\" " + kKey; };
  const Seconds noon = seconds_in_utc({.year = 2027, .month = 1, .day = 15, .hour = 12, .minute = 30, .second = 15});
  EXPECT_EQ(answer(until("20270115123015Z"), "192.0.2.7", noon), "in");
  EXPECT_EQ(answer(until("20270115123015Z"), "192.0.2.7", noon + 1), "the key's time is over (line 1)");
  EXPECT_EQ(ask(until("202701151230Z"))->expires, noon - 15);
  EXPECT_EQ(ask(until("20270116Z"))->expires, seconds_in_utc({.year = 2027, .month = 1, .day = 16}));
  EXPECT_EQ(ask(until("20270115123015"))->expires, noon - 7200);
  EXPECT_EQ(ask("expiry-time=\"20300101Z\",expiry-time=\"20280101Z\" " + kKey)->expires,
            seconds_in_utc({.year = 2028, .month = 1, .day = 1}));
  for (const char* time :
       {"", "Z", "2027", "20270132Z", "20270229Z", "20271301Z", "20270001Z", "2027011524Z", "202701152400Z",
        "202701151260Z", "20270115125960Z", "2027-01-15", "20270115 ", "20270115ZZ", "+2027011", "19691231Z"})
    EXPECT_THAT(complaint(until(time)), HasSubstr("is no time")) << time;
  EXPECT_EQ(answer(until("20280229Z")), "in");
}

TEST(AuthorizedKeys, DaysAreCountedAsEverybodyCountsThem) {
  EXPECT_EQ(seconds_in_utc({.year = 1970, .month = 1, .day = 1}), 0);
  EXPECT_EQ(seconds_in_utc({.year = 2000, .month = 3, .day = 1}), 951'868'800);
  EXPECT_EQ(seconds_in_utc({.year = 2027, .month = 1, .day = 15, .hour = 8}), 1'800'000'000);
  EXPECT_EQ(seconds_in_utc({.year = 2100, .month = 3, .day = 1}), 4'107'542'400);
}

TEST(AuthorizedKeys, TheFirstLineThatHoldsCounts) {
  EXPECT_EQ(ask("from=\"10.0.0.1\",command=\"a\" " + kKey + "command=\"b\" " + kKey + kKey)->command, "b");
  EXPECT_EQ(answer("expiry-time=\"20200101Z\" " + kKey + "from=\"10.0.0.1\" " + kKey),
            "the key may not come from there (line 2)");
}

TEST(Pattern, StarsAndQuestionMarks) {
  EXPECT_TRUE(matches_pattern("", ""));
  EXPECT_TRUE(matches_pattern("", "**"));
  EXPECT_FALSE(matches_pattern("", "?"));
  EXPECT_TRUE(matches_pattern("abcabd", "*abd"));
  EXPECT_FALSE(matches_pattern("abcabd", "*abc"));
  EXPECT_TRUE(matches_pattern("abc", "a*?c"));
  EXPECT_FALSE(matches_pattern("ac", "a*?c"));
  EXPECT_FALSE(matches_pattern(std::string(2000, 'a'), "*a*a*a*a*a*a*a*a*a*a*a*b"));
}

TEST(IpAddress, IsOneValueForOneAddress) {
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1"), IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(IpAddress::parse("2001:DB8:0::1")->text(), "2001:db8::1");
  EXPECT_EQ(IpAddress::parse("fe80::1%lo"), IpAddress::parse("fe80::1"));
  for (const char* text :
       {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "0x7f.1", "127.1", "::1::", "unix", "1.2.3.4%lo", " 1.2.3.4"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
  EXPECT_EQ(IpAddress::parse("2001:db8:ffff:ffff::1")->network(33).text(), "2001:db8:8000::");
  EXPECT_EQ(IpAddress::parse("192.0.2.255")->network(0).text(), "0.0.0.0");
  EXPECT_EQ(IpAddress::parse("192.0.2.255")->network(32).text(), "192.0.2.255");
}

}  // namespace
}  // namespace farpty::auth
