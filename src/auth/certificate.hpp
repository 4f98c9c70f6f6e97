// The X.509 certificate that carries an ed25519 key through TLS, where keys travel in no other way.
//
// It is a carrier only: it is signed by its own key, and whoever gets one compares the public key. Names, dates and
// extensions in it mean nothing and are not looked at, so it needs no clock. That the peer holds the private key is
// proved by TLS's CertificateVerify (RFC 8446, 4.4.3), not here.
#pragma once

#include "auth/evp.hpp"

namespace farpty::auth {

Result<Certificate> make_certificate(const PrivateKey& key);

// The peer's key, from whatever certificate it sent. `certificate` may be null: an error like any other.
Result<PublicKey> public_key_of(const X509* certificate);

}  // namespace farpty::auth
