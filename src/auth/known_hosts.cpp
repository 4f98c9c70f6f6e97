#include "auth/known_hosts.hpp"

#include <algorithm>
#include <optional>

#include "auth/key_file.hpp"

namespace farpty::auth {

namespace {

constexpr std::string_view kBlank = " \t\r";
constexpr std::size_t kMaxLine = 4096;  // a name has at most 255 bytes, a key's word 68

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  const auto word = text.substr(0, text.find_first_of(kBlank));
  text.remove_prefix(word.size());
  return word;
}

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return small;
}

}  // namespace

std::string HostName::text() const { return "[" + lower(host) + "]:" + std::to_string(port); }

KnownHosts KnownHosts::parse(std::string_view text) {
  KnownHosts parsed;
  for (unsigned number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.size() > kMaxLine) continue;
    Entry entry{.line = number};
    auto word = take_word(line);
    if (word.starts_with('#')) continue;
    if (word.starts_with('@')) {
      if (word != "@revoked") continue;
      entry.revoked = true;
      word = take_word(line);
    }
    entry.name = lower(word);
    if (take_word(line) != kKeyType) continue;
    const auto key = parse_key_word(take_word(line));
    if (!key) continue;
    entry.key = *key;
    parsed.entries_.push_back(std::move(entry));
  }
  return parsed;
}

KnownHosts::Finding KnownHosts::look_up(const HostName& name, const PublicKey& key) const {
  const std::string wanted = name.text();
  Finding finding;
  for (const Entry& entry : entries_) {
    if (entry.revoked) {
      if (entry.key == key && (entry.name == "*" || entry.name == wanted))
        return {.verdict = Verdict::kRevoked, .known = entry.key, .line = entry.line};
    } else if (entry.name == wanted && finding.verdict != Verdict::kKnown) {
      // One host may have several keys, while they are being exchanged for instance.
      finding = {
          .verdict = entry.key == key ? Verdict::kKnown : Verdict::kChanged, .known = entry.key, .line = entry.line};
    }
  }
  return finding;
}

std::string with_known_host(std::string_view text, const HostName& name, const PublicKey& key) {
  std::string longer(text);
  if (!longer.empty() && !longer.ends_with('\n')) longer += '\n';
  return longer + name.text() + " " + public_key_line(key, "");
}

Error refused_host_key(const KnownHosts::Finding& finding, const HostName& name, const PublicKey& offered,
                       const std::string& file) {
  const std::string line = "line " + std::to_string(finding.line) + " of " + file;
  Error error{.operation = "will not talk to", .object = name.text()};
  if (finding.verdict == KnownHosts::Verdict::kRevoked) {
    error.reason = "its key " + fingerprint(offered) + " was revoked by " + line;
    return error;
  }
  error.reason = "its key has changed: it was " + fingerprint(finding.known) + " and is now " + fingerprint(offered) +
                 ". Somebody may be in between, or the server was set up anew";
  error.hint = "if you know why it changed, and its owner names the new fingerprint, remove " + line;
  return error;
}

}  // namespace farpty::auth
