#include "session/audience.hpp"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farpty::session {
namespace {

// A viewer in memory: what its peer has got, and how the session told it where it is.
class Peer final : public Viewer {
 public:
  explicit Peer(std::string identity = "someone") : identity_(std::move(identity)) {}

  std::size_t room = std::numeric_limits<std::size_t>::max();
  std::string got;  // of the stream
  std::string redrawn;
  std::vector<Jump> jumps;
  std::vector<WindowSize> sizes;
  std::vector<Role> roles;
  std::optional<End> end;
  Offset offset = 0;  // of the next byte of the stream

  [[nodiscard]] std::size_t output_room() const override { return room; }
  void output(Bytes bytes) override {
    EXPECT_LE(bytes.size(), room);
    if (room != std::numeric_limits<std::size_t>::max()) room -= bytes.size();
    const std::size_t redraw = std::min(redraw_left_, bytes.size());
    redrawn += as_text(bytes.first(redraw));
    redraw_left_ -= redraw;
    got += as_text(bytes.subspan(redraw));
    offset += bytes.size() - redraw;
  }
  [[nodiscard]] bool input_waits() const override { return false; }
  void input_wanted() override {}
  void ended(const End& how) override { end = how; }
  [[nodiscard]] std::string door() const override { return "test"; }
  [[nodiscard]] std::string peer() const override { return "memory"; }
  [[nodiscard]] std::string identity() const override { return identity_; }
  void jumped(const Jump& jump) override {
    EXPECT_EQ(redraw_left_, 0U);
    jumps.push_back(jump);
    offset = jump.offset;
    redraw_left_ = jump.redraw;
  }
  void resized(WindowSize size) override { sizes.push_back(size); }
  void role_changed(Role role) override { roles.push_back(role); }

 private:
  std::string identity_;
  std::size_t redraw_left_ = 0;
};

constexpr WindowSize kSize{.columns = 80, .rows = 24};

std::string stream_of(std::size_t size) {
  std::string text(size, 0);
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 26);
  return text;
}

class AudienceTest : public testing::Test {
 protected:
  // Delivers as a session does: never more than there is room for.
  std::size_t deliver(Audience& audience, std::string_view text) {
    const std::size_t part = std::min(audience.room(), text.size());
    if (part > 0) audience.deliver(as_bytes(text.substr(0, part)));
    return part;
  }
  Seat& join(Audience& audience, Peer& peer, const Attach& attach = {}) {
    Seat& seat = audience.join(nullptr, peer, attach);
    audience.serve(seat);
    return seat;
  }
};

TEST_F(AudienceTest, TheOneViewerOfAPlainSessionGetsTheOutputAsItComes) {
  Audience audience(std::nullopt, kSize);
  Peer peer;
  join(audience, peer);
  peer.room = 10;
  EXPECT_EQ(deliver(audience, stream_of(100)), 10U);
  EXPECT_EQ(audience.room(), 0U);
  EXPECT_EQ(peer.got, stream_of(10));
  EXPECT_TRUE(peer.jumps.empty() && peer.sizes.empty());
}

TEST_F(AudienceTest, OutputGoesOnWhereItWasCutAtEveryOffset) {
  constexpr std::size_t kTotal = 300;
  const std::string stream = stream_of(kTotal);
  for (std::size_t cut = 0; cut <= kTotal; ++cut) {
    for (const std::size_t meanwhile : {std::size_t{0}, std::size_t{1}, kTotal - cut}) {
      Audience audience(Lasting{.retain = kTotal}, kSize);
      Peer first;
      Seat& seat = join(audience, first);
      const std::uint64_t id = seat.id();
      first.room = cut;
      std::size_t sent = deliver(audience, stream);
      EXPECT_EQ(sent, cut);
      audience.lose(seat);
      sent += deliver(audience, std::string_view(stream).substr(sent, std::min(meanwhile, kTotal - sent)));
      Peer second;
      Seat& again = join(audience, second, {.seat = id, .offset = first.offset});
      EXPECT_EQ(&again, &seat);
      EXPECT_EQ(again.role(), Role::kWriter);
      while (sent < kTotal) sent += deliver(audience, std::string_view(stream).substr(sent, 7));
      EXPECT_EQ(first.got + second.got, stream) << "cut at " << cut;
      EXPECT_TRUE(second.jumps.empty());
    }
  }
}

