package verify_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/verify"
)

var (
	asTampered = []verify.State{verify.Tampered}
	asMissing  = []verify.State{verify.Missing}
	// asUnknown is for what nothing at hand proves or disproves: it is named, and the
	// exit code is 3.
	asUnknown = []verify.State{verify.Unverifiable}
	asEither  = []verify.State{verify.Tampered, verify.Unverifiable}
)

// after returns the object of a list that comes after one, or the one before the
// last.
func after(list []string, key string) string {
	i := slices.Index(list, key)
	if i == len(list)-1 {
		return list[i-1]
	}
	return list[i+1]
}

// family are the objects of the same kind and chain as an object.
func (s *site) family(key string) []string {
	for _, list := range [][]string{s.main.logs, s.main.digests} {
		if slices.Contains(list, key) {
			return list
		}
	}
	if slices.Contains(s.late.digests, key) {
		return append([]string{key}, s.main.digests...)
	}
	return append([]string{key}, s.main.logs...)
}

func isDigest(key string) bool { return strings.Contains(key, "/CloudTrail-Digest/") }

// lists returns the log files that follow from a digest, if it is one.
func (s *site) lists(t *testing.T, key string) []string {
	if isDigest(key) {
		return s.logsOf(t, key)
	}
	return nil
}

// objectTable has a row for each way to change an object as a whole.
func (s *site) objectTable(t *testing.T) string {
	type kind struct {
		name  string
		cases func(key string) []tampering
	}
	var kinds []kind
	for _, c := range changes {
		kinds = append(kinds, kind{c.name, func(key string) []tampering {
			return []tampering{{do: func(m memory) { c.do(t, m, key) }, named: []string{key}, states: asTampered, follows: s.lists(t, key)}}
		}})
	}
	kinds = append(kinds,
		kind{"cut in half", func(key string) []tampering {
			return []tampering{{named: []string{key}, states: asTampered, follows: s.lists(t, key), do: func(m memory) {
				o := m[key]
				o.body = o.body[:len(o.body)/2]
				m[key] = o
			}}}
		}},
		kind{"swap with the next one", func(key string) []tampering { return s.swaps(t, key, after(s.family(key), key)) }},
		kind{"swap with one of another Region", func(key string) []tampering {
			if isDigest(key) {
				return s.swaps(t, key, s.abroad.digests[3])
			}
			return s.swaps(t, key, s.abroad.logs[3])
		}},
		kind{"replace by an older one", func(key string) []tampering {
			family := s.family(key)
			if family[0] == key {
				return nil
			}
			return []tampering{{do: func(m memory) { m[key] = m[family[0]] }, named: []string{key}, states: asTampered, follows: s.lists(t, key)}}
		}},
		kind{"replace by what AWS signed under the same name", s.replays(t)},
		kind{"delete", s.deletions(t)},
		kind{"remove a log file from the list, sign with another key", func(key string) []tampering { return s.resigned(t, key, asTampered, nil) }},
		kind{"the same, and name that key's fingerprint", func(key string) []tampering {
			return s.resigned(t, key, asEither, func(d *digest.Digest) { d.DigestPublicKeyFingerprint = published(otherPair()).Fingerprint })
		}},
	)
	logs, digests := s.places()
	header := []string{"change"}
	var rows [][]string
	for _, p := range slices.Concat(logs, digests) {
		header = append(header, p.name)
	}
	for _, k := range kinds {
		row := []string{k.name}
		for _, p := range slices.Concat(logs, digests) {
			var cases []tampering
			for _, key := range p.keys {
				cases = append(cases, k.cases(key)...)
			}
			row = append(row, s.tally(t, k.name, p.name, cases))
		}
		rows = append(rows, row)
	}
	return table(header, rows)
}

func (s *site) swaps(t *testing.T, a, b string) []tampering {
	return []tampering{{do: func(m memory) { m[a], m[b] = m[b], m[a] }, named: []string{a, b}, states: asTampered,
		follows: slices.Concat(s.lists(t, a), s.lists(t, b))}}
}

// replays puts another digest of the same name in a digest's place, as AWS could
// have signed it: it lists one log file less.
func (s *site) replays(t *testing.T) func(string) []tampering {
	return func(key string) []tampering {
		if !isDigest(key) {
			return nil
		}
		return []tampering{{named: []string{key}, states: asTampered, follows: s.lists(t, key), blamed: s.lists(t, key), do: func(m memory) {
			d := m.digest(t, key)
			d.LogFiles = d.LogFiles[:max(0, len(d.LogFiles)-1)]
			newest := d.DigestEndTime
			d.NewestEventTime = &newest
			time := m[key].metadata[digest.MetadataBackfillTimestamp]
			m.put(t, key, d, keyPair())
			m[key].metadata[digest.MetadataBackfillTimestamp] = time
		}}}
	}
}

