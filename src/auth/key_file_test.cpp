#include "auth/key_file.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/base64.hpp"
#include "auth/certificate.hpp"

namespace farpty::auth {
namespace {

using testing::HasSubstr;

// Made by ssh-keygen 9.2 for this test and used nowhere.
constexpr std::string_view kPlain =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "QyNTUxOQAAACBrAdUPeGCBjEryp6vmIHFmxNl+oTn7Ooe6F0KCMBHFwAAAAJA3I1cYNyNX\n"
    "GAAAAAtzc2gtZWQyNTUxOQAAACBrAdUPeGCBjEryp6vmIHFmxNl+oTn7Ooe6F0KCMBHFwA\n"
    "AAAEDf6Jma68CBn6dBamvdjgLxhdir5Y6Um+Vcp6e+7c5PamsB1Q94YIGMSvKnq+YgcWbE\n"
    "2X6hOfs6h7oXQoIwEcXAAAAACGFubkBuZWFyAQIDBAU=\n"
    "-----END OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view kPlainLine =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGsB1Q94YIGMSvKnq+YgcWbE2X6hOfs6h7oXQoIwEcXA ann@near\n";
constexpr std::string_view kPlainFingerprint = "SHA256:VYu5x60HwY9yiNnCy49hMPZyrx0tQ/2nxGUkrjOggYU";
constexpr std::string_view kLocked =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABCgWrMCwi\n"
    "2B3pZh/ra44DGSAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIGBISaPjyHd2sf5W\n"
    "lQUt+CwEa8BsjVzhXsau+1PILUg0AAAAkH5Av+80CK5KnVLOnnS8nVq7n8R+YVWTxVbi38\n"
    "+IlSsKtfVF0ZgXisQe992iWtes2/WUyE2Pbc44Ot2UXQEjIp14JVxHsHzrIwI705DnCuGx\n"
    "H6oD3K8gHoE9KskKzEIqS/cULdbmPRHFkq2bJ21CdjCe1Z7W0v9ahBpJQ4yskq9h20hyU1\n"
    "hd7EO1BJJrOrZVjQ==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

std::string message_for(std::string_view text) {
  const auto parsed = parse_private_key(as_bytes(text), "KEY");
  return parsed ? "accepted" : parsed.error().message();
}

// The text of a file whose contents were changed by `edit`.
template <typename Edit>
std::string edited(Edit edit) {
  const std::string_view begin = kPlain.substr(0, kPlain.find('\n') + 1);
  const std::string_view end = kPlain.substr(kPlain.rfind("-----END"));
  std::string packed;
  for (const char c : kPlain.substr(begin.size(), kPlain.size() - begin.size() - end.size()))
    if (c != '\n') packed += c;
  const auto decoded = decode_base64(packed);
  std::vector<std::byte> bytes(decoded->begin(), decoded->end());
  edit(bytes);
  return std::string(begin) + encode_base64(bytes) + "\n" + std::string(end);
}

TEST(KeyFile, ReadsWhatSshKeygenWrote) {
  const auto parsed = parse_private_key(as_bytes(kPlain), "KEY");
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->comment, "ann@near");
  EXPECT_EQ(public_key_line(parsed->key.public_key(), parsed->comment), kPlainLine);
  EXPECT_EQ(fingerprint(parsed->key.public_key()), kPlainFingerprint);
}

TEST(KeyFile, WritesWhatSshKeygenWrites) {
  const auto parsed = parse_private_key(as_bytes(kPlain), "KEY");
  ASSERT_TRUE(parsed);
  const std::uint32_t check = 0x37235718;  // of that file
  EXPECT_EQ(as_text(private_key_text(parsed->key, "ann@near", check)), kPlain);
}

TEST(KeyFile, EveryLengthOfACommentComesBack) {
  const auto key = PrivateKey::generate();
  ASSERT_TRUE(key);
  for (std::size_t length = 0; length < 40; ++length) {
    const std::string comment(length, 'x');
    const auto again = parse_private_key(private_key_text(*key, comment, 7), "KEY");
    ASSERT_TRUE(again) << length;
    EXPECT_EQ(again->comment, comment);
    EXPECT_EQ(again->key.public_key(), key->public_key());
  }
}

TEST(KeyFile, SaysWhatItCannotUse) {
  EXPECT_EQ(message_for(kLocked),
            "cannot use key KEY: it is locked with a passphrase, and farpty cannot ask for one (ssh-keygen -p -f KEY "
            "takes the "
            "passphrase away, or make another key with farpty keygen)");
  EXPECT_THAT(message_for("-----BEGIN RSA PRIVATE KEY-----\nMIIC\n"), HasSubstr("it is not in OpenSSH's format"));
  for (const char* text : {"", "\n", "hello", "-----BEGIN OPENSSH PRIVATE KEY-----",
                           "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n"})
    EXPECT_THAT(message_for(text), HasSubstr("no OpenSSH private key, or a damaged one")) << text;
  EXPECT_THAT(message_for(std::string(kMaxKeyFile + 1, 'x')), HasSubstr("too long"));
}

TEST(KeyFile, ToleratesHowTheLinesAreCut) {
  std::string text(kPlain);
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.replace(at, 1, "\r\n");
  EXPECT_EQ(message_for(text), "accepted");
  EXPECT_EQ(message_for("\n \n" + std::string(kPlain)), "accepted");
  EXPECT_EQ(message_for(kPlain.substr(0, kPlain.size() - 1)), "accepted");
}

TEST(KeyFile, NoBitOfItCanBeChangedUnseen) {
  std::size_t size = 0;
  ASSERT_EQ(message_for(edited([&](auto& bytes) { size = bytes.size(); })), "accepted");
  // The comment (8 bytes) may be anything, and the two check numbers only have to be the same.
  for (std::size_t at = 0; at < size; ++at) {
    const bool comment = at >= size - 13 && at < size - 5;
    for (int bit = 0; bit < 8; ++bit) {
      const auto text = edited([&](auto& bytes) { bytes[at] ^= static_cast<std::byte>(1 << bit); });
      EXPECT_EQ(message_for(text) == "accepted", comment) << at << "." << bit;
    }
  }
}

TEST(KeyFile, IsWholeOrRefused) {
  std::size_t size = 0;
  edited([&](auto& bytes) { size = bytes.size(); });
  for (std::size_t length = 0; length < size; ++length)
    EXPECT_NE(message_for(edited([&](auto& bytes) { bytes.resize(length); })), "accepted") << length;
  EXPECT_NE(message_for(edited([](auto& bytes) { bytes.push_back(std::byte{6}); })), "accepted");
}

TEST(KeyFile, TheWordOfAPublicKey) {
  const std::string word(kPlainLine.substr(12, 68));
  ASSERT_TRUE(parse_key_word(word));
  EXPECT_EQ(fingerprint(*parse_key_word(word)), kPlainFingerprint);
  EXPECT_FALSE(parse_key_word(""));
  EXPECT_FALSE(parse_key_word(word.substr(0, 64)));
  EXPECT_FALSE(parse_key_word(word + "AAAA"));
  EXPECT_FALSE(parse_key_word(word + " "));
  EXPECT_FALSE(parse_key_word("AAAAB3NzaC1yc2EAAAADAQABAAAAgQDQ"));
  std::string other = word;
  other[10] = 'X';  // in the kind's name
  EXPECT_FALSE(parse_key_word(other));
}

TEST(Certificate, CarriesTheKey) {
  const auto key = PrivateKey::generate();
  ASSERT_TRUE(key);
  const auto certificate = make_certificate(*key);
  ASSERT_TRUE(certificate) << certificate.error().message();
  const auto carried = public_key_of(certificate->get());
  ASSERT_TRUE(carried) << carried.error().message();
  EXPECT_EQ(*carried, key->public_key());
  EXPECT_FALSE(public_key_of(static_cast<const X509*>(nullptr)));
}

TEST(Base64, OneTextForEachSequenceOfBytes) {
  const std::pair<const char*, const char*> vectors[] = {// RFC 4648, 10
                                                         {"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(encode_base64(as_bytes(plain)), text);
    ASSERT_TRUE(decode_base64(text)) << text;
    EXPECT_EQ(as_text(*decode_base64(text)), plain);
  }
  for (const char* text :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z", "=", "====", "Zm 9v", "Zm9v\n", "Zm-v", "Zm9v=", "Zg==Zg=="})
    EXPECT_FALSE(decode_base64(text)) << text;
  EXPECT_EQ(encode_base64(as_bytes("\xfb\xff"), Alphabet::kUrl), "-_8");
  EXPECT_EQ(as_text(*decode_base64("-_8", Alphabet::kUrl)), "\xfb\xff");
  for (const char* text : {"+/8", "-_8=", "-_9", "-"}) EXPECT_FALSE(decode_base64(text, Alphabet::kUrl)) << text;
}

}  // namespace
}  // namespace farpty::auth
