// Penalties for each source address: who fails often is not listened to for a while. After OpenSSH's PerSourcePenalties
// (sshd_config(5), srclimit.c of 9.8), with its numbers.
//
// Offences add up, to kMost at most; below kLeast nothing happens, so that one typing mistake costs nothing. IPv6 sources
// are networks of 64 bits, which is what one customer gets. No clock: `now` is any that never goes back, in seconds.
// Invariant: at most kMaxSources are remembered; when it is full, the one whose penalty ends first is forgotten.
#pragma once

#include <cstdint>
#include <map>

#include "auth/ip_address.hpp"

namespace farpty::auth {

enum class Offence {
  kFailed,   // proved no right to enter: wrong key, wrong token
  kSilent,   // did not finish the handshake in time
  kNoTry,    // went away, or spoke nonsense, before it proved anything
  kRefused,  // a right key that may not come from there, whose time is over, or for another user
};

class Penalties {
 public:
  using Tick = std::int64_t;  // seconds
  static constexpr Tick kLeast = 15;
  static constexpr Tick kMost = 600;
  static constexpr std::size_t kMaxSources = 65536;

  explicit Penalties(std::size_t max_sources = kMaxSources) : max_sources_(max_sources) {}

  void punish(const IpAddress& source, Offence offence, Tick now);

  // How many seconds it still has to wait; 0: it may try.
  [[nodiscard]] Tick wait_of(const IpAddress& source, Tick now) const;

  [[nodiscard]] std::size_t size() const { return sources_.size(); }

 private:
  struct Record {
    Tick ends = 0;
    bool active = false;  // it once added up to more than kLeast
  };
  void make_room(Tick now);

  std::size_t max_sources_;
  std::map<IpAddress, Record> sources_;
};

}  // namespace farpty::auth