// What had left us may have been lost on the way: the peer says from where.
TEST_F(AudienceTest, WhatThePeerDidNotGetIsSentAgainFromEveryOffset) {
  const std::string stream = stream_of(200);
  for (std::size_t got = 0; got <= stream.size(); ++got) {
    Audience audience(Lasting{.retain = 1024}, kSize);
    Peer first;
    Seat& seat = join(audience, first);
    deliver(audience, stream);
    audience.acknowledge(seat, got / 2);
    audience.lose(seat);
    Peer second;
    join(audience, second, {.seat = seat.id(), .offset = got});
    EXPECT_EQ(second.got, stream.substr(got));
    EXPECT_TRUE(second.jumps.empty());
  }
}

// Also what comes while nobody is there, and what was read by a viewer that has left.
TEST_F(AudienceTest, WhileNobodyLooksTheLogIsPacked) {
  std::string text;
  for (int line = 0; text.size() < 2'000'000; ++line) text += "line " + std::to_string(line) + " of a long build\r\n";
  Audience audience(Lasting{}, kSize);
  Peer first, second;
  Seat& seat = join(audience, first);
  audience.lose(seat);
  audience.pack();
  for (std::size_t at = 0; at < text.size(); at += 4096) deliver(audience, std::string_view(text).substr(at, 4096));
  audience.settle();
  EXPECT_LT(audience.memory(), text.size() / 3);
  join(audience, second, {.seat = seat.id(), .offset = 0});
  EXPECT_EQ(second.got, text);
  audience.lose(seat);
  audience.pack();
  EXPECT_LT(audience.memory(), text.size() / 3);
}

TEST_F(AudienceTest, BeyondTheLogComesARedrawAndTheNumberOfSkippedBytes) {
  constexpr std::size_t kRetain = 128;
  for (std::size_t cut = 0; cut <= 50; ++cut) {
    Audience audience(Lasting{.retain = kRetain}, kSize);
    Peer first;
    Seat& seat = join(audience, first);
    deliver(audience, stream_of(cut));
    audience.acknowledge(seat, cut);
    audience.lose(seat);
    deliver(audience, stream_of(kRetain + 1));
    Peer second;
    join(audience, second, {.seat = seat.id(), .offset = cut});
    ASSERT_EQ(second.jumps.size(), 1U);
    EXPECT_EQ(second.jumps[0].skipped, kRetain + 1);
    EXPECT_EQ(second.jumps[0].offset, cut + kRetain + 1);
    EXPECT_EQ(second.redrawn.size(), second.jumps[0].redraw);
    EXPECT_EQ(second.got, "");
    deliver(audience, "on");
    EXPECT_EQ(second.got, "on");
  }
}

TEST_F(AudienceTest, AFreshViewerGetsARedrawAndHasSkippedNothing) {
  Audience audience(Lasting{}, kSize);
  Peer first;
  join(audience, first);
  deliver(audience, stream_of(1000));
  Peer second;
  second.room = 3;  // the redraw comes as there is room
  Seat& seat = join(audience, second, {.pen = Pen::kIfFree});
  EXPECT_EQ(seat.role(), Role::kReadOnly);
  ASSERT_EQ(second.jumps.size(), 1U);
  EXPECT_EQ(second.jumps[0].skipped, 0U);
  EXPECT_EQ(second.redrawn.size(), std::min<std::size_t>(3, second.jumps[0].redraw));
  second.room = 10'000;
  audience.serve(seat);
  EXPECT_EQ(second.redrawn.size(), second.jumps[0].redraw);
  deliver(audience, "both");
  EXPECT_EQ(second.got, "both");
  EXPECT_TRUE(first.got.ends_with("both"));
}

TEST_F(AudienceTest, AConnectedWriterPushesBack) {
  Audience audience(Lasting{.retain = 4096}, kSize);
  Peer peer;
  Seat& seat = join(audience, peer);
  peer.room = 100;
  EXPECT_EQ(deliver(audience, stream_of(500)), 100U);
  EXPECT_EQ(audience.room(), 0U);
  audience.lose(seat);
  EXPECT_GT(audience.room(), 1'000'000U);  // its path is lost: the program runs on
}

