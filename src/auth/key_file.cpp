#include "auth/key_file.hpp"

#include <algorithm>

#include "auth/base64.hpp"
#include "auth/ssh_wire.hpp"

namespace farpty::auth {

namespace {

constexpr std::string_view kBegin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view kEnd = "-----END OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view kMagic{"openssh-key-v1\0", 15};
constexpr std::size_t kLineWidth = 70;  // of ssh-keygen's
constexpr std::size_t kBlock = 8;       // what the "none" cipher pads to
constexpr std::size_t kMaxComment = 1024;

std::unexpected<Error> refuse(const std::string& name, std::string reason, std::string hint = {}) {
  return failure("cannot use key", name, std::move(reason), std::move(hint));
}

std::unexpected<Error> broken(const std::string& name) {
  return refuse(name, "it is no OpenSSH private key, or a damaged one");
}

std::optional<PublicKey> key_of(Bytes bytes) {
  PublicKey key;
  if (bytes.size() != key.bytes.size()) return std::nullopt;
  std::ranges::copy(bytes, key.bytes.begin());
  return key;
}

std::optional<PublicKey> parse_blob(Bytes blob) {
  SshReader reader(blob);
  const auto type = reader.string();
  const auto key = reader.string();
  if (!type || as_text(*type) != kKeyType || !key || !reader.rest().empty()) return std::nullopt;
  return key_of(*key);
}

// The bytes between the two lines of dashes.
std::optional<SecretBytes> unwrap(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  constexpr std::string_view begin = kBegin.substr(0, kBegin.size() - 1);
  constexpr std::string_view end = kEnd.substr(0, kEnd.size() - 1);
  if (!text.starts_with(begin)) return std::nullopt;
  text.remove_prefix(begin.size());
  const auto stop = text.find(end);
  if (stop == std::string_view::npos) return std::nullopt;
  SecretBytes packed;
  packed.reserve(stop);
  for (const char c : text.substr(0, stop))
    if (!is_space(c)) packed.push_back(static_cast<std::byte>(c));
  return decode_base64(as_text(packed));
}

Result<KeyFile> parse_private_section(Bytes section, const PublicKey& announced, const std::string& name) {
  SshReader reader(section);
  const auto check = reader.uint32();
  const auto again = reader.uint32();
  const auto type = reader.string();
  if (!check || check != again || !type || as_text(*type) != kKeyType) return broken(name);
  const auto public_half = reader.string();
  const auto private_half = reader.string();  // the seed, then the public key
  const auto comment = reader.string();
  if (!public_half || !private_half || private_half->size() != 2 * kKeySize || !comment ||
      comment->size() > kMaxComment || reader.rest().size() >= kBlock)
    return broken(name);
  for (std::size_t i = 0; i < reader.rest().size(); ++i)
    if (reader.rest()[i] != static_cast<std::byte>(i + 1)) return broken(name);
  FARPTY_ASSIGN(key, PrivateKey::from_seed(Secret<kKeySize>(private_half->first<kKeySize>())));
  for (const auto& half : {key_of(*public_half), key_of(private_half->subspan(kKeySize))})
    if (half != announced || half != key.public_key()) return broken(name);
  return KeyFile{.key = std::move(key), .comment = std::string(as_text(*comment))};
}

}  // namespace

std::string public_key_line(const PublicKey& key, std::string_view comment) {
  std::string line = std::string(kKeyType) + " " + encode_base64(key_blob(key));
  if (!comment.empty()) line.append(" ").append(comment);
  return line + "\n";
}

std::optional<PublicKey> parse_key_word(std::string_view word) {
  const auto blob = decode_base64(word);
  return blob ? parse_blob(*blob) : std::nullopt;
}

SecretBytes private_key_text(const PrivateKey& key, std::string_view comment, std::uint32_t check) {
  SecretBytes section;
  section.reserve(256 + comment.size());
  write_uint32(section, check);
  write_uint32(section, check);
  write_string(section, as_bytes(kKeyType));
  write_string(section, key.public_key().bytes);
  write_uint32(section, 2 * kKeySize);
  section.insert(section.end(), key.seed().bytes().begin(), key.seed().bytes().end());
  section.insert(section.end(), key.public_key().bytes.begin(), key.public_key().bytes.end());
  write_string(section, as_bytes(comment));
  for (unsigned char pad = 1; section.size() % kBlock != 0; ++pad) section.push_back(std::byte{pad});

  SecretBytes file;
  for (const char c : kMagic) file.push_back(static_cast<std::byte>(c));
  write_string(file, as_bytes("none"));  // cipher
  write_string(file, as_bytes("none"));  // key derivation
  write_string(file, {});                // and its options
  write_uint32(file, 1);                 // keys
  write_string(file, key_blob(key.public_key()));
  write_string(file, section);

  SecretBytes packed;
  encode_base64(file, Alphabet::kStandard, packed);
  SecretBytes text;
  const auto add = [&text](Bytes bytes) { text.insert(text.end(), bytes.begin(), bytes.end()); };
  add(as_bytes(kBegin));
  for (std::size_t at = 0; at < packed.size(); at += kLineWidth) {
    add(Bytes(packed).subspan(at, std::min(kLineWidth, packed.size() - at)));
    text.push_back(std::byte{'\n'});
  }
  add(as_bytes(kEnd));
  return text;
}

Result<KeyFile> parse_private_key(Bytes text, const std::string& name) {
  if (text.size() > kMaxKeyFile) return refuse(name, "it is too long for a key");
  if (as_text(text).starts_with("-----BEGIN") && !as_text(text).starts_with(kBegin.substr(0, kBegin.size() - 1)))
    return refuse(name, "it is not in OpenSSH's format",
                  "ssh-keygen -p -f " + name + " writes it anew, or make one with farpty keygen");
  const auto file = unwrap(as_text(text));
  if (!file) return broken(name);
  SshReader reader(*file);
  const auto magic = reader.take(kMagic.size());
  if (!magic || as_text(*magic) != kMagic) return broken(name);
  const auto cipher = reader.string();
  const auto derivation = reader.string();
  const auto options = reader.string();
  const auto count = reader.uint32();
  if (!cipher || !derivation || !options || count != 1) return broken(name);
  const auto blob = reader.string();
  const auto section = reader.string();
  if (!blob || !section) return broken(name);
  if (as_text(*cipher) != "none" || as_text(*derivation) != "none")
    return refuse(name, "it is locked with a passphrase, and farpty cannot ask for one",
                  "ssh-keygen -p -f " + name + " takes the passphrase away, or make another key with farpty keygen");
  const auto announced = parse_blob(*blob);
  if (!announced) {
    SshReader inner(*blob);
    const auto type = inner.string();
    if (type && as_text(*type) != kKeyType)
      return refuse(name, "it is not an ed25519 key", "make one with farpty keygen");
    return broken(name);
  }
  if (!reader.rest().empty() || section->size() % kBlock != 0) return broken(name);
  return parse_private_section(*section, *announced, name);
}

}  // namespace farpty::auth
