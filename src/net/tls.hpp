// Tls: one end of a TLS 1.3 connection, as a transformation of bytes: what came from the socket goes in, what is to be sent
// comes out. It has no socket. Buffers between two calls have only the few of a thread that were used last: whoever types has
// them, an idle connection costs none (SSL_free_buffers, a BIO on the caller's memory).
//
// Who the other end is: a public key that it has proved to hold, or an invitation that both ends hold; never neither. What
// that one may do is for others to say. Invariant: nothing is handed out before established() is true, and after an error
// nothing more; nothing is sent before, but what a judge says ahead to who has begun by an invitation.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <optional>
#include <vector>

#include "auth/ed25519.hpp"
#include "auth/token.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "net/tls_context.hpp"

struct ssl_session_st;  // SSL_SESSION; openssl/types.h leaves it out

namespace farpty::net {

// What a client comes back with after a full handshake: a ticket of the server's and the secret that belongs to it, and the
// server's key. In memory only; each attempt gets a copy, for OpenSSL takes a session for spoilt whose connection was cut.
class TlsTicket {
 public:
  explicit TlsTicket(ssl_session_st* session) : session_(session) {}  // owned from now on

  [[nodiscard]] ssl_session_st* get() const { return session_.get(); }
  [[nodiscard]] std::unique_ptr<TlsTicket> copy() const;

 private:
  struct Free {
    void operator()(ssl_session_st* session) const;
  };
  std::unique_ptr<ssl_session_st, Free> session_;
};

// What a handshake asks its owner. Called from inside Tls::receive().
class TlsJudge {
 public:
  virtual ~TlsJudge() = default;

  // A server's: the secret of an invitation; null: there is no such one. To be asked for it spends nothing.
  virtual const auth::InvitationSecret* secret_of(const auth::InvitationId&) { return nullptr; }

  // The other end's key, before it has proved to hold it. false ends the handshake. A server lets every key through here and
  // refuses it with a message of its own, which a person can understand.
  virtual bool accepts(const auth::PublicKey& key) = 0;

  // A server's, where both ends know that it may speak ahead (tls_context.hpp: kDialAheadAlpn): what it says right behind its
  // Finished, half a round trip before the other end's can come (RFC 8446, 2: 0.5-RTT data). Nobody can read it who does not
  // hold the invitation by which the handshake has begun; whether that one is there still, nobody knows yet: it may be a hello
  // of long ago. So it is asked once, spends nothing, and may have been asked in vain.
  virtual std::vector<std::byte> ahead(const auth::InvitationId&) { return {}; }

  // A server's: somebody comes back by a ticket that was given with these claims: do they hold? false: the ticket is passed
  // over, and the handshake is a full one.
  virtual bool holds(Bytes /*claims*/) { return false; }

  // A client's: something to come back with, in place of what it had. At any time after the handshake.
  virtual void keep(TlsTicket /*ticket*/) {}
};

class Tls {
 public:
  // All are borrowed and outlive it; `token` is a client's invitation, `ticket` what it may come back with: copied.
  static Result<std::unique_ptr<Tls>> server(const TlsContext& context, TlsJudge& judge);
  static Result<std::unique_ptr<Tls>> client(const TlsContext& context, TlsJudge& judge, const auth::Token* token,
                                             const TlsTicket* ticket = nullptr);
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;
  ~Tls();

  // Appends to `out` what begins a client's handshake.
  Result<> begin(std::vector<std::byte>& out);

  // Takes what the socket gave: appends what the other end said to `plain`, and what is to be sent to `out`, an alert on
  // errors too. An error is final.
  Result<> receive(Bytes wire, std::vector<std::byte>& plain, std::vector<std::byte>& out);

  // Appends `plain`, encrypted, to `out`. Only when established.
  Result<> send(Bytes plain, std::vector<std::byte>& out);
  void close(std::vector<std::byte>& out);  // nothing more will be sent

  // A token that both ends of this handshake can make, and nobody else (RFC 8446, 7.5: an exporter). Only when established.
  [[nodiscard]] Result<auth::Token> token_of_handshake() const;

  // A server's, of a peer with a key: what it says next takes along a ticket with these claims.
  void give_ticket(std::vector<std::byte> claims);

  [[nodiscard]] bool established() const { return established_; }
  [[nodiscard]] bool peer_closed() const { return peer_closed_; }
  // After an error: the other end broke off with an alert of its own, and said nothing wrong.
  [[nodiscard]] bool peer_broke_off() const { return peer_broke_off_; }

  // Who the other end is; one of them is there when established.
  [[nodiscard]] const std::optional<auth::PublicKey>& peer_key() const { return peer_key_; }
  [[nodiscard]] const std::optional<auth::InvitationId>& invitation() const { return invitation_; }
  // By a ticket: the key was proved in an earlier handshake.
  [[nodiscard]] bool resumed() const { return resumed_; }

  // So many of a thread keep their buffers, of 16 KiB each way. One thread uses and destroys a Tls.
  static constexpr std::size_t kMostWithBuffers = 4;

 private:
  friend struct TlsCallbacks;
  enum class Role { kClient, kServer };
  class Use;

  Tls(Role role, TlsJudge& judge, TlsContext::Alpns alpns) : role_(role), judge_(judge), alpns_(alpns) {}
  static Result<std::unique_ptr<Tls>> make(const TlsContext& context, Role role, TlsJudge& judge);
  Result<> shake_hands();
  Result<> speak_ahead();
  Result<> write_ahead(Bytes plain);
  [[nodiscard]] std::string_view alpn() const;                              // empty: there is none yet
  [[nodiscard]] std::optional<auth::InvitationId> invitation_used() const;  // by a handshake whose key is chosen
  Result<> read(std::vector<std::byte>& plain);
  Result<> identify();
  Result<> identify_resumed();
  [[nodiscard]] std::unexpected<Error> broken();
  void forget();

  struct Free {
    void operator()(SSL* ssl) const;
  };

  Role role_;
  TlsJudge& judge_;
  TlsContext::Alpns alpns_;
  std::unique_ptr<SSL, Free> ssl_;
  std::unique_ptr<auth::Token> token_;
  std::unique_ptr<std::vector<std::byte>> claims_;  // of the ticket that is to be given next
  bool has_ticket_ = false;                         // a client's
  bool resumed_ = false;
  bool may_speak_ahead_ = false;           // a server's that has not come to its Finished yet
  Bytes in_;                               // what is left of receive()'s `wire`
  std::vector<std::byte>* out_ = nullptr;  // the caller's, during a call
  bool established_ = false;
  bool peer_closed_ = false;
  bool peer_broke_off_ = false;
  bool failed_ = false;
  std::string why_;  // a refusal of ours, in words
  std::optional<auth::PublicKey> peer_key_;
  std::optional<auth::InvitationId> invitation_;
};

}  // namespace farpty::net
