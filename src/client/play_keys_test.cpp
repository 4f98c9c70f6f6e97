#include "client/play_keys.hpp"

#include <gtest/gtest.h>

namespace farpty::client {
namespace {

using enum PlayKey;
using Keys = std::vector<PlayKey>;

TEST(PlayKeys, AreKnownInOnePieceAndInMany) {
  const std::string typed = " .x\x1b[D\x1b[C\x1bOA\x1bOB\x1b[Hq\x03";
  const Keys wanted = {kPause, kStep, kBack, kForward, kFarForward, kFarBack, kStart, kQuit, kInterrupt};
  EXPECT_EQ(PlayKeys().read(as_bytes(typed)), wanted);
  PlayKeys pieces;
  Keys all;
  for (const char byte : typed)
    for (const PlayKey key : pieces.read(as_bytes(std::string_view(&byte, 1)))) all.push_back(key);
  EXPECT_EQ(all, wanted);
}

TEST(PlayKeys, WhatATerminalAnswersIsNoKey) {
  for (const char* answer : {
           "\x1b[?62;22c",
           "\x1b[>0;276;0c",
           "\x1b[24;80R",
           "\x1b[8;24;80t",
           "\x1b[0n",
           "\x1b[?2004;1$y",  // DA, DSR, sizes
           "\x1b]10;rgb:ffff/ffff/ffff q.\x1b\\",
           "\x1b]52;c;cSAu\x07",
           "\x1bP1+r636f=31. q\x1b\\",
           "\x1bP>|term q\x1b\\",
           "\x1b[I",
           "\x1b[O",  // focus
           "\x1b[<0;10;5M",
           "\x1b[<0;10;5m",
           "\x1b[M .q",
           "\x1b[M   ",                          // mouse
           "\x1b[200~q . q\x1b[D\x03\x1b[201~",  // paste
           "\x1b[1;5C",
           "\x1b[3~",  // other keys
       })
    EXPECT_EQ(PlayKeys().read(as_bytes(answer)), Keys{}) << answer;
  EXPECT_EQ(PlayKeys().read(as_bytes("\x1b[M .qq\x1b[200~q\x1b[201~.")), (Keys{kQuit, kStep}));
}

}  // namespace
}  // namespace farpty::client
