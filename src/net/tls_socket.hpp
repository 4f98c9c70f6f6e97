// TlsSocket: a Tls on a non-blocking socket: reads when there is something, sends at once, and queues what the socket does
// not take. For both ends of the native door.
//
// It knows no frames and no time (who owns it has the timers). Invariants: while far more than max_unsent() bytes wait to be sent
// nothing is read, so that a peer that asks and never reads costs no more than that; the owner is never called from inside
// send(), and broken() is the last call. The owner may destroy it in none of its calls, only later.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/byte_queue.hpp"
#include "base/later.hpp"
#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "net/tls.hpp"

namespace farpty::net {

class TlsSocket {
 public:
  // Whose doing a break was. A path that breaks is nobody's.
  enum class Fault { kNobodys, kPeers };

  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void established() = 0;          // who the other end is, stands in tls()
    virtual void received(Bytes plain) = 0;  // borrowed
    virtual void drained() = 0;              // all is sent after something had to wait
    virtual void broken(const std::string& why,
                        Fault fault) = 0;  // the connection is no more; "" where it ended in order
  };

  // Encrypted bytes that the socket has not taken: with the kernel's 16 KiB all that an interrupt cannot call back.
  static constexpr std::size_t kMaxUnsent = 32 * 1024;
  // Where nobody waits for an echo. But who gives up an upload on a slow path says so behind it.
  static constexpr std::size_t kMaxUnsentBulk = 128 * 1024;

  static Result<std::unique_ptr<TlsSocket>> open(boost::asio::io_context& context, OwnedFd socket,
                                                 std::unique_ptr<Tls> tls, Owner& owner);
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;

  void begin();  // the handshake, and reading

  // Only when established and not broken. It is taken whole; who lets more wait than kMostUnsent is taken for stuck, and breaks:
  // ask room() before.
  void send(Bytes plain);
  [[nodiscard]] std::size_t unsent() const { return unsent_.size(); }
  [[nodiscard]] std::size_t max_unsent() const { return max_unsent_; }
  [[nodiscard]] std::size_t room() const { return max_unsent_ - std::min(max_unsent_, unsent_.size()); }
  void give_ticket(std::vector<std::byte> claims) { tls_->give_ticket(std::move(claims)); }
  // From now on rate counts more than delay.
  void carry_bulk();

  // Reads nothing until release(): who takes what is received has no room.
  void hold() { held_ = true; }
  void release();

  // Nothing more will be sent: TLS and the socket say so once everything has gone. What comes is dropped, until the other end
  // closes too: broken("").
  void finish();
  // No calls to the owner follow.
  void abandon();

  [[nodiscard]] bool input_waits() const;  // something has come that was not read; one system call
  [[nodiscard]] const Tls& tls() const { return *tls_; }
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  TlsSocket(boost::asio::io_context& context, OwnedFd socket, std::unique_ptr<Tls> tls, Owner& owner);
  void read();
  void take(Bytes wire);
  void transmit(Bytes wire);
  void flush();
  void fail(std::string why, Fault fault = Fault::kNobodys);

  // A whole snapshot and every answer that one round can ask for: far above max_unsent(), where reading stops.
  static constexpr std::size_t kMostUnsent = 4 * 1024 * 1024;

  OwnedFd socket_;
  Readiness readiness_;  // after socket_: gone before it is closed
  std::unique_ptr<Tls> tls_;
  Owner* owner_;
  ByteQueue unsent_{kMostUnsent};
  Later later_;    // a failure that is to be told
  Later reading_;  // after a pause
  std::size_t max_unsent_ = kMaxUnsent;
  bool paused_ = false;     // reading waits for unsent_
  bool held_ = false;       // hold() was called
  bool finishing_ = false;  // finish() was called
  bool over_ = false;
};

}  // namespace farpty::net
