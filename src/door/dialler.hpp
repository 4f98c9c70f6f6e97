// Dialler: the host's side of dialling out (docs/protocol/farpty-1.md): a session of this host for whoever sits at the desk, over a
// connection that this host makes, and makes anew as often as it breaks.
//
// What is said over it is native.hpp's. Invariants: one connection at a time is the line, one that is thought dead stays until
// another stands, and none waits for a SYN that the kernel repeats ever more slowly: every second there is another attempt. One
// program runs, once: whoever comes back comes back to it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "door/native.hpp"
#include "net/reach.hpp"

namespace farpty::door {

class Dialler final : private Dialled {
 public:
  // Where, and by which token. `patience`: how long a session, or a host that has none yet, goes on dialling in vain.
  struct Wish {
    std::vector<net::Address> addresses;  // the proxy's, where there is one
    std::optional<net::Tunnel> tunnel;
    std::string name;  // for messages
    auth::Token token;
    std::chrono::seconds patience;
  };
  // Called once, when there is nothing left to do: an error where no session came about, or it was given up.
  using Over = std::function<void(Result<>)>;

  // `shared` has a keeper for tokens alone.
  Dialler(Shared& shared, std::shared_ptr<const Settings> settings, Wish wish, Over over);
  ~Dialler() override;

  void begin();
  // Hangs up the session, tells the desk, and ends.
  void stop();
  void session_ended();  // the registry's session is gone

 private:
  using Clock = std::chrono::steady_clock;
  enum class Used { kToken, kCredential };
  struct Attempt {
    std::unique_ptr<net::Reach> reach;
    std::unique_ptr<NativeConnection> connection;  // once TCP stands
    Used used = Used::kToken;
    bool failed = false;
  };

  // Dialled
  [[nodiscard]] const auth::Token& token() const override;
  void stands(Guest& connection, const net::Tls& tls) override;
  void heard() override;
  void known() override { known_ = true; }
  void hung_up() override;
  void cannot_start(const std::string& why) override;
  void refused(Guest& connection, const std::string& why) override;

  void dial();
  void reached(unsigned number, Result<OwnedFd> socket);
  void closed(const Guest& connection);
  void drop(unsigned number);
  void tick();
  void look_after();
  void give_up(Error why);
  void leave_if_done();
  Result<> admit_desk();

  static constexpr std::size_t kMostAttempts = 10;

  Shared& shared_;
  std::shared_ptr<const Settings> settings_;
  Wish wish_;
  Over over_;
  std::unique_ptr<auth::Token> credential_;  // made by the last handshake by the token that stood
  bool known_ = false;                       // by the desk, too
  Used next_ = Used::kToken;                 // by the next attempt
  std::size_t next_address_ = 0;
  unsigned next_attempt_ = 1;
  std::map<unsigned, Attempt> attempts_;
  NativeConnection* line_ = nullptr;  // one of attempts_
  Clock::time_point dialled_{}, heard_{}, lost_;
  bool had_session_ = false;
  bool stood_ = false;   // at any time
  bool ending_ = false;  // no more dialling
  Result<> result_;
  Timer tick_;
  Later later_;
};

}  // namespace farpty::door
