#include "app/recording.hpp"

#include <filesystem>

#include "base/own_directory.hpp"

namespace farpty::app {

Result<std::optional<session::Recording>> recording_of(const std::string& directory, session::RecordInput input) {
  if (directory.empty()) {
    if (input == session::RecordInput::kNo) return std::nullopt;
    return failure("cannot use", "--record-input", "nothing is recorded", "say where with --record DIR");
  }
  std::error_code code;
  // A server may change its directory, and what a link leads to.
  std::string path = std::filesystem::absolute(directory, code).lexically_normal().string();
  if (code) return os_error("cannot record in", directory, code.value());
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  auto usable = open_own_directory(path, Missing::kMake);
  if (!usable) {
    usable.error().operation = "--record: " + usable.error().operation;
    return std::unexpected(std::move(usable).error());
  }
  return session::Recording{.directory = std::move(path), .input = input};
}

}  // namespace farpty::app
