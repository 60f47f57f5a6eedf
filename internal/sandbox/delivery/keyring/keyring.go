// Package keyring holds the keys that sign digests.
package keyring

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/cerpac/trailkeeper/digest"
)

const (
	// life is how long a key is valid: CloudTrail's keys seem to be valid for 30 days.
	life = 30 * 24 * time.Hour
	bits = 2048
	// file holds all keys. They are never removed: old digests need old keys.
	file   = "keys.json"
	format = 1
)

// Files stores the keys. Write is atomic; Read returns fs.ErrNotExist for a missing
// file.
type Files interface {
	Read(name string) ([]byte, error)
	Write(name string, data []byte) error
}

// Ring holds the keys of all Regions. It is safe for concurrent use.
type Ring struct {
	files Files

	mu   sync.Mutex
	keys []*Key // oldest first
}

// Key signs the digests of a Region while it is valid.
type Key struct {
	Region  string
	Private *rsa.PrivateKey
	Public  digest.PublicKey
}

// stored is the JSON form of a key.
type stored struct {
	Region  string
	Private []byte // PKCS #1, DER
	From    time.Time
	Until   time.Time
}

type content struct {
	Format int
	Keys   []stored
}

// Open reads the stored keys, if there are any.
func Open(files Files) (*Ring, error) {
	r := &Ring{files: files}
	text, err := files.Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	var c content
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("read signing keys %q: %w", file, err)
	}
	if c.Format != format {
		return nil, fmt.Errorf("read signing keys %q: format %d is not %d, the one this version knows", file, c.Format, format)
	}
	for _, s := range c.Keys {
		private, err := x509.ParsePKCS1PrivateKey(s.Private)
		if err != nil {
			return nil, fmt.Errorf("read signing keys %q: %w", file, err)
		}
		r.keys = append(r.keys, newKey(s.Region, private, s.From, s.Until))
	}
	return r, nil
}

func newKey(region string, private *rsa.PrivateKey, from, until time.Time) *Key {
	der := x509.MarshalPKCS1PublicKey(&private.PublicKey)
	return &Key{region, private, digest.PublicKey{
		Value:             der,
		ValidityStartTime: digest.Time{Time: from}, ValidityEndTime: digest.Time{Time: until},
		Fingerprint: digest.Fingerprint(der),
	}}
}

// At returns a key of the Region that is valid at the given time. If there is none,
// it generates one and stores it.
func (r *Ring) At(region string, at time.Time) (*Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range slices.Backward(r.keys) {
		p := &key.Public
		if key.Region == region && !at.Before(p.ValidityStartTime.Time) && at.Before(p.ValidityEndTime.Time) {
			return key, nil
		}
	}
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	from := at.UTC().Truncate(time.Second)
	key := newKey(region, private, from, from.Add(life))
	keys := append(slices.Clone(r.keys), key)
	if err := r.write(keys); err != nil {
		return nil, err
	}
	r.keys = keys
	return key, nil
}

func (r *Ring) write(keys []*Key) error {
	c := content{Format: format}
	for _, k := range keys {
		c.Keys = append(c.Keys, stored{
			k.Region, x509.MarshalPKCS1PrivateKey(k.Private), k.Public.ValidityStartTime.Time, k.Public.ValidityEndTime.Time,
		})
	}
	text, err := json.Marshal(c)
	if err == nil {
		err = r.files.Write(file, text)
	}
	if err != nil {
		return fmt.Errorf("write signing keys: %w", err)
	}
	return nil
}

// Public returns the Region's keys that were valid at some time between from and
// until, sorted by the start of their validity.
func (r *Ring) Public(region string, from, until time.Time) []digest.PublicKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []digest.PublicKey
	for _, key := range r.keys {
		p := key.Public
		if key.Region == region && !p.ValidityStartTime.After(until) && from.Before(p.ValidityEndTime.Time) {
			found = append(found, p)
		}
	}
	slices.SortStableFunc(found, func(a, b digest.PublicKey) int { return a.ValidityStartTime.Compare(b.ValidityStartTime.Time) })
	return found
}
