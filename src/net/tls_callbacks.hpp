// What OpenSSL calls during a handshake, bridged to Tls and its judge. For tls.cpp, tls_tickets.cpp and tls_context.cpp only.
#pragma once

#include <openssl/ssl.h>

namespace farpty::net {

struct TlsCallbacks {
  static int verify(X509_STORE_CTX* store, void* unused);
  static int select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                         unsigned in_size, void* unused);
  static int find_psk(SSL* ssl, const unsigned char* identity, std::size_t size, SSL_SESSION** session);
  static int use_psk(SSL* ssl, const EVP_MD* digest, const unsigned char** identity, std::size_t* size,
                     SSL_SESSION** session);
  // Of tickets: tls_tickets.cpp.
  static int ticket_key(SSL* ssl, unsigned char* name, unsigned char* vector, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                        int seal);
  static int fill_ticket(SSL* ssl, void* unused);
  static SSL_TICKET_RETURN judge_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char* name, std::size_t size,
                                        SSL_TICKET_STATUS status, void* unused);
  static int keep_ticket(SSL* ssl, SSL_SESSION* session);
  static BIO_METHOD* bio();
};

}  // namespace farpty::net
