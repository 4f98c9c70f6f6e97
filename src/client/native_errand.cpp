#include "client/native_errand.hpp"

#include <cerrno>
#include <utility>

#include "base/log.hpp"
#include "base/timer.hpp"

namespace farpty::client {

NativeErrand::NativeErrand(boost::asio::io_context& context, NativeKeys& keys, std::vector<net::Address> addresses,
                           std::string name, std::string user)
    : context_(context), line_(context, keys, std::move(addresses), std::move(name), *this), user_(std::move(user)) {}

Result<> NativeErrand::ask(const wire::Message& question) {
  answered_ = false;
  if (!std::exchange(greeted_, true))
    conversation_.send(wire::Hello{.agent = "farpty/" FARPTY_VERSION, .user = user_}, out_);
  conversation_.send(question, out_);
  line_.send(std::exchange(out_, {}));
  Timer patience(context_);
  patience.run_after(kPatience, [this] { trouble_ = reason_of(ETIMEDOUT); });
  while (!answered_ && trouble_.empty()) context_.run_one();
  patience.cancel();
  if (!answered_) return failure("cannot ask", line_.name(), trouble_);
  return {};
}

void NativeErrand::received(Bytes plain) {
  conversation_.feed(plain);
  while (trouble_.empty()) {
    const auto message = conversation_.next();
    if (!message) {
      trouble_ = "the server broke the protocol: " + message.error().text;
      return;
    }
    if (!*message) break;
    take(**message);
  }
  if (!out_.empty()) line_.send(std::exchange(out_, {}));
}

void NativeErrand::take(const wire::Message& message) {
  if (const auto* some = std::get_if<wire::Sessions>(&message)) {
    sessions_.insert(sessions_.end(), some->sessions.begin(), some->sessions.end());
    answered_ = !some->more;
  } else if (const auto* done = std::get_if<wire::Done>(&message)) {
    done_ = *done;
    answered_ = true;
  } else if (const auto* invitation = std::get_if<wire::Invitation>(&message)) {
    invitation_ = *invitation;
    answered_ = true;
  } else if (const auto* ping = std::get_if<wire::Ping>(&message)) {
    conversation_.send(wire::Pong{.cookie = ping->cookie}, out_);
  } else if (const auto* failure = std::get_if<wire::Failure>(&message)) {
    trouble_ = log::printable(failure->text);
  }
}

void NativeErrand::broke(const std::string& why) {
  if (trouble_.empty()) trouble_ = why.empty() ? "it closed the connection" : why;
}

Result<std::vector<wire::Listed>> NativeErrand::sessions() {
  sessions_.clear();
  FARPTY_TRY(ask(wire::List{}));
  return std::move(sessions_);
}

Result<std::string> NativeErrand::kill(const std::string& session) {
  FARPTY_TRY(ask(wire::Kill{.session = session}));
  return log::printable(done_.text);
}

Result<wire::Invitation> NativeErrand::invite(const wire::Invite& wish) {
  FARPTY_TRY(ask(wish));
  return invitation_;
}

}  // namespace farpty::client
