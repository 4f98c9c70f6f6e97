// Commands that ask a native server something and end: `farpty ls HOST`, `farpty kill HOST NAME`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "app/far_end.hpp"
#include "client/native_errand.hpp"

namespace CLI {
class App;
}

namespace farpty::app {

// Flags that these commands share.
struct ErrandGiven {
  std::string identity;
  bool accept_new = false;
  auth::SecretBytes* token = nullptr;
};
void add_errand_options(CLI::App& command, ErrandGiven& given, Secrets& secrets);

// Connects to `address` and does `errand`. The error is for the user.
Result<> run_errand(const std::string& address, const ErrandGiven& given,
                    const std::function<Result<>(client::NativeErrand&)>& errand);

// `words`: an address and names or numbers of sessions there. An exit status.
int kill_far_sessions(const ErrandGiven& given, const std::vector<std::string>& words);

}  // namespace farpty::app
