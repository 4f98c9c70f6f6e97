// NativeErrand: a question to a native server and its answer: which sessions there are, the end of one, an invitation.
//
// It starts nothing there. Blocking, each answer waited for at most kPatience.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "client/native_line.hpp"
#include "wire/conversation.hpp"

namespace farpty::client {

class NativeErrand final : private NativeLine::Owner {
 public:
  static constexpr std::chrono::seconds kPatience{20};

  // `name` of the far end; `user`: as whom, empty: as whoever the server serves.
  NativeErrand(boost::asio::io_context& context, NativeKeys& keys, std::vector<net::Address> addresses,
               std::string name, std::string user);
  NativeErrand(const NativeErrand&) = delete;
  NativeErrand& operator=(const NativeErrand&) = delete;
  ~NativeErrand() override { line_.finish(); }

  // To be reached before anything is asked.
  [[nodiscard]] NativeLine& line() { return line_; }

  Result<std::vector<wire::Listed>> sessions();
  Result<std::string> kill(const std::string& session);  // what the server says about it
  Result<wire::Invitation> invite(const wire::Invite& wish);

 private:
  // NativeLine::Owner
  void connected() override {}
  void received(Bytes plain) override;
  void drained() override {}
  void refused(const std::string& why) override { broke(why); }
  void broke(const std::string& why) override;

  Result<> ask(const wire::Message& question);
  void take(const wire::Message& message);

  boost::asio::io_context& context_;
  NativeLine line_;
  std::string user_;
  wire::Conversation conversation_{wire::Role::kClient};
  std::vector<std::byte> out_;
  bool greeted_ = false;
  bool answered_ = false;
  std::string trouble_;  // why there will be no answer
  std::vector<wire::Listed> sessions_;
  wire::Done done_;
  wire::Invitation invitation_;
};

}  // namespace farpty::client
