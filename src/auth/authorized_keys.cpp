#include "auth/authorized_keys.hpp"

#include <algorithm>
#include <array>

#include "auth/key_file.hpp"

namespace farpty::auth {

namespace {

constexpr std::string_view kBlank = " \t";

// Kinds of keys that a line may list for sshd and that are none of ours (OpenSSH's keyimpls; ssh -Q key).
constexpr std::array<std::string_view, 17> kOtherKinds{"ssh-rsa",
                                                       "ssh-dss",
                                                       "ecdsa-sha2-nistp256",
                                                       "ecdsa-sha2-nistp384",
                                                       "ecdsa-sha2-nistp521",
                                                       "sk-ssh-ed25519@openssh.com",
                                                       "sk-ecdsa-sha2-nistp256@openssh.com",
                                                       "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
                                                       "ssh-ed25519-cert-v01@openssh.com",
                                                       "ssh-rsa-cert-v01@openssh.com",
                                                       "ssh-dss-cert-v01@openssh.com",
                                                       "ecdsa-sha2-nistp256-cert-v01@openssh.com",
                                                       "ecdsa-sha2-nistp384-cert-v01@openssh.com",
                                                       "ecdsa-sha2-nistp521-cert-v01@openssh.com",
                                                       "sk-ssh-ed25519-cert-v01@openssh.com",
                                                       "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
                                                       "ssh-xmss@openssh.com"};

std::string_view trim_left(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlank), text.size()));
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find_first_of(kBlank)); }

bool is_other_kind(std::string_view word) { return std::ranges::find(kOtherKinds, word) != kOtherKinds.end(); }

// The key of a line; std::nullopt where the line is none of ours to read. The error's reason is the complaint.
Result<std::optional<AuthorizedKey>> parse_line(std::string_view line, const TimeZone& zone) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  line = trim_left(line);
  if (line.empty() || line.starts_with('#')) return std::nullopt;
  if (line.size() > kMaxLine) return failure("", "", "it is too long");
  if (line.find('\0') != std::string_view::npos) return failure("", "", "it holds a NUL byte");
  std::string_view options;
  if (const auto word = first_word(line); word != kKeyType && !is_other_kind(word)) {
    const auto length = length_of_options(line);
    if (!length) return failure("", "", "a quote is not closed");
    options = line.substr(0, *length);
    line = trim_left(line.substr(*length));
  }
  const auto kind = first_word(line);
  if (is_other_kind(kind)) return std::nullopt;
  if (kind != kKeyType) return failure("", "", "there is no key in it");
  line = trim_left(line.substr(kind.size()));
  const auto key = parse_key_word(first_word(line));
  if (!key) return failure("", "", "the key is damaged");
  FARPTY_ASSIGN(parsed, parse_key_options(options, zone));
  return AuthorizedKey{.key = *key, .options = std::move(parsed)};
}

}  // namespace

AuthorizedKeys parse_authorized_keys(std::string_view text, const TimeZone& zone) {
  AuthorizedKeys parsed;
  for (unsigned number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    auto key = parse_line(text.substr(0, end), zone);
    if (!key && parsed.complaints.size() < kMaxComplaints) {
      const Error& error = key.error();
      parsed.complaints.push_back({.line = number, .reason = error.operation.empty() ? error.reason : error.message()});
    }
    if (key && *key) {
      (*key)->line = number;
      parsed.keys.push_back(std::move(**key));
    }
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parsed;
}

std::string text_of(const Complaint& complaint, std::string_view file) {
  return std::string(file) + ":" + std::to_string(complaint.line) + ": " + complaint.reason +
         "; the line lets nobody in";
}

Result<Grants> admit(const AuthorizedKeys& keys, const PublicKey& key, const std::optional<IpAddress>& from,
                     Seconds now) {
  std::string reason = "the key is not listed";
  for (const AuthorizedKey& listed : keys.keys) {
    if (listed.key != key) continue;
    const auto in_line = " (line " + std::to_string(listed.line) + ")";
    if (listed.options.from && !listed.options.from->matches(from)) {
      reason = "the key may not come from there" + in_line;
      continue;
    }
    if (listed.options.grants.expires && *listed.options.grants.expires < now) {
      reason = "the key's time is over" + in_line;
      continue;
    }
    return listed.options.grants;
  }
  return failure("cannot let in", fingerprint(key), std::move(reason));
}

}  // namespace farpty::auth
