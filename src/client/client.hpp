// Client: the user's end of a connection. It puts the user's terminal in raw mode, carries bytes both ways, obeys the escape
// keys, and leaves the terminal as it found it.
//
// Invariant: the keyboard is read whatever the connection does, so that ~. always works.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/byte_queue.hpp"
#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "client/escape_keys.hpp"
#include "client/link.hpp"
#include "client/outlet.hpp"
#include "client/terminal_trace.hpp"
#include "client/user_terminal.hpp"

namespace farpty::client {

struct Options {
  std::string name;  // of the far end, as the user wrote it
  std::optional<char> escape = '~';
};

class Client {
 public:
  static Result<std::unique_ptr<Client>> open(boost::asio::io_context& context, OwnedFd socket,
                                              std::unique_ptr<Link> link, Options options);

  // Carries until one side ends. The result is the exit status for the shell: 0 when the far end closed, 255 when the
  // connection broke or the user disconnected, 128+n for a signal.
  int run();

 private:
  Client(boost::asio::io_context& context, OwnedFd socket, std::unique_ptr<Link> link, Options options);
  Result<> prepare();

  void read_keys();
  void read_socket();
  void flush_socket();
  void send(std::string_view wire);
  void obey(Command command);
  void resized();
  void signalled(int number);
  bool interrupt();
  void finish(int status, std::string message);
  void leave_terminal();

  boost::asio::io_context& context_;
  OwnedFd socket_;
  Readiness socket_ready_;  // after socket_: gone before it is closed
  std::unique_ptr<Link> link_;
  Options options_;
  EscapeKeys keys_;
  TerminalTrace trace_;
  UserTerminal user_;
  std::unique_ptr<Outlet> stdout_;
  ByteQueue unsent_;
  std::optional<WindowSize> first_size_;  // the terminal's, where there is one
  bool keys_ended_ = false;
  bool keys_paused_ = false;
  bool socket_ended_ = false;
  bool socket_paused_ = false;
  bool finished_ = false;
  int status_ = 0;
  std::string message_;
};

}  // namespace farpty::client
