package verify

import (
	"slices"
	"strings"
	"time"
)

// UsedKey is a public key that verified a digest, or was to.
type UsedKey struct {
	Fingerprint string    `json:"fingerprint"`
	Region      string    `json:"region"`
	From        time.Time `json:"valid_from"`
	To          time.Time `json:"valid_to"`
}

// Used returns the keys that were known and named by a digest, by Region and time.
func (k *Keys) Used() []UsedKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []UsedKey
	for fingerprint, region := range k.used {
		key := k.byFingerprint[fingerprint]
		list = append(list, UsedKey{fingerprint, region, key.from, key.to})
	}
	slices.SortFunc(list, func(a, b UsedKey) int {
		if c := strings.Compare(a.Region, b.Region); c != 0 {
			return c
		}
		return a.From.Compare(b.From)
	})
	return list
}
