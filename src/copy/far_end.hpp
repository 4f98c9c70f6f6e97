// The end of a copy at which nobody sits: does the one job that it is told, over its standard input and output.
#pragma once

#include "base/result.hpp"

namespace farpty::copy {

// Relative paths begin at the current directory. The other end is told the error, too.
Result<> serve_copy(int in, int out);

}  // namespace farpty::copy
