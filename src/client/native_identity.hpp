// NativeIdentity: with what this user comes in (a key, an invitation), and whether a server is the one that was met before.
//
// The first meeting is a question for a person: the handshake ends without an answer, the person is asked, and the next call
// goes through. Blocking: files and the terminal, before a session begins.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "auth/key_file.hpp"
#include "auth/known_hosts.hpp"
#include "client/native_call.hpp"

namespace farpty::client {

enum class NewHosts { kAsk, kAccept };

class NativeIdentity final : public NativeKeys {
 public:
  // `tunnel`: the proxy that leads there. `file`: the key's, or empty for the usual ones. `token`: an invitation, which needs no key and no known host.
  static Result<std::unique_ptr<NativeIdentity>> open(const std::string& file, const std::string& host,
                                                      std::uint16_t port, std::optional<auth::Token> token,
                                                      std::optional<net::Tunnel> tunnel = std::nullopt);

  [[nodiscard]] const net::TlsContext& tls() const override { return tls_; }
  [[nodiscard]] const auth::Token* token() const override { return token_ ? &*token_ : nullptr; }
  [[nodiscard]] const net::TlsTicket* ticket() const override { return ticket_ ? &*ticket_ : nullptr; }
  [[nodiscard]] const net::Tunnel* tunnel() const override { return tunnel_ ? &*tunnel_ : nullptr; }
  void keep(net::TlsTicket ticket) override { ticket_ = std::move(ticket); }
  void renew(auth::Token token) override { token_ = std::move(token); }
  bool accepts(const auth::PublicKey& server) override;

  // The server showed a key that nobody knows here, and was left for it.
  [[nodiscard]] bool has_question() const { return unknown_.has_value(); }
  // Asks (or accepts) and pins; an error says that the answer was no, or that nobody could be asked.
  Result<> settle(NewHosts new_hosts);

  // Why the server was left: the key is another one than before, or revoked.
  [[nodiscard]] const std::optional<Error>& refusal() const { return refusal_; }

 private:
  NativeIdentity(net::TlsContext tls, auth::HostName name) : tls_(std::move(tls)), name_(std::move(name)) {}

  net::TlsContext tls_;
  auth::HostName name_;
  std::optional<auth::Token> token_;
  std::optional<net::Tunnel> tunnel_;
  std::optional<net::TlsTicket> ticket_;   // never on a disk: it ends with this process
  std::optional<auth::PublicKey> pinned_;  // of this run: a file that changes meanwhile changes nothing
  std::optional<auth::PublicKey> unknown_;
  std::optional<Error> refusal_;
};

}  // namespace farpty::client
