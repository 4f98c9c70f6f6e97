#include "app/dial_out.hpp"

#include <unistd.h>

#include <csignal>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "auth/given_token.hpp"
#include "base/log.hpp"
#include "door/dialler.hpp"

namespace farpty::app {

namespace {

constexpr int kOwnFailure = 125, kCannotRun = 126;  // as env(1), EXIT STATUS

Result<auth::Token> token_of(const DialWish& wish, net::Url& url) {
  if (wish.token_on_stdin) {
    FARPTY_ASSIGN(read, auth::read_token(STDIN_FILENO));
    *wish.token = std::move(read);
  }
  auth::SecretBytes given = url.token.empty() ? std::exchange(*wish.token, {}) : std::exchange(url.token, {});
  if (given.empty())
    return failure("cannot dial", url.text(), "there is no token",
                   "run the whole line that farpty listen printed, FARPTY_TOKEN=... included");
  return auth::parse_token(as_text(given));
}

struct Call {
  Result<> run(const DialWish& wish, session::Spec spec);

  boost::asio::io_context context{1};
  pty::Children children{context};
  std::vector<std::byte> buffer = std::vector<std::byte>(64 * 1024);
  session::Registry registry{session::Loop{.context = context, .children = children, .buffer = buffer}};
  door::Gate gate{door::Openness::kThisUser, {.sessions = 1}};
};

Result<> Call::run(const DialWish& wish, session::Spec spec) {
  FARPTY_ASSIGN(url, net::parse_target(wish.to));
  if (url.protocol != net::Protocol::kFarpty || url.unix_socket)
    return failure("cannot dial", url.text(), "only farpty:// can be dialled", "write --to farpty://HOST:PORT");
  FARPTY_ASSIGN(token, token_of(wish, url));
  FARPTY_ASSIGN(tunnel, net::Tunnel::find(url, net::ProxyEnvironment::read()));
  FARPTY_ASSIGN(addresses, net::resolve(tunnel ? tunnel->proxy() : url, net::Purpose::kDial));
  FARPTY_ASSIGN(tls, net::TlsContext::dialler());
  FARPTY_ASSIGN(keeper, door::Doorkeeper::for_tokens(std::move(tls)));
  door::Shared shared{.loop = {.context = context, .children = children, .buffer = buffer},
                      .registry = registry,
                      .gate = gate,
                      .keeper = keeper.get()};
  auto settings = std::make_shared<door::Settings>();
  settings->commands = door::Commands::kOnlyTheProgram;
  settings->home = spec.program.directory;
  const auto patience = spec.limits.linger;
  settings->spec = std::move(spec);
  Result<> result;
  door::Dialler dialler(shared, settings,
                        {.addresses = std::move(addresses),
                         .tunnel = std::move(tunnel),
                         .name = url.text(),
                         .token = std::move(token),
                         .patience = patience},
                        [&](Result<> done) {
                          result = std::move(done);
                          context.stop();
                        });
  registry.when_gone([&dialler](unsigned) { dialler.session_ended(); });
  boost::asio::signal_set signals(context, SIGINT, SIGTERM, SIGHUP);
  signals.async_wait([&dialler](const boost::system::error_code& code, int) {
    if (!code) dialler.stop();
  });
  dialler.begin();
  context.run();
  registry.when_gone([](unsigned) {});
  return result;
}

}  // namespace

int dial_out(const DialWish& wish, session::Spec spec) {
  Call call;
  const auto done = call.run(wish, std::move(spec));
  if (done) return 0;
  log::error("{}", log::printable(done.error().message(), 500));
  return done.error().operation == "cannot run" ? kCannotRun : kOwnFailure;
}

}  // namespace farpty::app
