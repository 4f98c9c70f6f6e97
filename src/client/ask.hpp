// Asking the running servers of this user over their control sockets. Blocking, each answer waited for at most ten seconds.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "base/own_directory.hpp"
#include "base/result.hpp"
#include "control/messages.hpp"
#include "net/address.hpp"

namespace farpty::client {

class RunningServers {
 public:
  // Looks into every runtime directory that there is, and asks every server for its sessions, or only the server `only`.
  static RunningServers ask(std::optional<pid_t> only);

  [[nodiscard]] const std::vector<control::Server>& found() const { return found_; }
  // What could not be asked: a directory that is not ours alone, a server that does not answer.
  [[nodiscard]] const std::vector<Error>& failures() const { return failures_; }

  // Where one of the servers that were found is asked; good as long as this object is.
  [[nodiscard]] Result<net::Address> address_of(std::int64_t server) const;
  // Has one of the servers that were found end a session.
  [[nodiscard]] Result<> kill(std::int64_t server, unsigned session) const;
  // Has one of them make an invitation; its token.
  [[nodiscard]] Result<std::string> invite(std::int64_t server, const control::InviteRequest& wish) const;

 private:
  [[nodiscard]] Result<std::string> say(std::int64_t server, const control::Request& request) const;
  void ask_in(OwnDirectory directory, std::optional<pid_t> only);

  std::vector<control::Server> found_;
  std::vector<Error> failures_;
  struct Place {
    std::size_t directory;
    pid_t socket;
  };
  std::vector<OwnDirectory> directories_;
  std::vector<Place> places_;  // of each server of found_
};

}  // namespace farpty::client