// What it has not acknowledged must not leave the log, or its next connection would find a hole.
TEST_F(AudienceTest, AWriterThatAcknowledgesNothingGetsNoMoreThanTheLogHolds) {
  Audience audience(Lasting{.retain = 4096}, kSize);
  Peer peer;
  Seat& seat = join(audience, peer);
  EXPECT_EQ(deliver(audience, stream_of(5000)), 4096U);
  EXPECT_EQ(audience.room(), 0U);
  audience.acknowledge(seat, 1000);
  EXPECT_EQ(audience.room(), 1000U);
  audience.acknowledge(seat, 1'000'000);  // it cannot have what was never sent
  EXPECT_EQ(audience.room(), 4096U);
}

TEST_F(AudienceTest, AProgramThatMayNotBeForgottenWaitsForAReader) {
  Audience audience(Lasting{.retain = 4096, .when_full = WhenFull::kBlock}, kSize);
  Peer first;
  Seat& seat = join(audience, first);
  EXPECT_EQ(deliver(audience, stream_of(100)), 100U);
  audience.lose(seat);
  EXPECT_EQ(deliver(audience, stream_of(5000)), 3996U);
  EXPECT_EQ(audience.room(), 0U);
  Peer second;
  second.offset = 50;
  join(audience, second, {.seat = seat.id(), .offset = 50});
  EXPECT_TRUE(second.jumps.empty());
  EXPECT_EQ(second.got.size(), 4046U);
  audience.acknowledge(seat, second.offset);
  EXPECT_EQ(audience.room(), 4096U);
}

TEST_F(AudienceTest, AReaderThatCannotKeepUpDoesNotSlowTheWriterAndIsMovedForward) {
  Audience audience(Lasting{}, kSize);
  Peer writer, reader("reader");
  Seat& pen = join(audience, writer);
  Seat& seat = join(audience, reader, {.pen = Pen::kNever});
  reader.room = 1000;
  const std::string stream = stream_of(10'000);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(deliver(audience, stream), stream.size());
    audience.acknowledge(pen, writer.offset);
  }
  EXPECT_EQ(writer.got.size(), 1'000'000U);
  EXPECT_LE(reader.got.size(), 1000U);
  reader.room = std::numeric_limits<std::size_t>::max();
  audience.serve(seat);
  EXPECT_EQ(reader.jumps.size(), 2U);
  EXPECT_EQ(reader.offset, 1'000'000U);
  EXPECT_EQ(reader.got.size() + reader.jumps.back().skipped, 1'000'000U);
}

TEST_F(AudienceTest, AReaderThatIsALittleBehindMissesNothing) {
  Audience audience(Lasting{}, kSize);
  Peer writer, reader("reader");
  Seat& pen = join(audience, writer);
  Seat& seat = join(audience, reader, {.pen = Pen::kNever});
  reader.room = 0;
  const std::string stream = stream_of(kMaxLag);
  deliver(audience, stream);
  audience.acknowledge(pen, writer.offset);
  reader.room = stream.size();
  audience.serve(seat);
  EXPECT_EQ(reader.got, stream);
}

TEST_F(AudienceTest, ANewcomerSeesTheScreen) {
  Audience audience(Lasting{}, kSize);
  Peer first, second;
  join(audience, first);
  audience.deliver(as_bytes("\x1b[?2004h\x1b[3;7Hhello"));
  audience.settle();
  audience.deliver(as_bytes(" world"));
  join(audience, second, {.pen = Pen::kNever});
  EXPECT_THAT(second.redrawn, testing::HasSubstr("\x1b[3;7Hhello world"));
  EXPECT_THAT(second.redrawn, testing::HasSubstr("\x1b[?2004h"));
  EXPECT_EQ(second.jumps[0].skipped, 0U);
  audience.deliver(as_bytes("!"));
  EXPECT_EQ(second.got, "!");
}

TEST_F(AudienceTest, WhoWantsARedrawGetsItBehindTheRestAndSkipsNothing) {
  Audience audience(Lasting{}, kSize);
  Peer writer;
  Seat& seat = join(audience, writer, {.offset = 0});
  writer.room = 3;
  deliver(audience, "abc");
  audience.deliver(as_bytes("def"));
  audience.want_redraw(seat);
  audience.want_redraw(seat);  // one is enough
  EXPECT_FALSE(audience.is_served(seat));
  audience.serve(seat);
  EXPECT_TRUE(writer.jumps.empty());
  writer.room = 10'000;
  audience.serve(seat);
  EXPECT_EQ(writer.got, "abcdef");
  ASSERT_EQ(writer.jumps.size(), 1U);
  EXPECT_EQ(writer.jumps[0].offset, 6U);
  EXPECT_EQ(writer.jumps[0].skipped, 0U);
  EXPECT_THAT(writer.redrawn, testing::HasSubstr("abcdef"));
  EXPECT_TRUE(audience.is_served(seat));
  deliver(audience, "on");
  EXPECT_EQ(writer.got, "abcdefon");
}

