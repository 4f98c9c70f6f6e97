#include "app/current_user.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>

namespace farpty::app {

Result<User> current_user() {
  const uid_t uid = geteuid();
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16 * 1024> buffer{};
  const int code = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  User user{.uid = uid, .name = "uid " + std::to_string(uid), .home = "/", .shell = "/bin/sh"};
  if (code != 0 || found == nullptr) return user;  // containers run as uids that no file knows
  user.name = entry.pw_name;
  if (entry.pw_dir[0] != '\0') user.home = entry.pw_dir;
  if (entry.pw_shell[0] != '\0') user.shell = entry.pw_shell;
  return user;
}

}  // namespace farpty::app
