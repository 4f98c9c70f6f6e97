// FARPTY_CHECK: a test of our own reasoning that stays on in release. Never for what a peer, a file or the kernel did.
#pragma once

#include <cstdio>
#include <cstdlib>

#define FARPTY_CHECK(condition)                                                                        \
  do {                                                                                                 \
    if (!(condition)) [[unlikely]] {                                                                   \
      std::fprintf(stderr, "farpty: bug: %s does not hold (%s:%d)\n", #condition, __FILE__, __LINE__); \
      std::abort();                                                                                    \
    }                                                                                                  \
  } while (false)