// What was sent and not acknowledged may be lost with the connection, and the redraw with it.
TEST_F(AudienceTest, ARedrawAcknowledgesNothing) {
  Audience audience(Lasting{.retain = 16}, kSize);
  Peer writer, again;
  Seat& seat = join(audience, writer, {.offset = 0});
  deliver(audience, "abcdef");
  audience.want_redraw(seat);
  audience.serve(seat);
  ASSERT_EQ(writer.jumps.size(), 1U);
  audience.acknowledge(seat, 2);
  EXPECT_EQ(audience.room(), 12U);
  audience.lose(seat);
  join(audience, again, {.seat = seat.id(), .offset = 2});
  EXPECT_TRUE(again.jumps.empty());
  EXPECT_EQ(again.got, "cdef");
}

TEST_F(AudienceTest, NothingIsDrawnOfWhatGoesThroughPipes) {
  Audience audience(Lasting{}, kSize, Shown::kNowhere);
  Peer first, second;
  join(audience, first);
  audience.deliver(as_bytes(stream_of(100'000)));
  EXPECT_FALSE(audience.is_unsettled());
  join(audience, second, {.pen = Pen::kNever});
  EXPECT_EQ(second.redrawn, "");
  audience.deliver(as_bytes("on"));
  EXPECT_EQ(second.got, "on");
}

TEST_F(AudienceTest, ThePenIsHandedOver) {
  Audience audience(Lasting{}, kSize);
  Peer one("one"), two("two"), guest("guest");
  Seat& first = join(audience, one);
  Seat& second = join(audience, two, {.pen = Pen::kIfFree});
  Seat& third = join(audience, guest, {.pen = Pen::kNever});
  EXPECT_TRUE(audience.give_pen(second));
  EXPECT_EQ(audience.typist(), &two);
  EXPECT_THAT(one.roles, testing::ElementsAre(Role::kReadOnly));
  EXPECT_EQ(first.role(), Role::kReadOnly);
  EXPECT_FALSE(audience.give_pen(third));
  EXPECT_EQ(audience.typist(), &two);
  audience.remove(second);
  EXPECT_EQ(audience.typist(), nullptr);
  EXPECT_TRUE(audience.give_pen(first));
}

TEST_F(AudienceTest, ThePenGoesToTheNextWhoMayType) {
  Audience audience(Lasting{}, kSize);
  Peer first, looks_on, lost, second;
  Seat& has = join(audience, first);
  join(audience, looks_on, {.pen = Pen::kNever});
  Seat& away = join(audience, lost, {.pen = Pen::kIfFree});
  EXPECT_EQ(audience.next_writer(has), &away);
  audience.lose(away);
  EXPECT_EQ(audience.next_writer(has), nullptr);
  Seat& next = join(audience, second, {.pen = Pen::kIfFree});
  EXPECT_EQ(audience.next_writer(has), &next);
  EXPECT_EQ(audience.next_writer(next), nullptr);  // it has no pen to give
  audience.give_pen(next);
  EXPECT_EQ(audience.next_writer(next), &has);
}

TEST_F(AudienceTest, TheNewcomerWithAPenTakesIt) {
  Audience audience(Lasting{}, kSize);
  Peer one("one"), two("two");
  Seat& first = join(audience, one);
  join(audience, two);
  EXPECT_EQ(audience.typist(), &two);
  // The first comes back after a cut: it is what it was when it was cut.
  audience.lose(first);
  Peer again("one");
  EXPECT_EQ(&join(audience, again, {.seat = first.id(), .offset = 0}), &first);
  EXPECT_EQ(audience.typist(), &two);
}

TEST_F(AudienceTest, ASeatIsTakenAgainOnlyByTheSamePeer) {
  Audience audience(Lasting{}, kSize);
  Peer one("one"), other("other");
  Seat& first = join(audience, one);
  Seat& second = join(audience, other, {.seat = first.id(), .pen = Pen::kNever});
  EXPECT_NE(&first, &second);
  EXPECT_FALSE(one.end);
  // A connection that is dead and not known to be so is replaced.
  Peer again("one");
  EXPECT_EQ(&join(audience, again, {.seat = first.id(), .offset = 0}), &first);
  ASSERT_TRUE(one.end);
  EXPECT_EQ(one.end->cause, Cause::kReplaced);
  EXPECT_EQ(audience.typist(), &again);
}

TEST_F(AudienceTest, ATakenSeatLosesThePenWhereItMayNotTypeAnyMore) {
  Audience audience(Lasting{}, kSize);
  Peer one, again;
  Seat& seat = join(audience, one);
  audience.lose(seat);
  EXPECT_EQ(join(audience, again, {.seat = seat.id(), .offset = 0, .pen = Pen::kNever}).role(), Role::kReadOnly);
  EXPECT_EQ(audience.typist(), nullptr);
}

TEST_F(AudienceTest, SizesAreToldWhereTheyChangedInTheStream) {
  constexpr WindowSize kWide{.columns = 132, .rows = 24}, kSmall{.columns = 40, .rows = 10};
  Audience audience(Lasting{}, kSize);
  Peer writer, reader("reader");
  join(audience, writer);
  Seat& seat = join(audience, reader, {.pen = Pen::kNever});
  EXPECT_THAT(reader.sizes, testing::ElementsAre(kSize));
  reader.room = 3;
  deliver(audience, "abc");
  audience.resized(kWide);
  deliver(audience, "def");
  audience.resized(kSmall);
  EXPECT_THAT(reader.sizes, testing::ElementsAre(kSize));
  reader.room = 1;
  audience.serve(seat);
  EXPECT_EQ(reader.got, "abcd");
  EXPECT_THAT(reader.sizes, testing::ElementsAre(kSize, kWide));
  reader.room = 100;
  audience.serve(seat);
  EXPECT_EQ(reader.got, "abcdef");
  EXPECT_THAT(reader.sizes, testing::ElementsAre(kSize, kWide, kSmall));
  // Whoever comes back is told the size of where it is, and what follows.
  audience.lose(seat);
  Peer again("reader");
  join(audience, again, {.seat = seat.id(), .offset = 4, .pen = Pen::kNever});
  EXPECT_THAT(again.sizes, testing::ElementsAre(kWide, kSmall));
  EXPECT_EQ(again.got, "ef");
}

TEST_F(AudienceTest, TheEndReachesEachWhenItHasEverything) {
  Audience audience(Lasting{}, kSize);
  Peer writer, reader("reader"), lost("lost");
  join(audience, writer);
  Seat& seat = join(audience, reader, {.pen = Pen::kNever});
  audience.lose(join(audience, lost, {.pen = Pen::kNever}));
  reader.room = 2;
  deliver(audience, "the end");
  audience.end_served({.status = {.code = 7}});
  ASSERT_TRUE(writer.end);
  EXPECT_EQ(writer.end->status.code, 7);
  EXPECT_FALSE(reader.end);
  reader.room = 100;
  audience.serve(seat);
  audience.end_served({.status = {.code = 7}});
  EXPECT_TRUE(reader.end);
  EXPECT_EQ(reader.got, "the end");
  EXPECT_TRUE(audience.has_seats());  // the lost one's
  EXPECT_FALSE(audience.has_viewers());
  audience.end_all({});
  EXPECT_FALSE(audience.has_seats());
}

TEST_F(AudienceTest, LostSeatsAreBounded) {
  Audience audience(Lasting{}, kSize);
  Peer writer;
  Seat& pen = join(audience, writer);
  std::vector<std::unique_ptr<Peer>> peers;
  for (std::size_t i = 0; i < 2 * kMaxLostSeats; ++i) {
    peers.push_back(std::make_unique<Peer>("visitor"));
    audience.lose(join(audience, *peers.back(), {.pen = Pen::kNever}));
  }
  EXPECT_EQ(audience.seats().size(), 1 + kMaxLostSeats);
  audience.lose(pen);
  EXPECT_EQ(audience.writer(), &pen);
}

}  // namespace
}  // namespace farpty::session
