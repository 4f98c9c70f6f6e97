// The user as whom this process runs: the one that a server serves.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.hpp"

namespace farpty::app {

struct User {
  uid_t uid = 0;
  std::string name;
  std::string home;
  std::string shell;
};

Result<User> current_user();

}  // namespace farpty::app
