// Reach: a TCP connection of ours in the making, by a proxy where there is one (tunnel.hpp). No call blocks.
//
// Invariant: `then` is called once, in a later round of the event loop than open(), and never after destruction; it may not
// destroy the Reach.
#pragma once

#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/byte_queue.hpp"
#include "base/later.hpp"
#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"
#include "net/address.hpp"
#include "net/tunnel.hpp"

namespace farpty::net {

class Reach {
 public:
  // A connected socket, tuned for terminals; the error's reason says why there is none.
  using Then = std::function<void(Result<OwnedFd>)>;

  explicit Reach(boost::asio::io_context& context) : context_(context), later_(context) {}
  Reach(const Reach&) = delete;
  Reach& operator=(const Reach&) = delete;

  // `tunnel`: what to say at `address`, which is the proxy's then; null: the address is the far end's. Borrowed.
  void open(const Address& address, const Tunnel* tunnel, Then then);

 private:
  Result<> begin(const Address& address);
  void connected();
  void ask_proxy();
  void hear_proxy();
  void end(Result<OwnedFd> result);

  boost::asio::io_context& context_;
  Then then_;
  const Tunnel* tunnel_ = nullptr;
  ByteQueue request_{4096};  // to the proxy
  std::string answer_;       // the proxy's, as far as it has come
  OwnedFd socket_;
  Readiness readiness_;  // after socket_: gone before it is closed
  Later later_;
};

}  // namespace farpty::net
