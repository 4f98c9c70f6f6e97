#include "auth/user_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>
#include <ctime>
#include <span>

#include "auth/own_file.hpp"
#include "base/own_directory.hpp"
#include "base/owned_fd.hpp"

namespace farpty::auth {

namespace {

Result<std::string> in_config(const char* name) {
  FARPTY_ASSIGN(directory, config_directory());
  return directory + "/" + name;
}

std::string in_ssh(const char* name) { return home_directory() + "/.ssh/" + name; }

bool is_missing(const Error& error) { return error.code == ENOENT || error.code == ENOTDIR; }

Result<KeyFile> read_private_key(const std::string& path) {
  FARPTY_ASSIGN(text, read_own_file(path, Trust::kPrivate, kMaxKeyFile));
  return parse_private_key(text, path);
}

// Held while a file of the directory is read and written anew.
Result<OwnedFd> lock_directory(const std::string& path) {
  OwnedFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return os_error("cannot open directory", path);
  while (flock(fd.get(), LOCK_EX) != 0)
    if (errno != EINTR) return os_error("cannot lock directory", path);
  return fd;
}

Result<std::string> read_known_hosts_text(const std::string& path) {
  const auto text = read_own_file(path, Trust::kTrusted, kMaxKnownHosts);
  if (!text && is_missing(text.error())) return std::string();
  if (!text) return std::unexpected(text.error());
  return std::string(as_text(*text));
}

}  // namespace

Result<PrivateKey> open_host_key() {
  FARPTY_ASSIGN(path, in_config("host_ed25519"));
  auto found = read_private_key(path);
  if (!found && is_missing(found.error())) {
    FARPTY_ASSIGN(fresh, PrivateKey::generate());
    const auto written = write_key_pair(path, fresh, "farpty server");
    // Another server may have been faster: its key is the one.
    if (!written && written.error().code != EEXIST) return std::unexpected(written.error());
    found = read_private_key(path);
  }
  if (!found) return std::unexpected(found.error());
  return std::move(found->key);
}

Result<ClientIdentity> find_client_identity(const std::string& file) {
  std::vector<std::string> places;
  if (file.empty()) {
    FARPTY_ASSIGN(own, own_identity_file());
    places = {own, in_ssh("id_ed25519")};
  } else {
    places = {file};
  }
  for (const std::string& place : places) {
    auto found = read_private_key(place);
    if (found) return ClientIdentity{.key = std::move(found->key), .file = place};
    if (!is_missing(found.error()) || !file.empty()) return std::unexpected(found.error());
  }
  return failure("cannot log in", "", "you have no key: neither " + places[0] + " nor " + places[1] + " is there",
                 "make one with farpty keygen, and add its line to the far side's authorized_keys");
}

Result<AuthorizedKeysFile> read_authorized_keys() {
  FARPTY_ASSIGN(own, in_config("authorized_keys"));
  for (const std::string& place : {own, in_ssh("authorized_keys")}) {
    const auto text = read_own_file(place, Trust::kTrusted, kMaxAuthorizedKeys);
    if (text) return AuthorizedKeysFile{.path = place, .keys = parse_authorized_keys(as_text(*text), local_time)};
    if (!is_missing(text.error())) return std::unexpected(text.error());
  }
  return AuthorizedKeysFile{};
}

Result<KnownHostsFile> read_known_hosts() {
  FARPTY_ASSIGN(path, in_config("known_hosts"));
  FARPTY_ASSIGN(text, read_known_hosts_text(path));
  return KnownHostsFile{.path = path, .hosts = KnownHosts::parse(text)};
}

Result<> pin_known_host(const HostName& name, const PublicKey& key) {
  FARPTY_ASSIGN(directory, config_directory());
  FARPTY_TRY(make_directories(directory));
  FARPTY_ASSIGN(lock, lock_directory(directory));
  const std::string path = directory + "/known_hosts";
  FARPTY_ASSIGN(text, read_known_hosts_text(path));
  const auto finding = KnownHosts::parse(text).look_up(name, key);
  if (finding.verdict == KnownHosts::Verdict::kKnown) return {};
  if (finding.verdict != KnownHosts::Verdict::kUnknown)
    return std::unexpected(refused_host_key(finding, name, key, path));
  return replace_own_file(path, as_bytes(with_known_host(text, name, key)));
}

Result<> write_key_pair(const std::string& file, const PrivateKey& key, const std::string& comment) {
  if (const auto slash = file.rfind('/'); slash != std::string::npos && slash > 0)
    FARPTY_TRY(make_directories(file.substr(0, slash)));
  std::uint32_t check = 0;
  FARPTY_TRY(fill_with_random(std::as_writable_bytes(std::span(&check, 1))));
  FARPTY_TRY(write_new_file(file, private_key_text(key, comment, check)));
  // A public half without its private one is left over, and wrong.
  const std::string beside = file + ".pub";
  unlink(beside.c_str());
  return write_new_file(beside, as_bytes(public_key_line(key.public_key(), comment)), 0644);
}

Result<std::string> own_identity_file() { return in_config("id_ed25519"); }

std::optional<Seconds> local_time(const CivilTime& time) {
  std::tm broken{};
  broken.tm_year = time.year - 1900;
  broken.tm_mon = time.month - 1;
  broken.tm_mday = time.day;
  broken.tm_hour = time.hour;
  broken.tm_min = time.minute;
  broken.tm_sec = time.second;
  broken.tm_isdst = -1;
  const std::time_t seconds = std::mktime(&broken);
  if (seconds == -1) return std::nullopt;
  return seconds;
}

}  // namespace farpty::auth