func (s *site) deletions(t *testing.T) func(string) []tampering {
	return func(key string) []tampering {
		c := tampering{do: func(m memory) { delete(m, key) }, named: []string{key}, states: asMissing, follows: s.lists(t, key)}
		switch key {
		case s.main.digests[siteHours-1]:
			c.follows = append(c.follows, s.hours())
		case s.main.digests[0]: // its log files are told with a number
			c.follows = append(c.follows, tailOf(verify.LogFile, verify.Chain{Account: account, Region: region}))
		case s.late.digests[0]: // its log file has nothing that lists it
			c.blamed = s.lists(t, key)
		}
		return []tampering{c}
	}
}

// resigned removes a log file from the list of a digest, and signs it with a key
// that is not CloudTrail's.
func (s *site) resigned(t *testing.T, key string, states []verify.State, more func(*digest.Digest)) []tampering {
	if !isDigest(key) {
		return nil
	}
	follows := append(s.lists(t, key), s.logsOf(t, s.main.digests[2])[0])
	return []tampering{{named: []string{key}, states: states, follows: follows, do: func(m memory) {
		d := m.digest(t, key)
		if len(d.LogFiles) > 0 {
			d.LogFiles = d.LogFiles[1:]
		} else { // of an empty hour: add one
			d.LogFiles = m.digest(t, s.main.digests[2]).LogFiles[:1]
		}
		if more != nil {
			more(d)
		}
		was := m[key].metadata
		m.put(t, key, d, otherPair())
		if at := was[digest.MetadataBackfillTimestamp]; at != "" {
			m[key].metadata[digest.MetadataBackfillTimestamp] = at
		}
	}}}
}

// metadata are changes of what S3 keeps beside a digest. proven says that the
// next digest still proves it.
var metadataChanges = []struct {
	name   string
	proven bool
	do     func(metadata map[string]string)
}{
	{"signature removed", true, func(m map[string]string) { delete(m, digest.MetadataSignature) }},
	{"signature with another digit", false, func(m map[string]string) {
		b := []byte(m[digest.MetadataSignature])
		b[len(b)/2] = "10"[b[len(b)/2]&1] // '0' is even
		if string(b) == m[digest.MetadataSignature] {
			b[len(b)/2] = '7'
		}
		m[digest.MetadataSignature] = string(b)
	}},
	{"signature cut", false, func(m map[string]string) {
		m[digest.MetadataSignature] = m[digest.MetadataSignature][2:]
	}},
	{"signature with more", false, func(m map[string]string) { m[digest.MetadataSignature] += "00" }},
	{"signature that is not hex", false, func(m map[string]string) { m[digest.MetadataSignature] = "signature" }},
	{"algorithm removed", false, func(m map[string]string) { delete(m, digest.MetadataSignatureAlgorithm) }},
	{"another algorithm", false, func(m map[string]string) { m[digest.MetadataSignatureAlgorithm] = "SHA1withRSA" }},
	{"everything removed", true, func(m map[string]string) { clear(m) }},
}

// metadataRows has a row for each change of a digest's metadata.
func (s *site) metadataRows(t *testing.T) (rows [][]string) {
	_, digests := s.places()
	for _, change := range metadataChanges {
		row := []string{"metadata: " + change.name}
		for _, p := range digests {
			var cases []tampering
			for _, key := range p.keys {
				c := tampering{named: []string{key}, states: asTampered, follows: s.lists(t, key), do: func(m memory) {
					o := m[key]
					o.body, o.metadata = bytes.Clone(o.body), maps.Clone(o.metadata)
					change.do(o.metadata)
					m[key] = o
				}}
				switch last := key == s.main.digests[siteHours-1] || key == s.late.digests[0]; {
				case change.proven && last:
					c.states = asUnknown
				case change.proven:
					c.named = nil
				}
				cases = append(cases, c)
			}
			row = append(row, s.tally(t, row[0], p.name, cases))
		}
		rows = append(rows, row)
	}
	return append(rows, s.backfillTimeRows(t)...)
}

func (s *site) backfillTimeRows(t *testing.T) (rows [][]string) {
	for _, c := range []struct {
		name, at string
		states   []verify.State
	}{
		{"metadata: time of backfill removed", "", asTampered},
		{"metadata: time of backfill is none", "yesterday", asTampered},
		{"metadata: time of backfill when the key was not valid", begin.AddDate(1, 0, 0).Format(time.RFC3339), asUnknown},
		{"metadata: another time of backfill, which is not signed", begin.AddDate(0, 0, 9).Format(time.RFC3339), nil},
	} {
		key := s.late.digests[0]
		change := tampering{states: c.states, follows: s.lists(t, key), do: func(m memory) {
			o := m[key]
			o.metadata = maps.Clone(o.metadata)
			o.metadata[digest.MetadataBackfillTimestamp] = c.at
			m[key] = o
		}}
		if c.states != nil {
			change.named = []string{key}
		}
		rows = append(rows, []string{c.name, "", "", "", s.tally(t, c.name, "backfill digest", []tampering{change})})
	}
	return rows
}
