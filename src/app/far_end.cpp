#include "app/far_end.hpp"

#include <utility>

#include "auth/token.hpp"

namespace farpty::app {

Result<FarEnd> FarEnd::find(net::Url url, const FarWish& wish) {
  std::optional<auth::Token> token;
  if (url.token.empty() && wish.token != nullptr) url.token = std::exchange(*wish.token, {});
  if (!url.token.empty()) {
    FARPTY_ASSIGN(parsed, auth::parse_token(as_text(url.token)));
    token = std::move(parsed);
    url.token.clear();
  }
  FarEnd far(std::move(url), wish.new_hosts);
  FARPTY_ASSIGN(tunnel, net::Tunnel::find(far.url_, net::ProxyEnvironment::read()));
  FARPTY_ASSIGN(addresses, net::resolve(tunnel ? tunnel->proxy() : far.url_, net::Purpose::kDial));
  far.addresses_ = std::move(addresses);
  FARPTY_ASSIGN(identity, client::NativeIdentity::open(wish.identity, far.url_.host, far.url_.port, std::move(token),
                                                       std::move(tunnel)));
  far.identity_ = std::move(identity);
  return far;
}

Result<> FarEnd::meet(client::NativeLine& line) {
  while (true) {
    auto reached = line.reach();
    if (reached) return {};
    if (identity_->refusal()) return std::unexpected(*identity_->refusal());
    if (!identity_->has_question()) return reached;
    FARPTY_TRY(identity_->settle(new_hosts_));
  }
}

}  // namespace farpty::app
