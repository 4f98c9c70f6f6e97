// --record: where sessions are recorded, looked at before there is one.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "session/recorder.hpp"

namespace farpty::app {

// What --record and --record-input ask for; nullopt: nothing (`directory` is empty). The directory is made where it is
// missing. Fails where it cannot be used, or where input is to be recorded and nothing else.
Result<std::optional<session::Recording>> recording_of(const std::string& directory, session::RecordInput input);

}  // namespace farpty::app
