#include "door/doorkeeper.hpp"

#include <chrono>

#include <fmt/format.h>

#include "auth/user_files.hpp"
#include "base/log.hpp"

namespace farpty::door {

namespace {

auth::Penalties::Tick ticks() {
  using std::chrono::steady_clock;
  return std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now().time_since_epoch()).count();
}

// nullopt for a unix socket.
std::optional<auth::IpAddress> source_of(const net::Address& peer) { return auth::IpAddress::parse(peer.host()); }

}  // namespace

auth::Seconds Doorkeeper::now() {
  using std::chrono::system_clock;
  return std::chrono::duration_cast<std::chrono::seconds>(system_clock::now().time_since_epoch()).count();
}

Result<std::unique_ptr<Doorkeeper>> Doorkeeper::open(std::string user) {
  FARPTY_ASSIGN(key, auth::open_host_key());
  FARPTY_ASSIGN(ticket_keys, net::TicketKeys::make());
  FARPTY_ASSIGN(tls, net::TlsContext::server(key, ticket_keys));
  std::unique_ptr<Doorkeeper> keeper(new Doorkeeper(std::move(user), key.public_key(), std::move(tls)));
  FARPTY_TRY(auth::fill_with_random(keeper->run_));
  return keeper;
}

Result<std::unique_ptr<Doorkeeper>> Doorkeeper::for_tokens(net::TlsContext tls) {
  std::unique_ptr<Doorkeeper> keeper(new Doorkeeper({}, {}, std::move(tls)));
  FARPTY_TRY(auth::fill_with_random(keeper->run_));
  return keeper;
}

Result<Doorkeeper::Place> Doorkeeper::knock(const net::Address& peer) {
  if (const auto source = source_of(peer)) {
    if (const auto wait = penalties_.wait_of(*source, ticks()); wait > 0)
      return failure("refused", "", fmt::format("it failed before and has to wait {} s", wait));
  }
  if (unproved_ >= kMaxUnproved)
    return failure("refused", "", fmt::format("{} connections are proving who they are", unproved_));
  return Place(*this);
}

void Doorkeeper::punish(const net::Address& peer, auth::Offence offence) {
  if (const auto source = source_of(peer)) penalties_.punish(*source, offence, ticks());
}

Result<auth::Grants> Doorkeeper::admit(const auth::Identity& identity, auth::Coming coming, const net::Address& peer) {
  auth::AuthorizedKeysFile file;
  if (std::holds_alternative<auth::PublicKey>(identity)) {
    FARPTY_ASSIGN(read, auth::read_authorized_keys());
    file = std::move(read);
    for (const auto& complaint : file.keys.complaints) log::warn("{}", auth::text_of(complaint, file.path));
    if (file.path.empty())
      return failure("refused", "", "there is neither ~/.config/farpty/authorized_keys nor ~/.ssh/authorized_keys");
  }
  return auth::admit(identity, coming, file.keys, invitations_, source_of(peer), now());
}

std::optional<auth::Ticket> Doorkeeper::read_ticket(Bytes claims, const net::Address& peer) {
  auto ticket = auth::decode_ticket(claims);
  if (!ticket || !auth::holds(*ticket, admit(ticket->identity, auth::Coming::kAgain, peer), now())) return std::nullopt;
  return ticket;
}

void Doorkeeper::session_ended(unsigned session) {
  invitations_.revoke_session(session);
  commands_.erase(session);
}

std::optional<std::string> Doorkeeper::command_of(unsigned session) const {
  const auto found = commands_.find(session);
  return found == commands_.end() ? std::nullopt : std::optional(found->second);
}

void Doorkeeper::remember(const std::string& who, const std::string& start, Begun begun) {
  if (start.empty()) return;
  if (begun_.size() == kMostBegun) begun_.pop_front();
  begun_.push_back({.who = who, .start = start, .begun = begun});
}

std::optional<Doorkeeper::Begun> Doorkeeper::begun(const std::string& who, const std::string& start) const {
  for (const auto& one : begun_)
    if (!start.empty() && one.start == start && one.who == who) return one.begun;
  return std::nullopt;
}

const auth::InvitationSecret* Doorkeeper::secret_of(const auth::InvitationId& id) const {
  return invitations_.secret_of(id, now());
}

Result<auth::Token> Doorkeeper::invite(const auth::InvitationTerms& terms) {
  invitations_.forget_expired(now());
  auth::InvitationTerms absolute = terms;
  if (absolute.expires != auth::kNever) absolute.expires += now();
  if (absolute.enter_by) *absolute.enter_by += now();
  return invitations_.make(absolute, now());
}

Result<> Doorkeeper::adopt(const auth::Token& token, const auth::InvitationTerms& terms) {
  return invitations_.adopt(token, terms, now());
}

Result<auth::Token> Doorkeeper::credential(const auth::InvitationId& guest, const auth::Grants& grants,
                                           unsigned session) {
  return invitations_.make({.expires = grants.expires.value_or(auth::kNever),
                            .writing = grants.writing,
                            .session = session,
                            .of = invitations_.original(guest)},
                           now());
}

std::string Doorkeeper::name_of(const auth::Identity& identity) const {
  const auto* const invitation = std::get_if<auth::InvitationId>(&identity);
  return invitation != nullptr ? auth::text_of(invitations_.original(*invitation)) : auth::text_of(identity);
}

}  // namespace farpty::door
