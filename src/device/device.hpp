// Device: the terminals of one session: the one that its program starts on, and the pairs that its programs make.
//
// It answers their requests inside the server's event loop, and ends with the session: then every terminal is hung up.
// Sessions do not see each other: /dev/pts/N is a number within one.
#pragma once

#include <bitset>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/result.hpp"
#include "device/held_calls.hpp"
#include "device/listener.hpp"
#include "device/nested_master.hpp"
#include "device/nonblocking.hpp"
#include "device/request_socket.hpp"
#include "device/shared_page.hpp"
#include "device/tty.hpp"

namespace farpty::device {

class Device {
 public:
  // `library` is the path of libfarpty.so.
  static Result<std::unique_ptr<Device>> open(boost::asio::io_context& context, std::string library);
  ~Device();

  [[nodiscard]] Tty& terminal() { return *ttys_.front(); }

  // Adds to a program's environment what makes it use these terminals.
  void add_environment(std::vector<std::string>& environment) const;

  // The session of `leader` gets the first terminal as its controlling terminal. In two steps: the child itself writes the
  // slot before it becomes the program (it shares our memory then), so that the program finds it; we take it over after.
  void prepare_session(pid_t leader) noexcept;
  void take_session(pid_t leader);

  // Serves the programs whose calls a filter stops (ttycall/filter.hpp). `listener` is what seccomp(2) gave to who installed it.
  Result<> listen(OwnedFd listener);
  // A call that such a filter has stopped.
  void serve(std::shared_ptr<StoppedCall> call) { held_.take(std::move(call)); }
  // The end: hangs up all terminals and lets nobody wait. The listeners of programs that live on, which are no longer heard.
  [[nodiscard]] std::vector<std::shared_ptr<const OwnedFd>> stop_listening();
  // Before the program starts: no program is to be listened to.
  void forbid_listening() { page_.add_option(ttycall::option::kNoListener); }

 private:
  Device(boost::asio::io_context& context, std::string library, SharedPage page)
      : context_(context),
        library_(std::move(library)),
        page_(std::move(page)),
        held_(context, [this](const auto& call, Patience& patience) { return look_at(call, patience); }),
        forget_later_(context) {}

  void handle(const std::shared_ptr<Asked>& asked);
  void attach(Asked& asked);
  void open_own(Asked& asked);
  void open_slave(Asked& asked);
  void open_master(Asked& asked);
  void take_status(Asked& asked);
  void catch_up(Asked& asked);
  void write_nothing(Asked& asked);
  void take_input(Asked& asked);
  void await_output(const std::shared_ptr<Asked>& asked);
  void hand_out(Asked& asked, Tty& tty);
  void settle_slave(Tty& tty);
  void forget_closed();
  [[nodiscard]] Tty* find(int number);
  [[nodiscard]] NestedMaster* master_of(const Tty& tty);
  // The controlling terminal of a session.
  [[nodiscard]] Tty* of_session(pid_t session);
  void add(std::unique_ptr<Tty> tty);
  [[nodiscard]] bool is_news(std::uint32_t what);

  // For programs without the shim (served_call.hpp).
  Outcome look_at(const std::shared_ptr<StoppedCall>& call, Patience& patience);
  [[nodiscard]] const ttycall::Page& page() const { return page_.page(); }
  [[nodiscard]] Nonblocking& nonblocking() { return nonblocking_; }
  [[nodiscard]] bool has_terminal(pid_t session) { return of_session(session) != nullptr; }
  [[nodiscard]] bool is_token_start(std::uint64_t word) const { return requests_->is_token_start(word); }

  friend class TtyCall;
  friend class ServedCall;

  boost::asio::io_context& context_;
  std::string library_;
  SharedPage page_;
  std::bitset<8> told_;
  bool told_of_listening_ = false;
  Nonblocking nonblocking_;
  HeldCalls held_;  // before ttys_, which tell it of changes
  std::vector<std::unique_ptr<Tty>> ttys_;
  std::vector<std::unique_ptr<NestedMaster>> masters_;  // of ttys_ but the first; after them: gone before
  pid_t last_opener_ = 0;                               // who most likely has a slave end that the device gave up
  std::unique_ptr<RequestSocket> requests_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  Later forget_later_;
};

}  // namespace farpty::device
