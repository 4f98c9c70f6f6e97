// What a desk says right behind its own Finished: to whom, and what it still does not take or believe by then.
#include <openssl/ssl.h>

#include "net/tls_pair.hpp"

namespace farpty::net {
namespace {

constexpr std::size_t kRecordHeader = 5;  // RFC 8446, 5.1: type, version, length

class AheadTest : public TlsTest {
 protected:
  const TlsContext desk_context_ = *TlsContext::desk();
  const TlsContext dialler_context_ = *TlsContext::dialler();

  void SetUp() override { server_judge_.words = "come in, and show me a shell"; }
  // As far as the desk has answered the dialler's first message.
  void begin(const TlsContext& desk, const TlsContext& dialler, const auth::Token* token, std::size_t piece = 100'000) {
    server_ = {.tls = *Tls::server(desk, server_judge_)};
    client_ = {.tls = *Tls::client(dialler, client_judge_, token)};
    client_.begin();
    give(client_, server_, piece);
  }
  static void give(End& from, End& to, std::size_t piece = 100'000) {
    const auto wire = std::exchange(from.out, {});
    for (Bytes left = wire; !left.empty(); left = left.subspan(std::min(piece, left.size())))
      to.take(left.first(std::min(piece, left.size())));
  }
};

TEST_F(AheadTest, TheDiallerHearsItWithTheHandshakeAndTheDeskKnowsNobodyYet) {
  const auto token = invite();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100'000}}) {
    server_judge_.asked_for_words.clear();
    begin(desk_context_, dialler_context_, &token, piece);
    EXPECT_FALSE(server_.tls->established());
    EXPECT_FALSE(server_.tls->invitation());
    EXPECT_EQ(server_judge_.asked_for_words, std::vector{token.id});
    give(server_, client_, piece);
    EXPECT_TRUE(client_.tls->established()) << client_.error;
    EXPECT_EQ(as_text(client_.plain), server_judge_.words);
    // And it answers at once, with its Finished.
    ASSERT_TRUE(client_.tls->send(as_bytes("here it is"), client_.out));
    give(client_, server_, piece);
    ASSERT_TRUE(both_in()) << server_.error;
    EXPECT_EQ(as_text(server_.plain), "here it is");
    EXPECT_EQ(server_.tls->invitation(), token.id);
    EXPECT_EQ(server_judge_.asked_for_words.size(), 1U);
    // Both go on as after any handshake.
    EXPECT_EQ(server_.tls->token_of_handshake()->id, client_.tls->token_of_handshake()->id);
    ASSERT_TRUE(server_.tls->send(as_bytes(", I see"), server_.out));
    give(server_, client_, piece);
    EXPECT_EQ(as_text(client_.plain), server_judge_.words + ", I see");
  }
}

TEST_F(AheadTest, WhatIsLongerThanARecordComesWhole) {
  const auto token = invite();
  server_judge_.words = std::string(100'000, 'x') + "end";
  begin(desk_context_, dialler_context_, &token);
  give(server_, client_);
  EXPECT_EQ(as_text(client_.plain), server_judge_.words);
}

TEST_F(AheadTest, NothingIsSaidToWhoHasNotTheToken) {
  const auto stranger = *auth::make_token();
  auto wrong = invite();
  wrong.secret = stranger.secret.copy();
  for (const auth::Token* token : {&stranger, &std::as_const(wrong), static_cast<const auth::Token*>(nullptr)}) {
    begin(desk_context_, dialler_context_, token);
    EXPECT_FALSE(server_.error.empty());
  }
  // By a key, at an end that has one itself; by an invitation to it; and by one that it does not know.
  begin(server_context_, client_context_, nullptr);
  begin(desk_context_, client_context_, nullptr);
  const auto known = invite();
  begin(server_context_, keyless_context_, &known);
  begin(server_context_, keyless_context_, &stranger);
  begin(desk_context_, keyless_context_, &known);
  EXPECT_TRUE(server_judge_.asked_for_words.empty());
}

// An end that knows only the name farpty-dial/1.
void make_older(const TlsContext& context) {
  static constexpr unsigned char kOldName[] =
      "\x0d"
      "farpty-dial/1";
  SSL_CTX_set_alpn_protos(context.get(), kOldName, sizeof kOldName - 1);
  const auto select = [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                         unsigned in_size, void*) {
    const int found =
        SSL_select_next_proto(const_cast<unsigned char**>(out), size, kOldName, sizeof kOldName - 1, in, in_size);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  };
  SSL_CTX_set_alpn_select_cb(context.get(), select, nullptr);
}

TEST_F(AheadTest, BetweenAnOlderEndAndANewerOneNothingIsSaidAhead) {
  const auto token = invite();
  const TlsContext older_desk = *TlsContext::desk(), older_dialler = *TlsContext::dialler();
  make_older(older_desk);
  make_older(older_dialler);
  for (const auto& [desk, dialler] :
       {std::pair(&desk_context_, &older_dialler), std::pair(&older_desk, &dialler_context_)}) {
    begin(*desk, *dialler, &token);
    carry(server_, client_);
    ASSERT_TRUE(both_in()) << server_.error << client_.error;
    EXPECT_TRUE(client_.plain.empty());
  }
  EXPECT_TRUE(server_judge_.asked_for_words.empty());
}

TEST_F(AheadTest, AFinishedThatWasChangedOnItsWayIsNobodys) {
  const auto token = invite();
  begin(desk_context_, dialler_context_, &token);
  give(server_, client_);
  ASSERT_TRUE(client_.tls->send(as_bytes("words"), client_.out));
  ASSERT_GT(client_.out.size(), kRecordHeader);
  // The first record may be the ChangeCipherSpec that old middleboxes want (RFC 8446, D.4): it means nothing.
  std::size_t at = 0;
  while (client_.out[at] == std::byte{20}) at += kRecordHeader + static_cast<std::size_t>(client_.out[at + 4]);
  client_.out[at + kRecordHeader] ^= std::byte{1};
  give(client_, server_);
  EXPECT_FALSE(server_.error.empty());
  EXPECT_FALSE(server_.tls->established());
  EXPECT_TRUE(server_.plain.empty());
}

// Who says a dialler's first message again reads nothing of the answer, which another's key is in, and cannot go on.
TEST_F(AheadTest, AHelloThatIsSaidAgainIsAnsweredByOtherBytesAndLeadsNowhere) {
  const auto token = invite();
  client_ = {.tls = *Tls::client(dialler_context_, client_judge_, &token)};
  client_.begin();
  const auto hello = std::exchange(client_.out, {});
  End first{.tls = *Tls::server(desk_context_, server_judge_)},
      again{.tls = *Tls::server(desk_context_, server_judge_)};
  first.take(hello);
  again.take(hello);
  EXPECT_EQ(first.out.size(), again.out.size());
  EXPECT_NE(first.out, again.out);
  for (const End* end : {&first, &again})
    EXPECT_EQ(as_text(end->out).find(server_judge_.words), std::string_view::npos);
  give(first, client_);
  ASSERT_TRUE(client_.tls->established());
  const auto finished = client_.out;
  again.take(finished);
  EXPECT_FALSE(again.error.empty());
  EXPECT_FALSE(again.tls->established());
  first.take(finished);
  EXPECT_TRUE(first.tls->established()) << first.error;
}

// OpenSSL's own client, which sends early data wherever its session allows it.
class EarlyClient {
 public:
  explicit EarlyClient(const auth::Token& token) : token_(token) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_ciphersuites(context_.get(), kPskSuite);
    SSL_CTX_set_psk_use_session_callback(context_.get(), [](SSL* ssl, const EVP_MD*, const unsigned char** name,
                                                            std::size_t* size, SSL_SESSION** session) {
      return static_cast<EarlyClient*>(SSL_get_app_data(ssl))->use(ssl, name, size, session);
    });
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(kName), sizeof kName - 1);
    SSL_set_connect_state(ssl_.get());
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }

