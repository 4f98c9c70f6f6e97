#include "door/gate.hpp"

#include <unistd.h>

#include <algorithm>

#include "net/address.hpp"
#include "net/peer_socket.hpp"

namespace farpty::door {

Gate::Pass::~Pass() {
  if (gate_ == nullptr) return;
  --gate_->inside_;
  const auto found = gate_->by_source_.find(source_);
  if (found != gate_->by_source_.end() && --found->second == 0) gate_->by_source_.erase(found);
}

Result<Gate::Pass> Gate::admit(int socket, std::size_t running) {
  const net::Address address = net::peer_address(socket);
  const bool is_unix = address.family() == AF_UNIX || address.length == 0;
  std::string source = is_unix ? "unix" : address.host();
  std::string peer = address.text();
  std::string who;

  if (openness_ == Openness::kThisUser || (is_unix && openness_ == Openness::kAnyLocalUser)) {
    const auto uid = net::peer_uid(socket);
    if (!uid) return std::unexpected(uid.error());
    who = "uid " + std::to_string(*uid);
    if (is_unix) peer = "unix uid " + std::to_string(*uid);
    if (openness_ == Openness::kThisUser && *uid != geteuid())
      return failure("refused", "", "this door serves only the user that runs it", "start your own farpty serve");
  }
  if (std::max<std::size_t>(inside_, running) >= limits_.sessions)
    return failure("full", "", "all " + std::to_string(limits_.sessions) + " places are taken", "try again later");
  if (limits_.per_source != 0 && by_source_.contains(source) && by_source_[source] >= limits_.per_source)
    return failure("full", "", std::to_string(limits_.per_source) + " sessions from your address are running",
                   "end one of them first");
  ++inside_;
  ++by_source_[source];
  return Pass(this, std::move(source), std::move(peer), std::move(who));
}

}  // namespace farpty::door
