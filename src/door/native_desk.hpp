// What a native client may ask of the server as a whole: which session it means, which there are, the end of one, an
// invitation. Its rights (Grants) decide; whatever they do not allow is refused.
//
// It answers and sends nothing (native.hpp does).
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "auth/grants.hpp"
#include "door/doorkeeper.hpp"
#include "session/registry.hpp"
#include "wire/messages.hpp"

namespace farpty::door {

template <typename T>
using Answer = std::expected<T, wire::Failure>;

// The session that `start` means; null: a new one.
[[nodiscard]] Answer<session::Session*> wanted_session(const wire::Start& start, const session::Registry& registry,
                                                       const auth::Grants& grants);

// In messages of at most kMaxListed.
[[nodiscard]] Answer<std::vector<wire::Sessions>> list_sessions(const session::Registry& registry,
                                                                const auth::Grants& grants);

[[nodiscard]] Answer<wire::Done> kill_session(const wire::Kill& kill, session::Registry& registry,
                                              const auth::Grants& grants);

[[nodiscard]] Answer<wire::Invitation> make_invitation(const wire::Invite& invite, const session::Registry& registry,
                                                       Doorkeeper& keeper, const auth::Identity& inviter,
                                                       const auth::Grants& grants);

}  // namespace farpty::door
