#include "net/acceptor.hpp"

#include <cerrno>
#include <utility>

namespace farpty::net {

Acceptor::Acceptor(boost::asio::io_context& context, Calls calls)
    : calls_(std::move(calls)), next_round_(context), pause_(context) {}

Result<std::unique_ptr<Acceptor>> Acceptor::open(boost::asio::io_context& context, int listening, Calls calls) {
  std::unique_ptr<Acceptor> acceptor(new Acceptor(context, std::move(calls)));
  FARPTY_ASSIGN(readiness, Readiness::watch(context, listening));
  acceptor->readiness_ = std::move(readiness);
  acceptor->next_round_.run([self = acceptor.get()] { self->accept(); });
  return acceptor;
}

bool Acceptor::lacks_means(const Error& error) {
  return error.code == EMFILE || error.code == ENFILE || error.code == ENOBUFS || error.code == ENOMEM;
}

void Acceptor::stop() {
  stopped_ = true;
  next_round_.cancel();
  pause_.cancel();
  readiness_ = Readiness();
}

void Acceptor::accept() {
  for (int i = 0; i < kPerRound; ++i) {
    auto socket = calls_.accept();
    if (socket) {
      calls_.welcome(std::move(*socket));
    } else {
      if (socket.error().code == EAGAIN) return readiness_.when_readable([this] { accept(); });
      calls_.failed(socket.error());
      if (lacks_means(socket.error()) && !stopped_) return pause_.run_after(kPause, [this] { accept(); });
    }
    if (stopped_) return;
  }
  next_round_.run([this] { accept(); });
}

}  // namespace farpty::net
