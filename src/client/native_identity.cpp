#include "client/native_identity.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "auth/user_files.hpp"
#include "base/log.hpp"

namespace farpty::client {

namespace {

// ssh's own question, at the terminal and nowhere else: stdin may be a file that means something to the far program.
Result<> ask(const auth::HostName& name, const std::string& fingerprint) {
  const OwnedFd tty(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!tty)
    return failure("cannot connect to", name.text(),
                   "its key " + fingerprint + " is not known, and there is no terminal to ask at",
                   "compare it and say --accept-new");
  const auto say = [&](const std::string& text) { (void)!::write(tty.get(), text.data(), text.size()); };
  say(
      fmt::format("The authenticity of host '{}' can't be established.\r\nED25519 key fingerprint is {}.\r\n"
                  "Are you sure you want to continue connecting (yes/no)? ",
                  name.text(), fingerprint));
  while (true) {
    std::string line;
    char c = 0;
    while (line.size() < 100 && ::read(tty.get(), &c, 1) == 1 && c != '\n') line += c;
    if (line == "yes" || line == fingerprint) return {};
    if (line == "no" || line.empty()) return failure("cannot connect to", name.text(), "its key was not accepted");
    say("Please type 'yes', 'no' or the fingerprint: ");
  }
}

}  // namespace

Result<std::unique_ptr<NativeIdentity>> NativeIdentity::open(const std::string& file, const std::string& host,
                                                             std::uint16_t port, std::optional<auth::Token> token,
                                                             std::optional<net::Tunnel> tunnel) {
  const auto made = [&]() -> Result<net::TlsContext> {
    if (token) return net::TlsContext::client(nullptr);
    FARPTY_ASSIGN(identity, auth::find_client_identity(file));
    log::debug("your key is {} ({})", auth::fingerprint(identity.key.public_key()), identity.file);
    return net::TlsContext::client(&identity.key);
  };
  FARPTY_ASSIGN(tls, made());
  std::unique_ptr<NativeIdentity> identity(new NativeIdentity(std::move(tls), {.host = host, .port = port}));
  identity->token_ = std::move(token);
  identity->tunnel_ = std::move(tunnel);
  return identity;
}

bool NativeIdentity::accepts(const auth::PublicKey& server) {
  if (pinned_) {
    if (*pinned_ == server) return true;
    refusal_ = failure("cannot reconnect to", name_.text(), "another server answers there now").error();
    return false;
  }
  unknown_.reset();
  const auto file = auth::read_known_hosts();
  if (!file) {
    refusal_ = file.error();
    return false;
  }
  const auto finding = file->hosts.look_up(name_, server);
  switch (finding.verdict) {
    case auth::KnownHosts::Verdict::kKnown: pinned_ = server; return true;
    case auth::KnownHosts::Verdict::kUnknown: unknown_ = server; return false;
    case auth::KnownHosts::Verdict::kChanged:
    case auth::KnownHosts::Verdict::kRevoked:
      refusal_ = auth::refused_host_key(finding, name_, server, file->path);
      return false;
  }
  return false;
}

Result<> NativeIdentity::settle(NewHosts new_hosts) {
  const std::string fingerprint = auth::fingerprint(*unknown_);
  if (new_hosts == NewHosts::kAsk) FARPTY_TRY(ask(name_, fingerprint));
  FARPTY_TRY(auth::pin_known_host(name_, *unknown_));
  log::info("{} is known from now on: {}", name_.text(), fingerprint);
  pinned_ = std::exchange(unknown_, std::nullopt);
  return {};
}

}  // namespace farpty::client
