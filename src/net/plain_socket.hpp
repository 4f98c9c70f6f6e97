// PlainSocket: bytes over a non-blocking unix socket between two processes of one user: what TlsSocket is without TLS, for
// the way between a terminal of this machine and a listener's hosts.
//
// Who the other end is was asked before (net/peer_socket.hpp). Invariants: at most kMostUnsent bytes wait to be sent, and who
// asks room() before never sees that; the owner is never called from inside begin() or send(), and broken() is the last call.
// The owner may destroy it in none of its calls, only later.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/byte_queue.hpp"
#include "base/later.hpp"
#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"

namespace farpty::net {

class PlainSocket {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void received(PlainSocket& socket, Bytes bytes) = 0;           // borrowed
    virtual void drained(PlainSocket& socket) = 0;                         // all is sent after something had to wait
    virtual void broken(PlainSocket& socket, const std::string& why) = 0;  // "" where it ended in order
  };

  static Result<std::unique_ptr<PlainSocket>> open(boost::asio::io_context& context, OwnedFd socket, Owner& owner);
  PlainSocket(const PlainSocket&) = delete;
  PlainSocket& operator=(const PlainSocket&) = delete;

  void begin();  // reading, from the next round on
  void send(Bytes bytes);
  [[nodiscard]] std::size_t room() const { return kMaxUnsent - std::min(kMaxUnsent, unsent_.size()); }
  // Reads nothing until release().
  void hold() { held_ = true; }
  void release();
  // Nothing more will be sent; what comes is still received.
  void finish();
  // It is over for both ends. No calls to the owner follow.
  void abandon();

 private:
  PlainSocket(boost::asio::io_context& context, OwnedFd socket, Owner& owner);
  void read();
  void flush();
  void fail(const std::string& why);

  static constexpr std::size_t kMaxUnsent = 1024 * 1024;      // from there on room() is 0
  static constexpr std::size_t kMostUnsent = 4 * kMaxUnsent;  // what one who did not ask may still send

  OwnedFd socket_;
  Readiness readiness_;  // after socket_: gone before it is closed
  Owner* owner_;
  ByteQueue unsent_{kMostUnsent};
  Later failing_;
  Later reading_;
  bool held_ = false;
  bool finishing_ = false;
  bool over_ = false;
};

}  // namespace farpty::net
