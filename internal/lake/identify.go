package lake

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/cerpac/trailkeeper/event"
)

// Identity tells events apart. Two deliveries of one event have the same ID;
// they are the same body when Hash is equal too.
type Identity struct {
	ID   [16]byte
	Hash uint64
}

// Identify returns the identity of a record. The ID is its eventID: the sixteen
// bytes of a UUID in either case, and a digest of any other text. A
// record without eventID is known by the place it stands at, so that reading
// the same file again does not double it, and nothing else is taken for it.
//
// The hash covers every member, in any order. White space and the spelling of
// escapes, of eventTime and of a UUID do not count; the order of members inside
// a value does. A record with strings that are not Unicode is hashed as it is
// written.
func Identify(r *event.Record, from Source) Identity {
	id := Identity{Hash: bodyHash(r)}
	text := r.ID()
	if len(text) > 0 {
		id.ID = idOf(text)
		return id
	}
	h := sha256.New()
	h.Write([]byte(from.LogFile))
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(from.Offset)))
	copy(id.ID[:], h.Sum(nil))
	return id
}

// parseUUID reads the 8-4-4-4-12 form, in lower case as CloudTrail writes it or
// in upper case as some tools do.
func parseUUID(id *[16]byte, text []byte) bool {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return false
	}
	n := 0
	for _, group := range [...][]byte{text[:8], text[9:13], text[14:18], text[19:23], text[24:]} {
		k, err := hex.Decode(id[n:], group)
		if err != nil {
			*id = [16]byte{}
			return false
		}
		n += k
	}
	return true
}

func bodyHash(r *event.Record) uint64 { return hashBody(r, usualSpelling) }

// writtenHash returns the hash that older versions recorded for a body: it
// covers times and ids as they are written.
func writtenHash(r *event.Record) uint64 {
	return hashBody(r, func(*event.Record, event.Field, event.Value) []byte { return nil })
}

// hashBody hashes a record. spelling returns the JSON text to hash for a
// member, or nil to hash the member's own text.
func hashBody(r *event.Record, spelling func(*event.Record, event.Field, event.Value) []byte) (sum uint64) {
	if !r.Sound() {
		return xxh3.Hash(r.Raw()) // its canonical text would equal that of other records
	}
	var scratch []byte
	add := func(name uint64, v event.Value) {
		text := v.Raw
		if !v.Canonical() {
			scratch = v.AppendCanonical(scratch[:0])
			text = scratch
		}
		sum += xxh3.HashSeed(text, name)
	}
	for f := range event.Field(event.NumFields) {
		v := r.Get(f)
		if !v.Present() {
			continue
		}
		if text := spelling(r, f, v); text != nil {
			sum += xxh3.HashSeed(text, uint64(f))
		} else {
			add(uint64(f), v)
		}
	}
	for _, m := range r.Other() {
		add(xxh3.HashString(m.Name), m.Value)
	}
	return sum
}

// usualSpelling returns the JSON text of a time or an id in CloudTrail's
// spelling, or nil if it has that spelling already or the member is neither.
// Exports of one event by different tools differ only in these spellings.
func usualSpelling(r *event.Record, f event.Field, v event.Value) []byte {
	switch f {
	case event.EventTime:
		if text, ok := v.Text(); ok && event.PlainTime(text) {
			return nil
		}
		if at, ok := r.Time(); ok && (v.IsString() || v.IsNumber()) {
			return at.AppendFormat(nil, `"`+time.RFC3339Nano+`"`)
		}
	case event.EventID, event.AggregatedEventID:
		text, _ := v.Text()
		if id := [16]byte{}; hasUpper(text) && parseUUID(&id, text) {
			return event.AppendQuoted(nil, bytes.ToLower(text))
		}
	}
	return nil
}

// hasUpper reports whether an id has a capital letter, which is rare.
func hasUpper(text []byte) bool {
	for _, c := range text {
		if c >= 'A' && c <= 'Z' {
			return true
		}
	}
	return false
}
