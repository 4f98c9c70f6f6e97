// known_hosts: which key each host had when it was met first, so that another one is noticed.
//
//   [far.example.org]:7022 ssh-ed25519 AAAAC3...        a key of this host
//   @revoked * ssh-ed25519 AAAAC3...                    a key that no host may have
//
// The form is OpenSSH's (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) without its patterns and hashes; the file is our own, for a
// host's farpty has another key than its sshd. Text in, text out. Lines that are not understood are kept and known by
// nobody.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/ed25519.hpp"

namespace farpty::auth {

inline constexpr std::size_t kMaxKnownHosts = 4 * 1024 * 1024;  // bytes of the file

struct HostName {
  std::string host;  // as the user wrote it, without brackets; compared without case
  std::uint16_t port = 0;

  [[nodiscard]] std::string text() const;  // "[far.example.org]:7022"
};

class KnownHosts {
 public:
  static KnownHosts parse(std::string_view text);

  enum class Verdict {
    kKnown,
    kUnknown,  // never met: ask, then pin
    kChanged,  // met with other keys, and not with this one: refuse
    kRevoked,  // nobody may have this key: refuse
  };
  struct Finding {
    Verdict verdict = Verdict::kUnknown;
    PublicKey known;    // kChanged: the key that it had
    unsigned line = 0;  // kChanged, kRevoked: where that stands, from 1
  };
  [[nodiscard]] Finding look_up(const HostName& name, const PublicKey& key) const;

 private:
  struct Entry {
    std::string name;  // as text() makes it; "*" for any, revoked keys only
    PublicKey key;
    bool revoked = false;
    unsigned line = 0;
  };
  std::vector<Entry> entries_;
};

// The file's text with one more line, for a host that was just met.
[[nodiscard]] std::string with_known_host(std::string_view text, const HostName& name, const PublicKey& key);

// Why a key was refused (kChanged, kRevoked), with both fingerprints and what to do. `file` is known_hosts' path.
[[nodiscard]] Error refused_host_key(const KnownHosts::Finding& finding, const HostName& name, const PublicKey& offered,
                                     const std::string& file);

}  // namespace farpty::auth
