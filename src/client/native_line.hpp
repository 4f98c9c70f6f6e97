// NativeLine: the connection to a native server, made anew as often as it breaks, by a race of attempts.
//
// What is said over it is native_talk.hpp's, when to dial again is liveness.hpp's. Invariants: one connection at a time is
// the line; one that was thought dead stays in the race until another has come up, and the race is over as soon as anything
// is heard; the owner is never called from inside reach() or dial().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "client/native_call.hpp"

namespace farpty::client {

class NativeLine final : private Call::Owner {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void connected() = 0;  // a fresh connection is the line now; not after reach()
    virtual void received(Bytes plain) = 0;
    virtual void drained() = 0;
    // An attempt came to nothing, and the next one would too. Not from reach().
    virtual void refused(const std::string& why) = 0;
    virtual void broke(const std::string& why) = 0;  // there is no line; "" where the other end closed it in order
  };

  // `name`: of the far end, for messages. All but the addresses are borrowed.
  NativeLine(boost::asio::io_context& context, NativeKeys& keys, std::vector<net::Address> addresses, std::string name,
             Owner& owner);

  // The first connection: one address after the other. Blocks; the error says why there is none.
  Result<> reach();

  // Starts another attempt. SYNs that are lost are repeated by the kernel ever more slowly: who dials each second does not
  // wait for that.
  void dial();

  [[nodiscard]] bool is_up() const { return call_ != nullptr; }
  // They do nothing where there is no line.
  void send(Bytes plain);
  void finish();
  void carry_bulk() {
    if (call_) call_->carry_bulk();
  }
  [[nodiscard]] bool is_full() const { return call_ && call_->room() == 0; }
  [[nodiscard]] std::size_t room() const { return call_ ? call_->room() : 0; }  // bytes that it takes now
  [[nodiscard]] const std::string& name() const { return name_; }

  // Destroys what broke earlier. To be called now and then, and never from a call to the owner.
  void forget_broken() { gone_.clear(); }

 private:
  // Call::Owner
  void up(Call& call) override;
  void received(Call& call, Bytes plain) override;
  void drained(Call&) override { owner_.drained(); }
  void down(Call& call, const std::string& why, Call::Verdict verdict) override;
  void end_race();

  boost::asio::io_context& context_;
  NativeKeys& keys_;
  std::vector<net::Address> addresses_;
  std::string name_;
  Owner& owner_;
  std::size_t next_address_ = 0;
  std::unique_ptr<Call> call_;                   // null: it broke
  std::vector<std::unique_ptr<Call>> attempts_;  // in the race to become it
  std::vector<std::unique_ptr<Call>> gone_;      // on the stack, perhaps
  bool reaching_ = false;
  std::string unreached_;  // why reach() failed
};

}  // namespace farpty::client
