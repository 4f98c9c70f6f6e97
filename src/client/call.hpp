// Call: one attempt to reach the far end of farpty/1 and, where it succeeds, the connection. No call blocks.
//
// What is said over it is for native_talk.hpp. Invariant: up() comes before any received(); down() is the last call, and
// comes in a later round of the event loop than open().
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "net/address.hpp"

namespace farpty::client {

class Call {
 public:
  // Whether another attempt may fare better: kRefused, one of the ends did not accept who the other is.
  enum class Verdict { kBroke, kRefused };

  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void up(Call& call) = 0;
    virtual void received(Call& call, Bytes plain) = 0;
    virtual void drained(Call& call) = 0;
    virtual void down(Call& call, const std::string& why, Verdict verdict) = 0;
  };

  Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  virtual ~Call() = default;

  virtual void open(const net::Address& address) = 0;

  // Only when up.
  virtual void send(Bytes plain) = 0;
  virtual void finish() = 0;
  virtual void carry_bulk() = 0;
  [[nodiscard]] virtual bool is_up() const = 0;
  [[nodiscard]] virtual std::size_t room() const = 0;  // bytes that it takes now
};

}  // namespace farpty::client
