// `farpty run --to`: the host of dialling out: a program of this host for whoever sits at the desk that is dialled.
#pragma once

#include <string>

#include "auth/secret.hpp"
#include "session/session.hpp"

namespace farpty::app {

struct DialWish {
  std::string to;  // farpty://HOST:PORT
  bool token_on_stdin = false;
  auth::SecretBytes* token = nullptr;  // taken out of there
};

// 0 when the session has ended; as env(1) where it could not begin.
int dial_out(const DialWish& wish, session::Spec spec);

}  // namespace farpty::app
