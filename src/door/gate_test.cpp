#include "door/gate.hpp"

#include <unistd.h>

#include <vector>

#include <gtest/gtest.h>

#include "net/dial.hpp"
#include "net/listener.hpp"

namespace farpty::door {
namespace {

class GateTest : public testing::Test {
 protected:
  // A connection over loopback; the result is the server's end.
  int connect() {
    clients_.push_back(std::move(*net::dial(listener_.url())));
    servers_.push_back(std::move(*listener_.accept()));
    return servers_.back().get();
  }
  static std::string refusal(const Result<Gate::Pass>& pass) { return pass ? "" : pass.error().message(); }

  net::Listener listener_ = std::move(*net::Listener::open(*net::parse_url("raw://127.0.0.1:0")));
  std::vector<OwnedFd> clients_, servers_;
};

TEST_F(GateTest, ThisUserIsLetInAndNamed) {
  Gate gate(Openness::kThisUser, {});
  const auto pass = gate.admit(connect(), 0);
  ASSERT_TRUE(pass) << pass.error().message();
  EXPECT_TRUE(pass->peer().starts_with("127.0.0.1:"));
}

TEST_F(GateTest, WhoCannotBeNamedIsRefusedUnlessThatDoesNotMatter) {
  const int gone = connect();
  clients_.back().reset();
  EXPECT_FALSE(Gate(Openness::kThisUser, {}).admit(gone, 0));
  EXPECT_TRUE(Gate(Openness::kPublic, {}).admit(gone, 0));
}

TEST_F(GateTest, AnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  const int socket = connect();
  ASSERT_EQ(seteuid(1000), 0);
  const auto refused = refusal(Gate(Openness::kThisUser, {}).admit(socket, 0));
  const auto let_in = refusal(Gate(Openness::kAnyLocalUser, {}).admit(socket, 0));
  ASSERT_EQ(seteuid(0), 0);
  EXPECT_NE(refused.find("serves only the user that runs it"), std::string::npos) << refused;
  EXPECT_EQ(let_in, "");
}

TEST_F(GateTest, PlacesAreCountedAndGivenBack) {
  Gate gate(Openness::kThisUser, {.sessions = 2, .per_source = 0});
  const auto one = gate.admit(connect(), 0);
  {
    const auto two = gate.admit(connect(), 1);
    ASSERT_TRUE(two);
    EXPECT_NE(refusal(gate.admit(connect(), 2)).find("all 2 places are taken"), std::string::npos);
  }
  EXPECT_TRUE(gate.admit(connect(), 1));
  // Sessions whose peers are gone still take their places.
  EXPECT_FALSE(gate.admit(connect(), 2));
}

TEST_F(GateTest, PlacesForEachSource) {
  Gate gate(Openness::kThisUser, {.sessions = 10, .per_source = 1});
  {
    const auto one = gate.admit(connect(), 0);
    ASSERT_TRUE(one);
    EXPECT_NE(refusal(gate.admit(connect(), 1)).find("from your address"), std::string::npos);
  }
  EXPECT_TRUE(gate.admit(connect(), 0));
}

}  // namespace
}  // namespace farpty::door
