package digest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrSignature is returned by Verify when the signature is well formed but does
// not match: the digest, its name or its predecessor's signature was changed,
// or another key signed it.
var ErrSignature = errors.New("signature does not match the digest")

// Sign returns the signature of d as S3 metadata carries it: lower-case hex of
// RSA PKCS #1 v1.5 with SHA-256. body must be the bytes that are stored.
func Sign(key *rsa.PrivateKey, d *Digest, body []byte) (string, error) {
	sum := sha256.Sum256([]byte(StringToSign(d, body)))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign digest %q: %w", d.DigestS3Object, err)
	}
	return hex.EncodeToString(signature), nil
}

// Verify checks the hex signature of d, whose uncompressed bytes are body. The
// error is ErrSignature when the signature does not match; any other error
// reports why it is malformed.
func Verify(key *rsa.PublicKey, d *Digest, body []byte, signature string) error {
	sum := sha256.Sum256(body)
	return VerifyHash(key, d, hex.EncodeToString(sum[:]), signature)
}

// VerifyHash is Verify for a digest whose uncompressed bytes have the given
// lower-case hex SHA-256.
func VerifyHash(key *rsa.PublicKey, d *Digest, hash, signature string) error {
	raw, err := hex.DecodeString(signature)
	if err != nil {
		return fmt.Errorf("verify digest %q: signature is not hex", d.DigestS3Object)
	}
	if len(raw) != key.Size() {
		return fmt.Errorf("verify digest %q: signature has %d bytes, the key makes %d", d.DigestS3Object, len(raw), key.Size())
	}
	sum := sha256.Sum256([]byte(stringToSign(d, hash)))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw) != nil {
		return fmt.Errorf("verify digest %q: %w", d.DigestS3Object, ErrSignature)
	}
	return nil
}
