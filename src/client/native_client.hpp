// NativeClient: the user's end of a native session: the terminal or pipes on this side, and a connection that is made anew
// as often as it breaks.
//
// What is said is native_talk.hpp's, how the connection is made is native_line.hpp's. Invariant: the keyboard is read
// whatever the connection does, so that ~. always works.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/timer.hpp"
#include "client/escape_keys.hpp"
#include "client/liveness.hpp"
#include "client/native_line.hpp"
#include "client/native_talk.hpp"
#include "client/native_view.hpp"
#include "client/network_watch.hpp"
#include "client/outlet.hpp"
#include "client/terminal_trace.hpp"
#include "client/user_terminal.hpp"
#include "client/window.hpp"

namespace farpty::client {

struct NativeOptions {
  std::string name;  // of the far end, as the user wrote it
  std::string user;  // as whom; empty: as whoever the server serves
  std::optional<char> escape = '~';
  wire::Start start;  // its size and windows are filled in here
  bool keep_trying = true;
  std::string way_back;         // the command that attaches to it again; empty: by the name and the session
  bool hangs_up_alone = false;  // who disconnects (~.) ends the session: nobody could come back to it
};

class NativeClient final : private NativeLine::Owner, private NativeTalk::Sink {
 public:
  static std::unique_ptr<NativeClient> make(boost::asio::io_context& context, NativeKeys& keys,
                                            std::vector<net::Address> addresses, NativeOptions options);

  // What a client with these options says first, if the terminal has then the size that it has now.
  static std::vector<std::byte> opening(const NativeOptions& options);

  // The connection, to be reached first while the user's terminal is in its own mode still.
  [[nodiscard]] NativeLine& line() { return line_; }

  // Shown for a while on a line of our own, where there is a terminal.
  void tell(std::string text) { notice(std::move(text)); }
  // After run(): the session goes on without us.
  [[nodiscard]] bool has_detached() const { return has_detached_; }

  // Carries until the session ends or the user leaves. The exit status for the shell: the program's, 128+n for a signal, 0
  // for who detached, 255 when it was lost.
  int run();

 private:
  using Clock = std::chrono::steady_clock;

  NativeClient(boost::asio::io_context& context, NativeKeys& keys, std::vector<net::Address> addresses,
               NativeOptions options);
  Result<> prepare();
  static void add_size(wire::Start& start);
  static std::optional<wire::Size> terminal_size(int fd);  // none: it is no terminal, or has no size
  static std::optional<WindowSize> own_size();
  static WindowSize window_size(const wire::Size& size) { return sane_size(size.columns, size.rows); }

  // NativeLine::Owner
  void connected() override;
  void received(Bytes plain) override;
  void drained() override;
  void refused(const std::string& why) override;
  void broke(const std::string& why) override;
  // NativeTalk::Sink
  void show(wire::Channel channel, Bytes bytes) override;
  [[nodiscard]] std::size_t room(wire::Channel channel) const override;
  [[nodiscard]] std::uint64_t stride() const override;
  void started(const wire::Started& started) override;
  void far_resized(const wire::Size& size) override;
  void redraws(const wire::Snapshot& snapshot) override;
  void redrawn() override;
  void ended(const wire::Exit& exit) override;
  void failed(const wire::Failure& failure) override;
  void pen(PenState state) override;
  void credential(const wire::Credential& credential) override;
  void pong() override;

  void talk_begins();
  void flush();
  void read_keys();
  void obey(Command command);
  void hang_up();
  void detach();
  void detached();
  void help();
  void outlet_drained();
  void resized();
  void signalled(int number);
  void tick();
  void look_after();
  void network_changed();
  void ask();
  void notice(std::string text);
  void show_notice();
  void heed(const NativeView::Change& change);
  void write(wire::Channel channel, Bytes bytes);
  void paint();
  void show_status(const std::string& text);
  void hide_status();
  void erase_status();
  void abandon(int status, std::string message);
  void finish(int status, std::string message);
  void leave_if_shown();
  void acknowledge_soon();

  boost::asio::io_context& context_;
  NativeKeys& keys_;
  NativeOptions options_;
  NativeLine line_;
  NativeTalk talk_;
  EscapeKeys keys_filter_;
  TerminalTrace trace_;
  NativeView view_;
  Liveness liveness_;
  Window window_;
  std::optional<Clock::time_point> asked_;  // a ping that has no answer yet
  UserTerminal user_;
  std::unique_ptr<Outlet> stdout_, stderr_;
  std::vector<std::byte> out_;  // to be sent
  Timer tick_, ack_timer_;
  NetworkWatch network_;
  std::optional<Clock::time_point> leaving_;  // when the user detached
  std::optional<Clock::time_point> ending_;   // when the far program was hung up, whose client is us alone
  std::string session_;                       // its name or number, once started
  PenState pen_ = PenState::kHave;
  std::string notice_;  // shown for a while, whatever comes
  Clock::time_point noticed_;
  std::uint64_t skipped_ = 0;  // bytes, by the redraw that is under way
  bool acking_ = false;
  bool gathering_ = false;
  bool status_shown_ = false;
  bool spoiled_ = false;  // it was shown over what only the server can draw again
  bool keys_ended_ = false;
  bool keys_paused_ = false;
  bool over_ = false;  // the session has ended; what it said is still being shown
  bool finished_ = false;
  bool has_detached_ = false;
  int status_ = 0;
  std::string message_;
};

}  // namespace farpty::client
