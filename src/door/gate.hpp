// Gate: who may come in at an insecure door, and how many at a time.
//
// Insecure doors serve this machine and this user: a peer on a unix socket or on loopback whose uid is not the server's is
// refused, and so is one whose uid cannot be found out. --any-local-user and --insecure-public lift it.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace farpty::door {

enum class Openness { kThisUser, kAnyLocalUser, kPublic };

struct Limits {
  unsigned sessions = 1024;  // at a time, over all doors
  unsigned per_source = 0;   // at a time from one address; 0: no limit
};

class Gate {
 public:
  // A peer that was let in; its place is free again when this is gone.
  class Pass {
   public:
    Pass(Pass&& other) noexcept
        : gate_(std::exchange(other.gate_, nullptr)),
          source_(std::move(other.source_)),
          peer_(std::move(other.peer_)),
          who_(std::move(other.who_)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass();
    [[nodiscard]] const std::string& peer() const { return peer_; }
    [[nodiscard]] const std::string& who() const { return who_; }

   private:
    friend class Gate;
    Pass(Gate* gate, std::string source, std::string peer, std::string who)
        : gate_(gate), source_(std::move(source)), peer_(std::move(peer)), who_(std::move(who)) {}
    Gate* gate_;
    std::string source_;
    std::string peer_;  // as shown to people
    std::string who_;   // "uid 1000"; empty where everyone may come in, and was not asked
  };

  Gate(Openness openness, Limits limits) : openness_(openness), limits_(limits) {}

  // `running`: the sessions there are. They count too, since one whose peer is gone lives on until its program has ended: who
  // comes and goes fast must not get more programs than there are places. The error's message is made to be sent to the peer.
  Result<Pass> admit(int socket, std::size_t running);

  // What else counts as much as a place at an insecure door: the same for a session of a native one.
  [[nodiscard]] bool is_full(std::size_t running) const { return running >= limits_.sessions; }

  void set(Openness openness, Limits limits) {
    openness_ = openness;
    limits_ = limits;
  }

 private:
  Openness openness_;
  Limits limits_;
  unsigned inside_ = 0;
  std::map<std::string, unsigned> by_source_;
};

}  // namespace farpty::door
