// FarEnd: the native server that a command goes to: its addresses, what we come in with, and the first meeting.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/native_identity.hpp"
#include "client/native_line.hpp"
#include "net/url.hpp"

namespace farpty::app {

// What all commands to a native server know.
struct FarWish {
  auth::SecretBytes* token = nullptr;  // an invitation that was given apart from the address; taken out of there
  std::string identity;                // a key's file; empty: the usual ones
  client::NewHosts new_hosts = client::NewHosts::kAsk;
};

class FarEnd {
 public:
  // An address with a token, or one for which a token was given otherwise, is entered by that.
  static Result<FarEnd> find(net::Url url, const FarWish& wish);

  // Makes the line's first connection, and asks about a server that nobody met before.
  Result<> meet(client::NativeLine& line);

  [[nodiscard]] const net::Url& url() const { return url_; }
  [[nodiscard]] std::string name() const { return url_.text(); }
  [[nodiscard]] client::NativeIdentity& identity() const { return *identity_; }
  [[nodiscard]] const std::vector<net::Address>& addresses() const { return addresses_; }

 private:
  FarEnd(net::Url url, client::NewHosts new_hosts) : url_(std::move(url)), new_hosts_(new_hosts) {}

  net::Url url_;
  client::NewHosts new_hosts_;
  std::vector<net::Address> addresses_;
  std::unique_ptr<client::NativeIdentity> identity_;
};

}  // namespace farpty::app
