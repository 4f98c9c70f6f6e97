#include "auth/invitations.hpp"

namespace farpty::auth {

Result<Token> Invitations::make(const InvitationTerms& terms, Seconds now) {
  if (terms.expires <= now) return failure("cannot invite", "", "the invitation would be over before it is used");
  forget_expired(now);
  if (kept_.size() >= kMost)
    return failure("cannot invite", "", "too many invitations are open", "revoke some, or let them expire");
  FARPTY_ASSIGN(token, make_token());
  const auto [at, fresh] = kept_.try_emplace(token.id, Kept{.terms = terms, .secret = token.secret.copy()});
  if (!fresh) return failure("cannot invite", "", "two invitations got the same id", "try again");
  return token;
}

const InvitationSecret* Invitations::secret_of(const InvitationId& id, Seconds now) const {
  const auto at = kept_.find(id);
  if (at == kept_.end() || at->second.spent || at->second.terms.expires <= now) return nullptr;
  return &at->second.secret;
}

Result<Grants> Invitations::enter(const InvitationId& id, Seconds now) {
  const auto at = kept_.find(id);
  if (at == kept_.end()) return failure("cannot let in", "invitation " + id.text(), "there is no such invitation");
  Kept& invitation = at->second;
  if (invitation.terms.expires <= now) return failure("cannot let in", "invitation " + id.text(), "its time is over");
  if (invitation.spent)
    return failure("cannot let in", "invitation " + id.text(), "it was used before, and was for once");
  if (invitation.terms.uses == Uses::kOnce) {
    invitation.spent = true;
    invitation.secret.wipe();
  }
  return Grants{
      .writing = invitation.terms.writing, .expires = invitation.terms.expires, .session = invitation.terms.session};
}

bool Invitations::still_good(const InvitationId& id, Seconds now) const {
  const auto at = kept_.find(id);
  return at != kept_.end() && at->second.terms.expires > now;
}

bool Invitations::revoke(const InvitationId& id) { return kept_.erase(id) > 0; }

void Invitations::revoke_session(unsigned session) {
  std::erase_if(kept_, [session](const auto& entry) { return entry.second.terms.session == session; });
}

void Invitations::forget_expired(Seconds now) {
  std::erase_if(kept_, [now](const auto& entry) { return entry.second.terms.expires <= now; });
}

std::vector<Invitations::Listed> Invitations::list(Seconds now) const {
  std::vector<Listed> listed;
  for (const auto& [id, kept] : kept_)
    if (kept.terms.expires > now) listed.push_back({.id = id, .terms = kept.terms, .spent = kept.spent});
  return listed;
}

}  // namespace farpty::auth