  bool say_early(std::string_view words) {
    std::size_t count = 0;
    return SSL_write_early_data(ssl_.get(), words.data(), words.size(), &count) == 1;
  }
  int go_on() { return SSL_do_handshake(ssl_.get()); }
  void take(Bytes wire) { BIO_write(SSL_get_rbio(ssl_.get()), wire.data(), static_cast<int>(wire.size())); }
  std::vector<std::byte> said() {
    std::vector<std::byte> wire(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())));
    if (!wire.empty()) BIO_read(SSL_get_wbio(ssl_.get()), wire.data(), static_cast<int>(wire.size()));
    return wire;
  }

 private:
  static constexpr char kName[] =
      "\x0f"
      "farpty-dial/1.1";

  int use(SSL* ssl, const unsigned char** name, std::size_t* size, SSL_SESSION** session) {
    static constexpr unsigned char kSuiteNumber[] = {0x13, 0x01};
    name_ = token_.id.psk_identity();
    SSL_SESSION* const made = SSL_SESSION_new();
    const Bytes secret = token_.secret.bytes();
    SSL_SESSION_set1_master_key(made, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
    SSL_SESSION_set_cipher(made, SSL_CIPHER_find(ssl, kSuiteNumber));
    SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION);
    SSL_SESSION_set_max_early_data(made, 16384);
    SSL_SESSION_set1_alpn_selected(made, reinterpret_cast<const unsigned char*>(kName) + 1, sizeof kName - 2);
    *name = reinterpret_cast<const unsigned char*>(name_.data());
    *size = name_.size();
    *session = made;
    return 1;
  }

  const auth::Token& token_;
  std::string name_;
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
};

TEST_F(AheadTest, EarlyDataOfADiallerIsRefusedStill) {
  const auto token = invite();
  {  // The client is right but for that.
    EarlyClient honest(token);
    server_ = {.tls = *Tls::server(desk_context_, server_judge_)};
    honest.go_on();
    server_.take(honest.said());
    honest.take(std::exchange(server_.out, {}));
    ASSERT_EQ(honest.go_on(), 1);
    server_.take(honest.said());
    ASSERT_TRUE(server_.tls->established()) << server_.error;
  }
  EarlyClient hasty(token);
  server_ = {.tls = *Tls::server(desk_context_, server_judge_)};
  ASSERT_TRUE(hasty.say_early("run this"));
  const auto early = hasty.said();
  server_.take(early);
  EXPECT_FALSE(server_.error.empty());
  EXPECT_FALSE(server_.tls->established());
  EXPECT_TRUE(server_.plain.empty());
}

}  // namespace
}  // namespace farpty::net
