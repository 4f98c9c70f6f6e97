// `farpty keygen`: a key of one's own, in OpenSSH's files.
#include <unistd.h>

#include <array>
#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/current_user.hpp"
#include "auth/user_files.hpp"
#include "base/log.hpp"

namespace farpty::app {

namespace {

constexpr std::size_t kMaxComment = 200;  // bytes; more is no name

struct Given {
  std::string file;
  std::string comment;
};

// user@host, as ssh-keygen calls a key.
std::string usual_comment() {
  const auto user = current_user();
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) return user ? user->name : "";
  return (user ? user->name : "") + "@" + host.data();
}

Result<> make_key(const Given& given) {
  const std::string comment = given.comment.empty() ? usual_comment() : given.comment;
  if (comment.size() > kMaxComment || log::printable(comment, kMaxComment) != comment)
    return failure("cannot use", "the comment", "it is not one short line of printable ASCII");
  std::string file = given.file;
  if (file.empty()) {
    FARPTY_ASSIGN(own, auth::own_identity_file());
    file = own;
  }
  FARPTY_ASSIGN(key, auth::PrivateKey::generate());
  auto written = auth::write_key_pair(file, key, comment);
  if (!written && written.error().code == EEXIST) {
    written.error().hint = "farpty keygen overwrites nothing: -f names another file";
    return written;
  }
  FARPTY_TRY(written);
  log::info("the key is in {}; its fingerprint is {}", file, auth::fingerprint(key.public_key()));
  log::info("add this line to ~/.config/farpty/authorized_keys where you want to log in:");
  const std::string line = auth::public_key_line(key.public_key(), comment);
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fflush(stdout) != 0)
    return os_error("cannot write", "the public key");
  return {};
}

int keygen(const Given& given) {
  log::open(false);
  if (const auto made = make_key(given); !made) {
    log::error("{}", made.error().message());
    return 1;
  }
  return 0;
}

}  // namespace

Run add_keygen(CLI::App& app) {
  const auto given = std::make_shared<Given>();
  auto* command = app.add_subcommand("keygen", "make a key to log in with");
  command->add_option("-f,--file", given->file, "where to (default ~/.config/farpty/id_ed25519)")->type_name("FILE");
  command->add_option("-C,--comment", given->comment, "whose it is (default user@host)")->type_name("TEXT");
  return [given] { return keygen(*given); };
}

}  // namespace farpty::app
