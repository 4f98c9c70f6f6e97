// The files in which this user's keys and trust are, and how they are found: a thin shell around the parsers.
//
//   ~/.config/farpty/host_ed25519       the server's key, made at its first start      (or $XDG_CONFIG_HOME/farpty/...)
//   ~/.config/farpty/authorized_keys    who may come in; where it is missing, ~/.ssh/authorized_keys
//   ~/.config/farpty/id_ed25519         the client's key; where it is missing, ~/.ssh/id_ed25519
//   ~/.config/farpty/known_hosts        the servers that the client has met
//
// Blocking reads of small local files; each is read anew whenever it is asked for, so that an edit holds at once.
#pragma once

#include <optional>
#include <string>

#include "auth/authorized_keys.hpp"
#include "auth/key_file.hpp"
#include "auth/known_hosts.hpp"

namespace farpty::auth {

// The server's key. Made, with its directory, where there is none; an error where the one that is there is unusable: a
// server must not become another one unasked.
Result<PrivateKey> open_host_key();

struct ClientIdentity {
  PrivateKey key;
  std::string file;
};

// The key in `file`, or where that is empty, in the first of the two places that has one.
Result<ClientIdentity> find_client_identity(const std::string& file);

struct AuthorizedKeysFile {
  std::string path;  // empty: there is none, and nobody may come in by a key
  AuthorizedKeys keys;
};

// The first of the two files that exists. One that is not to be trusted is an error, and the other is not asked instead.
Result<AuthorizedKeysFile> read_authorized_keys();

struct KnownHostsFile {
  std::string path;
  KnownHosts hosts;  // none where the file is missing
};

Result<KnownHostsFile> read_known_hosts();

// Adds a line to known_hosts, unless it came to stand there in the meantime. Two clients at once do not lose each other's.
Result<> pin_known_host(const HostName& name, const PublicKey& key);

// Writes FILE (0600) and FILE.pub (0644); an error where there is a FILE already. Directories are made.
Result<> write_key_pair(const std::string& file, const PrivateKey& key, const std::string& comment);

// Where `farpty keygen` writes without -f: config_directory()/id_ed25519.
Result<std::string> own_identity_file();

// mktime(3): what a time is in the system's zone.
[[nodiscard]] std::optional<Seconds> local_time(const CivilTime& time);

}  // namespace farpty::auth
