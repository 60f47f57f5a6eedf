package verify_test

import (
	"crypto/rsa"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// document is a digest as JSON, of which any member can be changed.
type document map[string]any

// fieldChange is a change of one member of a digest.
type fieldChange struct {
	name string
	do   func(d document)
}

// fieldChanges has two changes for each member: another value, and none.
func fieldChanges() (list []fieldChange) {
	for name, value := range map[string]any{
		"awsAccountId": "444455556666", "digestStartTime": "2026-01-05T00:31:31Z", "digestEndTime": "2026-01-05T09:31:31Z",
		"digestS3Bucket": "other-logs", "digestS3Object": "AWSLogs/another/object.json.gz",
		"digestPublicKeyFingerprint": "00112233445566778899aabbccddeeff", "digestSignatureAlgorithm": "SHA1withRSA",
		"newestEventTime": "2026-01-01T00:00:00Z", "oldestEventTime": "2026-01-01T00:00:00Z",
		"previousDigestS3Bucket": "other-logs", "previousDigestS3Object": "AWSLogs/another/object.json.gz",
		"previousDigestHashValue": strings.Repeat("0", 64), "previousDigestHashAlgorithm": "SHA-1",
		"previousDigestSignature": strings.Repeat("0", 512), "logFiles": []any{},
	} {
		list = append(list,
			fieldChange{name + " changed", func(d document) { d[name] = value }},
			fieldChange{name + " removed", func(d document) { delete(d, name) }})
	}
	for name, value := range map[string]any{
		"s3Bucket": "other-logs", "s3Object": "AWSLogs/another/object.json.gz", "hashValue": strings.Repeat("0", 64),
		"hashAlgorithm": "SHA-1", "newestEventTime": "2026-01-01T00:00:00Z", "oldestEventTime": "2026-01-01T00:00:00Z",
	} {
		list = append(list,
			fieldChange{"logFiles[]." + name + " changed", func(d document) { d.file()[name] = value }},
			fieldChange{"logFiles[]." + name + " removed", func(d document) { delete(d.file(), name) }})
	}
	list = append(list,
		fieldChange{"a log file added", func(d document) {
			d["logFiles"] = append(slices.Clone(d["logFiles"].([]any)), map[string]any{"s3Bucket": bucket, "s3Object": "x", "hashValue": "0", "hashAlgorithm": "SHA-256"})
		}},
		fieldChange{"an unknown member added", func(d document) { d["note"] = "x" }},
		fieldChange{"every previous member null", func(d document) {
			for name := range d {
				if strings.HasPrefix(name, "previous") {
					d[name] = nil
				}
			}
			d["note"] = "x" // a first digest changes too
		}})
	slices.SortFunc(list, func(a, b fieldChange) int { return strings.Compare(a.name, b.name) })
	return list
}

// file returns the first log file of the list, and adds one when there is none.
func (d document) file() map[string]any {
	files := d["logFiles"].([]any)
	if len(files) == 0 {
		files = []any{map[string]any{"s3Bucket": bucket, "s3Object": "x", "hashValue": "0", "hashAlgorithm": "SHA-256"}}
		d["logFiles"] = files
	}
	file, _ := files[0].(map[string]any)
	return file
}

// edit changes a member of a digest. With a key it signs the result anew.
func (m memory) edit(t *testing.T, key string, change func(document), pair *rsa.PrivateKey) {
	t.Helper()
	old := archivetest.Gunzip(t, m[key].body)
	var d document
	if err := json.Unmarshal(old, &d); err != nil {
		t.Fatal(err)
	}
	change(d)
	body, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	o := stored{body: archivetest.Gzip(t, body), metadata: maps.Clone(m[key].metadata)}
	if pair != nil {
		var signed digest.Digest
		if err := json.Unmarshal(body, &signed); err != nil {
			t.Fatal(err)
		}
		if o.metadata[digest.MetadataSignature], err = digest.Sign(pair, &signed, body); err != nil {
			t.Fatal(err)
		}
	}
	m[key] = o
}

// fieldTable has a row for each member of a digest and of its metadata.
func (s *site) fieldTable(t *testing.T) string {
	_, digests := s.places()
	header := []string{"change"}
	for _, p := range digests {
		header = append(header, p.name)
	}
	var rows [][]string
	for _, change := range fieldChanges() {
		row := []string{change.name}
		for _, p := range digests {
			var cases []tampering
			for _, key := range p.keys {
				for _, pair := range []*rsa.PrivateKey{nil, otherPair()} {
					c := tampering{named: []string{key}, states: asTampered, follows: s.lists(t, key),
						do: func(m memory) { m.edit(t, key, change.do, pair) }}
					c.follows = append(c.follows, "x", "AWSLogs/another/object.json.gz", // what the changed list names
						tailOf(verify.LogFile, s.chain(false)), tailOf(verify.LogFile, s.chain(true)))
					if strings.HasPrefix(change.name, "digestPublicKeyFingerprint") {
						c.states = []verify.State{verify.Tampered, verify.Unverifiable} // no such key is known
					}
					cases = append(cases, c)
				}
			}
			row = append(row, s.tally(t, change.name, p.name, cases))
		}
		rows = append(rows, row)
	}
	return table(header, append(rows, s.metadataRows(t)...))
}
