package verify

import (
	"io"
	"strings"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
)

// byListing decides about a log file without reading it, by the digest that lists it.
func (r *Result) byListing(f digest.LogFile, isProven bool) {
	if r.Expected = strings.ToLower(f.HashValue); !isProven {
		r.State, r.Check, r.Reason = Unverifiable, CheckListed, "the digest that lists it is not proven"
	}
}

// Texts unpacks log files as strictly as Run does. The zero value is ready to use,
// also concurrently.
type Texts struct{ unpackers unpackers }

// Hash unpacks a stored log file, which must be one complete gzip member and
// nothing more, and passes its text to sink piece by piece. It returns the hash
// that a digest lists for the file: the lower-case hex SHA-256 of the text. If the
// file is not as CloudTrail stores it, or cannot be read, bad has the state, the
// check and the reason.
func (t *Texts) Hash(stored io.Reader, sink func(piece []byte)) (hash string, bad *Result) {
	p := t.unpackers.get()
	defer t.unpackers.put(p)
	hash, f := p.unpack(stored, maxLog, sink)
	if f != nil {
		return "", &Result{State: f.state, Object: LogFile, Check: f.check, Reason: f.reason, Expected: f.expected, Found: f.found}
	}
	return hash, nil
}

// ChainOf returns the chain of the digest with a key.
func ChainOf(k archive.Key) Chain { return chainOf(k) }
