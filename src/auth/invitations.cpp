#include "auth/invitations.hpp"

namespace farpty::auth {

namespace {
std::unexpected<Error> refuse(const InvitationId& id, std::string reason) {
  return failure("cannot let in", "invitation " + id.text(), std::move(reason));
}

bool is_over(const InvitationTerms& terms, Seconds now) {
  return terms.expires <= now || (terms.enter_by && *terms.enter_by <= now);
}
}  // namespace

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

Result<> Invitations::adopt(const Token& token, const InvitationTerms& terms, Seconds now) {
  forget_expired(now);
  if (kept_.size() >= kMost && !kept_.contains(token.id))
    return failure("cannot keep", "a token", "there are too many");
  kept_.insert_or_assign(token.id, Kept{.terms = terms, .secret = token.secret.copy()});
  return {};
}

const InvitationSecret* Invitations::secret_of(const InvitationId& id, Seconds now) const {
  const auto at = kept_.find(id);
  if (at == kept_.end() || at->second.spent || is_over(at->second.terms, now)) return nullptr;
  return &at->second.secret;
}

Result<Grants> Invitations::still_granted(const InvitationId& id, Seconds now) const {
  const auto at = kept_.find(id);
  if (at == kept_.end()) return refuse(id, "there is no such invitation");
  const InvitationTerms& terms = at->second.terms;
  if (terms.expires <= now) return refuse(id, "its time is over");
  Grants grants{.writing = terms.writing, .session = terms.session};
  if (terms.expires != kNever) grants.expires = terms.expires;
  return grants;
}

InvitationId Invitations::original(const InvitationId& id) const {
  const auto at = kept_.find(id);
  return at != kept_.end() && at->second.terms.of ? *at->second.terms.of : id;
}

Result<Grants> Invitations::enter(const InvitationId& id, Seconds now) {
  FARPTY_ASSIGN(grants, still_granted(id, now));
  Kept& invitation = kept_.at(id);
  if (invitation.spent) return refuse(id, "it was used before, and was for once");
  if (is_over(invitation.terms, now)) return refuse(id, "it was not used in time");
  if (invitation.terms.uses == Uses::kOnce) {
    invitation.spent = true;
    invitation.secret.wipe();
  }
  return grants;
}

bool Invitations::revoke(const InvitationId& id) { return kept_.erase(id) > 0; }

void Invitations::revoke_session(unsigned session) {
  std::erase_if(kept_, [session](const auto& entry) { return entry.second.terms.session == session; });
}

void Invitations::forget_expired(Seconds now) {
  std::erase_if(kept_, [now](const auto& entry) {
    const Kept& kept = entry.second;
    return kept.terms.expires <= now || (kept.terms.enter_by && !kept.spent && is_over(kept.terms, now));
  });
}

std::vector<Invitations::Listed> Invitations::list(Seconds now) const {
  std::vector<Listed> listed;
  for (const auto& [id, kept] : kept_)
    if (kept.terms.expires > now) listed.push_back({.id = id, .terms = kept.terms, .spent = kept.spent});
  return listed;
}

}  // namespace farpty::auth
