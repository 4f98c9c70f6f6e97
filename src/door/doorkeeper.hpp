// Doorkeeper: who may enter by the native doors of a server, and how many may stand there and try.
//
// It has the server's key, its invitations and the penalties of those who failed, and reads authorized_keys anew for each
// who comes: an edit holds at once. Invariant: whatever goes wrong here, nobody enters by it.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "auth/admission.hpp"
#include "auth/penalties.hpp"
#include "auth/ticket.hpp"
#include "net/address.hpp"
#include "net/tls.hpp"

namespace farpty::door {

// Connections that have not proved who they are, over all native doors; sshd's MaxStartups refuses all above 100.
inline constexpr unsigned kMaxUnproved = 100;

class Doorkeeper {
 public:
  // Makes the server's key at the first start. `user`: whom this server serves.
  static Result<std::unique_ptr<Doorkeeper>> open(std::string user);
  // For an end that knows others by tokens alone: it has no key.
  static Result<std::unique_ptr<Doorkeeper>> for_tokens(net::TlsContext tls);
  Doorkeeper(const Doorkeeper&) = delete;
  Doorkeeper& operator=(const Doorkeeper&) = delete;

  // A place among those who have not proved yet who they are; free again when this is gone.
  class Place {
   public:
    explicit Place(Doorkeeper& keeper) : keeper_(&keeper) { ++keeper.unproved_; }
    Place(Place&& other) noexcept : keeper_(std::exchange(other.keeper_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (keeper_ != nullptr) --keeper_->unproved_;
    }

   private:
    Doorkeeper* keeper_;
  };
  // The error is for the log: whoever is turned away here learns nothing.
  Result<Place> knock(const net::Address& peer);

  void punish(const net::Address& peer, auth::Offence offence);

  // What somebody may do who has proved who he is. The error is for the log.
  Result<auth::Grants> admit(const auth::Identity& identity, auth::Coming coming, const net::Address& peer);

  // A ticket with which somebody wants to come back, if what it says holds still.
  std::optional<auth::Ticket> read_ticket(Bytes claims, const net::Address& peer);

  const auth::InvitationSecret* secret_of(const auth::InvitationId& id) const;
  // The terms' times count from now on; but kNever.
  Result<auth::Token> invite(const auth::InvitationTerms& terms);
  // Takes a token that was made elsewhere; the terms' times are absolute.
  Result<> adopt(const auth::Token& token, const auth::InvitationTerms& terms);
  bool revoke(const auth::InvitationId& id) { return invitations_.revoke(id); }
  // With what a guest comes back to this session: good as long as what it came in by, and no longer than the session.
  Result<auth::Token> credential(const auth::InvitationId& guest, const auth::Grants& grants, unsigned session);
  // Who somebody is over all of its connections, for people, logs and seats: a fingerprint, or an invitation.
  [[nodiscard]] std::string name_of(const auth::Identity& identity) const;
  [[nodiscard]] bool is_credential(const auth::InvitationId& id) const { return invitations_.original(id) != id; }
  [[nodiscard]] static auth::Seconds now();
  void session_ended(unsigned session);

  // The command of a key's options under which a session was started; none: it was free.
  void remember_command(unsigned session, const std::string& command) { commands_[session] = command; }
  [[nodiscard]] std::optional<std::string> command_of(unsigned session) const;

  // The sessions that were started lately, by who started them and the id of the request.
  struct Begun {
    unsigned session = 0;
    std::uint64_t seat = 0;
  };
  void remember(const std::string& who, const std::string& start, Begun begun);
  [[nodiscard]] std::optional<Begun> begun(const std::string& who, const std::string& start) const;

  [[nodiscard]] const net::TlsContext& tls() const { return tls_; }
  [[nodiscard]] const auth::PublicKey& key() const { return key_; }
  [[nodiscard]] const std::string& user() const { return user_; }
  // Tells seats of this run of the server from those of any other.
  [[nodiscard]] const std::array<std::byte, 16>& run() const { return run_; }

 private:
  Doorkeeper(std::string user, auth::PublicKey key, net::TlsContext tls)
      : user_(std::move(user)), key_(key), tls_(std::move(tls)) {}

  std::string user_;
  auth::PublicKey key_;
  net::TlsContext tls_;
  std::array<std::byte, 16> run_{};
  auth::Invitations invitations_;
  auth::Penalties penalties_;
  std::map<unsigned, std::string> commands_;  // of sessions that run
  unsigned unproved_ = 0;
  // A start is said again within seconds; so many others do not come meanwhile.
  static constexpr std::size_t kMostBegun = 1024;
  struct Remembered {
    std::string who, start;
    Begun begun;
  };
  std::deque<Remembered> begun_;
};

}  // namespace farpty::door
