// NativeClient: the user's end of a native session: the terminal or pipes on this side, and a connection that is made anew
// as often as it breaks.
//
// What is said is native_talk.hpp's. Invariants: the keyboard is read whatever the connection does, so that ~. always works;
// while cut, a fresh attempt starts every kRedial, and a connection that was thought dead stays in the race until one of
// them has come up.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "client/escape_keys.hpp"
#include "client/native_call.hpp"
#include "client/native_talk.hpp"
#include "client/outlet.hpp"
#include "client/raw_mode.hpp"
#include "client/terminal_trace.hpp"

namespace farpty::client {

struct NativeOptions {
  std::string name;  // of the far end, as the user wrote it
  std::string user;  // as whom; empty: as whoever the server serves
  std::optional<char> escape = '~';
  wire::Start start;  // its size and windows are filled in here
  bool keep_trying = true;
};

class NativeClient final : private NativeCall::Owner, private NativeTalk::Sink {
 public:
  static Result<std::unique_ptr<NativeClient>> open(boost::asio::io_context& context, NativeKeys& keys,
                                                    std::vector<net::Address> addresses, NativeOptions options);

  // The first connection; the user's terminal is in its own mode still. The error says why there is none.
  Result<> reach();

  // Carries until the session ends or the user leaves. The exit status for the shell: the program's, 128+n for a signal, 255
  // when it was lost.
  int run();

 private:
  using Clock = std::chrono::steady_clock;

  NativeClient(boost::asio::io_context& context, NativeKeys& keys, std::vector<net::Address> addresses,
               NativeOptions options);
  Result<> prepare();

  // NativeCall::Owner
  void up(NativeCall& call) override;
  void received(NativeCall& call, Bytes plain) override;
  void drained(NativeCall& call) override;
  void down(NativeCall& call, const std::string& why) override;
  // NativeTalk::Sink
  void show(wire::Channel channel, Bytes bytes) override;
  [[nodiscard]] std::size_t room(wire::Channel channel) const override;
  void started(const wire::Started& started) override;
  void skipped(std::uint64_t bytes) override;
  void ended(const wire::Exit& exit) override;
  void failed(const wire::Failure& failure) override;
  void pen(bool have) override;  // lint-allow(bool): as the sink's
  void answer(const wire::Message&) override {}

  void dial();
  void talk_begins();
  void flush();
  void read_keys();
  void obey(Command command);
  void outlet_drained();
  void resized();
  void wait_for_signal();
  void handle_signal(int number);
  void suspend();
  void continued();
  void tick();
  void look_after(Clock::time_point now);
  void redial(Clock::time_point now);
  void show_status(Clock::duration away);
  void hide_status();
  void finish(int status, std::string message);
  void leave_if_shown();
  void acknowledge_soon();

  boost::asio::io_context& context_;
  NativeKeys& keys_;
  std::vector<net::Address> addresses_;
  NativeOptions options_;
  NativeTalk talk_;
  EscapeKeys keys_filter_;
  TerminalTrace trace_;
  boost::asio::signal_set signals_;
  std::optional<RawMode> raw_;
  Readiness stdin_ready_;
  std::unique_ptr<Outlet> stdout_, stderr_;
  std::unique_ptr<NativeCall> call_;                   // the connection; null: it broke
  std::vector<std::unique_ptr<NativeCall>> attempts_;  // in the race to become it
  std::vector<std::unique_ptr<NativeCall>> gone_;      // on the stack, perhaps; destroyed at the next tick
  std::vector<std::byte> out_;                         // to be sent
  boost::asio::steady_timer tick_, ack_timer_;
  bool acking_ = false;
  bool gathering_ = false;
  std::size_t next_address_ = 0;
  Clock::time_point last_heard_, last_ping_, last_attempt_, last_typed_;
  bool reaching_ = true;   // the first connection is being made
  std::string unreached_;  // why that failed
  bool status_shown_ = false;
  bool keys_ended_ = false;
  bool keys_paused_ = false;
  bool has_terminal_ = false;
  bool over_ = false;  // the session has ended; what it said is still being shown
  bool finished_ = false;
  int status_ = 0;
  std::string message_;
};

}  // namespace farpty::client
