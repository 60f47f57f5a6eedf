package verify

import (
	"crypto/rsa"
	"fmt"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/digest"
)

// keySlack is how long after its validity a key may have signed a digest: the
// digest of an hour is signed when the hour is over, and keys are replaced in
// between. The AWS CLI allows the same.
const keySlack = 2 * time.Hour

// Keys are public keys by fingerprint. The zero value has none.
type Keys struct {
	byFingerprint map[string]key
}

type key struct {
	public   *rsa.PublicKey
	from, to time.Time
	err      error // why the bytes are no key
}

// NewKeys returns the keys of ListPublicKeys answers. Bytes that are no key give
// no error here: the digests that they signed are unverifiable, and say why.
func NewKeys(lists ...[]digest.PublicKey) *Keys {
	k := &Keys{byFingerprint: map[string]key{}}
	for _, list := range lists {
		for _, p := range list {
			public, err := digest.ParsePublicKey(p.Value)
			k.byFingerprint[strings.ToLower(digest.Fingerprint(p.Value))] = key{public, p.ValidityStartTime.Time, p.ValidityEndTime.Time, err}
		}
	}
	return k
}

// Len returns the number of keys.
func (k *Keys) Len() int { return len(k.byFingerprint) }

// of returns the key with a fingerprint, or why it cannot verify what was signed
// at a time.
func (k *Keys) of(fingerprint string, at time.Time) (*rsa.PublicKey, string) {
	found, ok := k.byFingerprint[strings.ToLower(fingerprint)]
	switch {
	case !ok:
		return nil, fmt.Sprintf("no public key with fingerprint %s", quoteShort(fingerprint))
	case found.err != nil:
		return nil, found.err.Error()
	case at.Before(found.from) || at.After(found.to.Add(keySlack)):
		return nil, fmt.Sprintf("public key %s was valid from %s to %s, not at %s", fingerprint,
			found.from.Format(time.RFC3339), found.to.Format(time.RFC3339), at.Format(time.RFC3339))
	}
	return found.public, ""
}

// quoteShort quotes text that comes from an archive and may be of any length.
func quoteShort(s string) string {
	const most = 100
	if len(s) > most {
		return fmt.Sprintf("%q...", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
