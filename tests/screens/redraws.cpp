// redraws COLUMNS ROWS [STEP [FROM]]: reads a terminal's output from stdin and writes what redraws the screen after byte FROM,
// FROM + STEP, ... of it (0 is before the first byte): each as its length in decimal, a newline, and the bytes.
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>

#include "vt/screen.hpp"

namespace {

std::string read_all(std::FILE* from) {
  std::string all;
  char buffer[65536];
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, from)) all.append(buffer, got);
  return all;
}

std::size_t number(int argc, char** argv, int index, std::size_t otherwise) {
  return index < argc ? std::strtoul(argv[index], nullptr, 10) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: redraws COLUMNS ROWS [STEP [FROM]] <OUTPUT\n", stderr);
    return 2;
  }
  const std::string output = read_all(stdin);
  const std::size_t step = number(argc, argv, 3, 1), from = number(argc, argv, 4, 0);
  farpty::vt::Screen screen({.columns = static_cast<std::uint16_t>(number(argc, argv, 1, 80)),
                             .rows = static_cast<std::uint16_t>(number(argc, argv, 2, 24))});
  std::size_t fed = 0;
  for (std::size_t cut = from; step > 0 && cut <= output.size(); cut += step) {
    screen.feed(farpty::as_bytes(std::string_view(output).substr(fed, cut - fed)));
    fed = cut;
    const std::string redraw = screen.redraw();
    std::printf("%zu\n", redraw.size());
    std::fwrite(redraw.data(), 1, redraw.size(), stdout);
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
