// Fuzzes the mode tracker and the snapshot. The first two bytes of an input choose the screen's size and where the stream is
// cut, the rest is a terminal's output. Whatever comes: one piece or many give the same; a redraw is bounded; a terminal that
// is given a redraw has the same cells, cursor and modes.
#include "vt/screen.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

using namespace farpty;
using namespace farpty::vt;

namespace {

void require(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

constexpr WindowSize kSizes[] = {{.columns = 1, .rows = 1},
                                 {.columns = 2, .rows = 2},
                                 {.columns = 5, .rows = 3},
                                 {.columns = 20, .rows = 6},
                                 {.columns = 80, .rows = 24}};

// In origin mode no sequence moves the cursor out of the margins. libvterm 0.1.4 does not wrap at the right one.
bool can_be_reached(const Screen& screen) {
  const Margins& margins = screen.modes().margins;
  const Position at = screen.cursor();
  return !screen.modes().origin ||
         (at.row >= margins.top && at.row <= margins.bottom && at.column >= margins.left && at.column <= margins.right);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const WindowSize window = kSizes[data[0] % std::size(kSizes)];
  const std::string_view output(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = output.size() * data[1] / 255;

  Screen whole(window);
  whole.feed(as_bytes(output.substr(0, cut)));
  Screen bytewise(window);
  for (std::size_t i = 0; i < cut; ++i) bytewise.feed(as_bytes(output.substr(i, 1)));
  const std::string redraw = whole.redraw();
  require(redraw == bytewise.redraw(), "pieces do not matter");
  require(redraw.size() < 200'000, "a redraw is bounded");

  Screen viewer(window);
  viewer.feed(as_bytes(output.substr(cut)));  // it was in any state
  viewer.feed(as_bytes(redraw));
  require(viewer.grid().cells == whole.grid().cells, "the same cells");
  require(viewer.grid().lines == whole.grid().lines, "the same lines");
  require(!can_be_reached(whole) || viewer.cursor() == whole.cursor(), "the same cursor");
  require(viewer.modes().pen == whole.modes().pen && viewer.modes().charsets == whole.modes().charsets &&
              viewer.modes().margins == whole.modes().margins && viewer.modes().origin == whole.modes().origin &&
              viewer.modes().autowrap == whole.modes().autowrap && viewer.modes().insert == whole.modes().insert &&
              viewer.modes().alternate == whole.modes().alternate,
          "the same modes");

  whole.feed(as_bytes(output.substr(cut)));
  whole.resize(kSizes[data[1] % std::size(kSizes)]);
  whole.feed(as_bytes(output));
  require(!whole.redraw().empty(), "a redraw after a resize");
  return 0;
}
