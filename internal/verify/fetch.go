package verify

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
)

// maxDigest bounds the uncompressed size of a digest, as it is held in memory.
// It is enough for about 200,000 log files in an hour of one chain.
const maxDigest = 64 << 20

// proof says what a digest's own signature shows.
type proof int

const (
	unsigned  proof = iota // no signature at hand: it is only in the metadata of the S3 object
	keyless                // the key that signed is not known
	disproved              // the signature does not match
	proven
)

// node is a digest as it was read. Its result is decided once its successor in
// the chain is known, which repeats its hash and signature.
type node struct {
	object archive.Object
	chain  Chain
	fault  *fault // why the content cannot be used; the fields below are zero then

	digest     *digest.Digest
	hash       string // lower-case hex SHA-256 of the plain text
	start, end time.Time
	place      place
	signature  string    // of the metadata, or empty
	modified   time.Time // of the object, where the archive tells
	proof      proof     // by that signature
	doubt      string    // why it is not proven
	changed    *fault    // an earlier run saw another digest in its place

	prior    *node           // the digest before it in the chain, until it is decided
	bad      map[string]bool // keys between prior and it where a digest is that cannot be used
	conflict *fault          // what an unproven successor says against it
	state    State           // empty until it is decided
	aside    bool            // it is no part of the chain
}

// remote is the key by which other digests name this one.
func (n *node) remote() string { return n.digest.DigestS3Object }

type opener func(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error)

// fetch reads a digest and checks all that can be checked of it alone.
func (v *verifier) fetch(ctx context.Context, o archive.Object) *node {
	return v.fetchBy(ctx, o, v.source.Fetch)
}

// fetchBy is fetch of an object that is opened by a function.
func (v *verifier) fetchBy(ctx context.Context, o archive.Object, open opener) *node {
	n := &node{object: o, chain: chainOf(o.Info)}
	p := v.unpackers.get()
	defer v.unpackers.put(p)
	object, attributes, err := open(ctx, o)
	if err != nil {
		n.fault = accessFault(err)
		return n
	}
	defer object.Close()
	var body bytes.Buffer
	hash, bad := p.unpack(object, maxDigest, func(piece []byte) { body.Write(piece) })
	if bad != nil {
		n.fault = bad
		return n
	}
	d, err := digest.Parse(body.Bytes())
	if err != nil {
		n.fault = &fault{state: Tampered, check: CheckFormat, reason: err.Error()}
		return n
	}
	if n.fault = cmp.Or(n.checkContent(o, d), v.checkBucket(d)); n.fault != nil {
		return n
	}
	n.digest, n.hash = d, hash
	n.start, _ = time.Parse(time.RFC3339, d.DigestStartTime) // Parse has checked both
	n.end, _ = time.Parse(time.RFC3339, d.DigestEndTime)
	n.modified = attributes.Modified
	v.checkSignature(n, attributes.Metadata)
	return n
}

// checkContent checks what a digest says of itself.
func (n *node) checkContent(o archive.Object, d *digest.Digest) *fault {
	var ok bool
	if n.place, ok = locate(o, d.DigestS3Bucket, d.DigestS3Object); !ok {
		return &fault{state: Tampered, check: CheckLocation, reason: "is not where it was delivered",
			expected: d.DigestS3Bucket + "/" + d.DigestS3Object, found: o.Key}
	}
	if d.AWSAccountID != o.Info.Account {
		return &fault{state: Tampered, check: CheckLocation, reason: "is of another account",
			expected: o.Info.Account, found: d.AWSAccountID}
	}
	if !wholeLink(d) {
		return &fault{state: Tampered, check: CheckFormat, reason: "names its predecessor in part only"}
	}
	wrong := func(what, expected, found string) *fault {
		return &fault{state: Tampered, check: CheckAlgorithm, reason: "has another " + what + " algorithm", expected: expected, found: found}
	}
	if d.DigestSignatureAlgorithm != digest.SignatureAlgorithm {
		return wrong("signature", digest.SignatureAlgorithm, d.DigestSignatureAlgorithm)
	}
	if p := d.PreviousDigestHashAlgorithm; p != nil && *p != digest.HashAlgorithm {
		return wrong("hash", digest.HashAlgorithm, *p)
	}
	for _, f := range d.LogFiles {
		if f.HashAlgorithm != digest.HashAlgorithm {
			return wrong("hash", digest.HashAlgorithm, f.HashAlgorithm)
		}
	}
	return nil
}

// wholeLink reports whether a digest names its predecessor by all five fields, or
// none.
func wholeLink(d *digest.Digest) bool {
	n := 0
	for _, field := range []*string{d.PreviousDigestS3Bucket, d.PreviousDigestS3Object, d.PreviousDigestHashValue,
		d.PreviousDigestHashAlgorithm, d.PreviousDigestSignature} {
		if field != nil {
			n++
		}
	}
	return n == 0 || n == 5
}

// checkSignature checks the signature in the metadata, where there is one.
func (v *verifier) checkSignature(n *node, metadata map[string]string) {
	n.signature = metadata[digest.MetadataSignature]
	if n.signature == "" {
		n.doubt = "its signature is not in the archive: it is in the metadata of the S3 object, which a plain copy loses"
		return
	}
	if algorithm := metadata[digest.MetadataSignatureAlgorithm]; algorithm != digest.SignatureAlgorithm {
		n.proof, n.doubt = disproved, fmt.Sprintf("its metadata name the signature algorithm %s", quoteShort(algorithm))
		return
	}
	signedAt := n.end
	if n.chain.Backfill {
		generated := metadata[digest.MetadataBackfillTimestamp]
		var err error
		if signedAt, err = time.Parse(time.RFC3339, generated); err != nil {
			n.proof, n.doubt = disproved, fmt.Sprintf("its metadata name the time of backfill %s, not a time", quoteShort(generated))
			return
		}
	}
	n.proof, n.doubt = v.prove(n, n.signature, signedAt)
}

// prove checks a signature of a digest with the key that the digest names.
func (v *verifier) prove(n *node, signature string, at time.Time) (proof, string) {
	public, why := v.keys.of(v.ctx, n.digest.DigestPublicKeyFingerprint, n.chain.Region, at)
	if public == nil {
		return keyless, why
	}
	err := digest.VerifyHash(public, n.digest, n.hash, signature)
	switch {
	case err == nil && why != "":
		return keyless, why
	case err == nil:
		return proven, ""
	case errors.Is(err, digest.ErrSignature):
		return disproved, "its signature does not match"
	}
	return disproved, "its signature is malformed"
}
