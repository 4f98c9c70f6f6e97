#include "auth/penalties.hpp"

#include <algorithm>

namespace farpty::auth {

namespace {

// sshd_config(5), PerSourcePenalties: authfail, grace-exceeded, noauth, refuseconnection.
Penalties::Tick seconds_for(Offence offence) {
  switch (offence) {
    case Offence::kFailed: return 5;
    case Offence::kSilent: return 10;
    case Offence::kNoTry: return 1;
    case Offence::kRefused: return 10;
  }
  return Penalties::kMost;
}

constexpr unsigned kV6Network = 64;  // RFC 6177: the least that a site gets

IpAddress source_of(const IpAddress& address) {
  return address.family == IpAddress::Family::kV6 ? address.network(kV6Network) : address;
}

}  // namespace

void Penalties::punish(const IpAddress& source, Offence offence, Tick now) {
  const IpAddress address = source_of(source);
  auto at = sources_.find(address);
  if (at != sources_.end() && at->second.ends <= now) {
    sources_.erase(at);
    at = sources_.end();
  }
  if (at == sources_.end()) {
    make_room(now);
    at = sources_.emplace(address, Record{.ends = now}).first;
  }
  Record& record = at->second;
  record.ends = std::min(record.ends + seconds_for(offence), now + kMost);
  record.active = record.active || record.ends - now > kLeast;
}

Penalties::Tick Penalties::wait_of(const IpAddress& source, Tick now) const {
  const auto at = sources_.find(source_of(source));
  return at == sources_.end() || !at->second.active ? 0 : std::max<Tick>(0, at->second.ends - now);
}

void Penalties::make_room(Tick now) {
  if (sources_.size() < max_sources_) return;
  std::erase_if(sources_, [now](const auto& entry) { return entry.second.ends <= now; });
  if (sources_.size() < max_sources_) return;
  sources_.erase(std::ranges::min_element(sources_, {}, [](const auto& entry) { return entry.second.ends; }));
}

}  // namespace farpty::auth
