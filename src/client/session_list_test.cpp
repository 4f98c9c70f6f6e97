#include "client/session_list.hpp"

#include <gtest/gtest.h>

namespace farpty::client {
namespace {

const std::vector<wire::Listed> kTwo = {
    {.session = 3, .name = "work", .program = "/bin/bash", .tty = "/dev/pts/4", .age = 3700, .idle = 5, .viewers = 2},
    {.session = 12, .program = "top\x1b[2J", .age = 7, .size = {.columns = 132, .rows = 50}},
};

TEST(SessionList, IsATable) {
  EXPECT_EQ(session_list(kTwo),
            "ID  NAME  SIZE    AGE    IDLE  VIEWERS  PROGRAM\n"
            "3   work  80x24   1h01m  5s    2        /bin/bash\n"
            "12  -     132x50  7s     0s    0        top\\x1b[2J\n");
  EXPECT_EQ(session_list({}), "");
}

TEST(SessionList, ForProgramsIsJson) {
  const std::string text = session_list_json(kTwo);
  EXPECT_NE(text.find("\"name\": \"work\""), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace farpty::client
