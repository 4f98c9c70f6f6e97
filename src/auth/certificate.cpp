#include "auth/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/x509.h>

namespace farpty::auth {

namespace {
// "No well-defined expiration date" (RFC 5280, 4.1.2.5), and a beginning that is before every clock.
constexpr const char* kBeginning = "19700101000000Z";
constexpr const char* kNever = "99991231235959Z";
constexpr const unsigned char kName[] = "farpty";
}  // namespace

Result<Certificate> make_certificate(const PrivateKey& key) {
  FARPTY_ASSIGN(signer, evp_key(key.seed()));
  Certificate made(X509_new());
  X509_NAME* name = made == nullptr ? nullptr : X509_get_subject_name(made.get());
  if (name == nullptr || X509_set_version(made.get(), X509_VERSION_3) != 1 ||
      ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1) != 1 ||
      ASN1_TIME_set_string_X509(X509_getm_notBefore(made.get()), kBeginning) != 1 ||
      ASN1_TIME_set_string_X509(X509_getm_notAfter(made.get()), kNever) != 1 ||
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, kName, sizeof kName - 1, -1, 0) != 1 ||
      X509_set_issuer_name(made.get(), name) != 1 || X509_set_pubkey(made.get(), signer.get()) != 1 ||
      X509_sign(made.get(), signer.get(), nullptr) == 0)
    return openssl_error("cannot make", "a certificate");
  return made;
}

Result<PublicKey> public_key_of(const X509* certificate) {
  if (certificate == nullptr) return failure("cannot use", "the certificate", "there is none");
  return public_key_of(X509_get0_pubkey(certificate));
}

}  // namespace farpty::auth
