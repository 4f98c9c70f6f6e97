// NetworkWatch: tells that this machine's addresses or routes have changed, which most often means that an open connection
// leads nowhere: another network, a woken laptop, a VPN that came or went.
//
// A hint, no more: what has changed is not looked at, and where the kernel does not tell (no netlink, a sandbox) nothing comes.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"

namespace farpty::client {

class NetworkWatch {
 public:
  // `changed` is called from the loop, once for a burst of changes.
  NetworkWatch(boost::asio::io_context& context, std::function<void()> changed);

 private:
  Result<> open(boost::asio::io_context& context);
  void wait();
  void drain();

  OwnedFd socket_;  // rtnetlink(7); none where there is none
  Readiness readiness_;
  std::function<void()> changed_;
};

}  // namespace farpty::client
