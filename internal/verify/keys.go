package verify

import (
	"context"
	"crypto/rsa"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/digest"
)

// keySlack is how long after its validity a key may have signed a digest: the
// digest of an hour is signed when the hour is over, and keys are replaced in
// between. The AWS CLI allows the same.
const keySlack = 2 * time.Hour

// KeySource is asked for keys that are not known.
type KeySource interface {
	// PublicKeys returns the keys of a Region that were valid at some time between
	// two others.
	PublicKeys(ctx context.Context, region string, from, to time.Time) ([]digest.PublicKey, error)
}

// keyWindow is the time around a digest for which keys are asked: enough for few
// calls, as each key is valid for about a month.
const keyWindow = 45 * 24 * time.Hour

// Keys are public keys by fingerprint. They may be used concurrently.
type Keys struct {
	source KeySource // nil for none

	mu            sync.Mutex
	byFingerprint map[string]key
	asked         map[askedKeys]error
	used          map[string]string // Region, by fingerprint
}

// askedKeys is a time of a Region for which the source was asked.
type askedKeys struct {
	region string
	window int64
}

// Ask makes the keys ask source for those that are not known, once for each time
// and Region.
func (k *Keys) Ask(source KeySource) { k.source = source }

type key struct {
	public   *rsa.PublicKey
	from, to time.Time
	err      error // why the bytes are no key
	listed   digest.PublicKey
}

// List returns all keys that are known by now, by fingerprint.
func (k *Keys) List() []digest.PublicKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := make([]digest.PublicKey, 0, len(k.byFingerprint))
	for _, fingerprint := range slices.Sorted(maps.Keys(k.byFingerprint)) {
		list = append(list, k.byFingerprint[fingerprint].listed)
	}
	return list
}

// NewKeys returns the keys of ListPublicKeys answers. Bytes that are no key give
// no error here: the digests that they signed are unverifiable, and say why.
func NewKeys(lists ...[]digest.PublicKey) *Keys {
	k := &Keys{byFingerprint: map[string]key{}, asked: map[askedKeys]error{}, used: map[string]string{}}
	for _, list := range lists {
		k.add(list)
	}
	return k
}

func (k *Keys) add(list []digest.PublicKey) {
	for _, p := range list {
		public, err := digest.ParsePublicKey(p.Value)
		k.byFingerprint[digest.Fingerprint(p.Value)] = key{public, p.ValidityStartTime.Time, p.ValidityEndTime.Time, err, p}
	}
}

// of returns the key with a fingerprint, and why it cannot prove what was signed in a
// Region at a time. A key that was not valid then can still disprove it.
func (k *Keys) of(ctx context.Context, fingerprint, region string, at time.Time) (*rsa.PublicKey, string) {
	found, err := k.find(ctx, strings.ToLower(fingerprint), region, at)
	switch {
	case err != nil:
		return nil, err.Error()
	case found.err != nil:
		return nil, found.err.Error()
	case at.Before(found.from) || at.After(found.to.Add(keySlack)):
		return found.public, fmt.Sprintf("public key %s was valid from %s to %s, not at %s", fingerprint, utc(found.from), utc(found.to), utc(at))
	}
	return found.public, ""
}

func (k *Keys) find(ctx context.Context, fingerprint, region string, at time.Time) (key, error) {
	k.mu.Lock() // also while the source is asked: others wait for the same answer
	defer k.mu.Unlock()
	found, ok := k.byFingerprint[fingerprint]
	if ok {
		k.used[fingerprint] = region
		return found, nil
	}
	unknown := fmt.Errorf("no public key with fingerprint %s", quoteShort(fingerprint))
	if k.source == nil {
		return key{}, unknown
	}
	window := askedKeys{region, at.Unix() / int64(keyWindow/time.Second)}
	err, asked := k.asked[window]
	if !asked {
		var list []digest.PublicKey
		list, err = k.source.PublicKeys(ctx, region, at.Add(-keyWindow), at.Add(keyWindow))
		k.asked[window] = err
		k.add(list)
	}
	if found, ok := k.byFingerprint[fingerprint]; ok {
		k.used[fingerprint] = region
		return found, nil
	}
	if err != nil {
		return key{}, err
	}
	return key{}, unknown
}

// quoteShort quotes text that comes from an archive and may be of any length.
func quoteShort(s string) string {
	const most = 100
	if len(s) > most {
		return fmt.Sprintf("%q...", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
