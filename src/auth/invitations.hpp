// The invitations of a running server: made, looked up by a handshake, spent, revoked, forgotten when their time is over.
//
// In memory only: a server that ends takes its invitations along. No clock: the caller says what time it is. Invariants: an
// invitation that is over (expired, spent, revoked) is found by nobody; --once is spent by exactly one caller of enter().
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "auth/grants.hpp"
#include "auth/token.hpp"

namespace farpty::auth {

enum class Uses { kOnce, kMany };

// As `expires`: it ends with the server, or with its session.
inline constexpr Seconds kNever = std::numeric_limits<Seconds>::max();

struct InvitationTerms {
  Seconds expires = 0;              // from then on its guests may do nothing any more
  std::optional<Seconds> enter_by;  // from then on nobody comes in by it who is not in already
  Uses uses = Uses::kMany;
  Writing writing = Writing::kAllowed;
  std::optional<unsigned> session;  // this session only
  std::optional<InvitationId> of;   // a resume credential: of a guest who came in by that one
};

class Invitations {
 public:
  static constexpr std::size_t kMost = 4096;  // that are good at a time

  // Keeps its own copy of the secret. Fails where it is full or the time is over already.
  Result<Token> make(const InvitationTerms& terms, Seconds now);

  // Keeps a copy of a token that was made elsewhere, in place of what was kept under its id. Fails where it is full.
  Result<> adopt(const Token& token, const InvitationTerms& terms, Seconds now);

  // The key for a handshake; null where there is no such invitation (any more). The pointer is good until the next call
  // of a member that is not const. To find it spends nothing.
  [[nodiscard]] const InvitationSecret* secret_of(const InvitationId& id, Seconds now) const;

  // When the client's Finished was verified: what the guest may do, and --once is spent. The error says why not: a second
  // handshake may have been faster.
  Result<Grants> enter(const InvitationId& id, Seconds now);

  // Whose guest somebody is who came in by `id`: that of the invitation that a resume credential goes back to.
  [[nodiscard]] InvitationId original(const InvitationId& id) const;

  // What a guest who came in with it earlier may still do: nothing once it is revoked or expired. A spent one is good: it
  // was spent by this guest.
  [[nodiscard]] Result<Grants> still_granted(const InvitationId& id, Seconds now) const;

  bool revoke(const InvitationId& id);    // false: there is none
  void revoke_session(unsigned session);  // the session has ended, and what led to it alone
  void forget_expired(Seconds now);

  struct Listed {
    InvitationId id;
    InvitationTerms terms;
    bool spent = false;
  };
  [[nodiscard]] std::vector<Listed> list(Seconds now) const;

 private:
  struct Kept {
    InvitationTerms terms;
    InvitationSecret secret;  // wiped once it is spent
    bool spent = false;
  };
  std::map<InvitationId, Kept> kept_;
};

}  // namespace farpty::auth
