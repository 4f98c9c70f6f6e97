#include "door/native_desk.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"
#include "door/native_start.hpp"

namespace farpty::door {

namespace {

using session::Session;

constexpr std::uint64_t kLongestInvitation = 30ULL * 24 * 3600;  // seconds

std::unexpected<wire::Failure> refuse(std::string code, std::string text) {
  return std::unexpected(wire::Failure{.code = std::move(code), .text = std::move(text)});
}

std::unexpected<wire::Failure> no_session(const std::string& name) {
  return refuse("no-session", fmt::format("there is no session '{}'", log::printable(name)));
}

bool may_see(const auth::Grants& grants, unsigned session) {
  return !grants.command && (!grants.session || *grants.session == session);
}

// The whole server, and not only one session or one command.
bool may_rule(const auth::Grants& grants) {
  return !grants.command && !grants.session && grants.writing == auth::Writing::kAllowed;
}

wire::Listed listed(const Session::Info& info) {
  const auto seconds = [](session::Clock::duration time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
  };
  return {.session = info.id,
          .name = info.name,
          .program = log::printable(info.program),
          .tty = info.tty,
          .age = seconds(info.age),
          .idle = seconds(info.idle),
          .viewers = static_cast<std::uint64_t>(
              std::ranges::count_if(info.watchers, [](const auto& one) { return !one.peer.empty(); })),
          .size = size_of(info.size)};
}

}  // namespace

Answer<Session*> wanted_session(const wire::Start& start, const session::Registry& registry,
                                const auth::Grants& grants) {
  // Who was invited to one session can mean no other.
  if (grants.session) {
    if (auto* const session = registry.find(*grants.session)) return session;
    return refuse("no-session", "the session that you were invited to is no more");
  }
  if (start.which == wire::Which::kNew) return nullptr;
  if (grants.command) return refuse("denied", "your key may only run one command");
  Session* existing = nullptr;
  if (!start.name.empty()) {
    existing = registry.find_lasting(start.name);
    if (existing == nullptr && start.which == wire::Which::kAttach) return no_session(start.name);
    return existing;
  }
  // Without a name: the one that there is.
  for (const unsigned id : registry.ids()) {
    auto* const session = registry.find(id);
    if (session == nullptr || !session->lasts() || !session->has_terminal()) continue;
    if (existing != nullptr) return refuse("no-session", "there are several sessions: name one (farpty ls shows them)");
    existing = session;
  }
  if (existing == nullptr && start.which == wire::Which::kAttach) return refuse("no-session", "there is no session");
  return existing;
}

Answer<std::vector<wire::Sessions>> list_sessions(const session::Registry& registry, const auth::Grants& grants) {
  if (grants.command) return refuse("denied", "your key may only run one command");
  std::vector<wire::Sessions> answers(1);
  for (const unsigned id : registry.ids()) {
    const auto* const session = registry.find(id);
    if (session == nullptr || !session->lasts() || !may_see(grants, id)) continue;
    if (answers.back().sessions.size() == wire::kMaxListed) {
      answers.back().more = true;
      answers.emplace_back();
    }
    answers.back().sessions.push_back(listed(session->info()));
  }
  return answers;
}

Answer<wire::Done> kill_session(const wire::Kill& kill, session::Registry& registry, const auth::Grants& grants) {
  if (!may_rule(grants)) return refuse("denied", "you may not end sessions here");
  auto* const session = registry.find_lasting(kill.session);
  if (session == nullptr) return no_session(kill.session);
  session->finish(session::Cause::kKilled);
  return wire::Done{.text = fmt::format("session {} was hung up", log::printable(kill.session))};
}

Answer<wire::Invitation> make_invitation(const wire::Invite& invite, const session::Registry& registry,
                                         Doorkeeper& keeper, const auth::Identity& inviter,
                                         const auth::Grants& grants) {
  if (!may_rule(grants)) return refuse("denied", "you may not invite anyone here");
  if (!std::holds_alternative<auth::PublicKey>(inviter)) return refuse("denied", "a guest may not invite others");
  auth::InvitationTerms terms{.expires = static_cast<auth::Seconds>(std::min(invite.expires, kLongestInvitation)),
                              .uses = invite.once ? auth::Uses::kOnce : auth::Uses::kMany,
                              .writing = invite.read_only ? auth::Writing::kRefused : auth::Writing::kAllowed};
  if (!invite.session.empty()) {
    const auto* const session = registry.find_lasting(invite.session);
    if (session == nullptr) return no_session(invite.session);
    terms.session = session->id();
  }
  const auto token = keeper.invite(terms);
  if (!token) return refuse("busy", token.error().message());
  log::event(log::Level::info, "invitation", {{"who", auth::text_of(inviter)}, {"invitation", token->id.text()}},
             fmt::format("{} made an invitation: {}", auth::text_of(inviter), token->id.text()));
  const auto text = auth::token_text(*token);
  return wire::Invitation{.token = std::string(as_text(text)), .expires = static_cast<std::uint64_t>(terms.expires)};
}

}  // namespace farpty::door
