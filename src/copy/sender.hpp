// The end of a copy that has the files: walks over what was asked for and sends what the other end lacks.
//
// Files and folders only: links, devices, sockets and pipes are named as trouble and left out. What cannot be read is
// trouble too, and the rest goes on.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "copy/report.hpp"
#include "copy/stream.hpp"

namespace farpty::copy {

class Sender {
 public:
  // `roots`: paths as the user wrote them; links among them are followed, below them none.
  Sender(Stream& stream, std::vector<std::string> roots, Report& report)
      : stream_(stream), roots_(std::move(roots)), report_(report) {}

  // The whole conversation. An error: it broke off. Trouble with single files is told to both ends and is no error.
  Result<> run();

 private:
  struct Item {
    Message message;   // Entry or Leave
    std::string path;  // at this end
  };
  void walk(std::size_t root, const std::string& path, const std::string& below);
  void walk_folder(std::size_t root, const std::string& path, const std::string& below);
  void say(const std::string& text);
  Result<> offer(std::size_t most);
  Result<> answer(const Message& message);
  Result<> send_file(const Item& item, const Have& have);
  Result<> send_contents(const std::string& path, int fd, const Have& have, std::uint64_t size);

  Stream& stream_;
  std::vector<std::string> roots_;
  Report& report_;
  std::vector<Item> items_;
  std::vector<std::string> troubles_;  // from the walk, for the other end
  std::size_t next_ = 0;               // of items_: not offered yet
  std::deque<std::size_t> offered_;    // files that the receiver has not answered
  std::size_t unconfirmed_ = 0;        // files that were sent and not confirmed
};

}  // namespace farpty::copy
