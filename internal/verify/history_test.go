package verify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// versioned is an archive in memory that keeps versions.
type versioned struct {
	memory
	kept   map[string][]archive.Version // by key, the newest first
	bodies map[string]stored            // by version id
	err    error                        // of listing versions
	lists  atomic.Int64
}

func (v *versioned) Versions(_ context.Context, key string) ([]archive.Version, error) {
	v.lists.Add(1)
	return v.kept[key], v.err
}

func (v *versioned) FetchVersion(_ context.Context, _, version string) (io.ReadCloser, archive.Attributes, error) {
	s, ok := v.bodies[version]
	if !ok {
		return nil, archive.Attributes{}, fmt.Errorf("get version: %w", fs.ErrPermission)
	}
	return io.NopCloser(bytes.NewReader(s.body)), archive.Attributes{Metadata: s.metadata}, nil
}

func (v *versioned) Lock(_ context.Context, _, version string) (archive.Lock, error) {
	switch version {
	case "locked":
		return archive.Lock{Mode: "COMPLIANCE", Until: begin, LegalHold: true}, nil
	case "hidden":
		return archive.Lock{}, errors.New("get retention: access denied")
	}
	return archive.Lock{}, nil
}

func (*versioned) UndeleteCommand(key, marker string) string  { return "undelete " + marker }
func (*versioned) CopyBackCommand(key, version string) string { return "copy " + version }
func at(seconds int) time.Time                                { return begin.Add(time.Duration(seconds) * time.Second) }
func kept(id string, seconds int) archive.Version {
	return archive.Version{ID: id, Modified: at(seconds)}
}
func marker(id string, seconds int, latest bool) archive.Version {
	return archive.Version{ID: id, Modified: at(seconds), Marker: true, Latest: latest}
}

func TestHistory(t *testing.T) {
	whole, b := eightHours(t)
	log, dig := b.logs[5], b.digests[4]
	for _, test := range []struct {
		name string
		key  string
		kept []archive.Version
		body map[string]stored
		want []string // lines
	}{
		{"deleted", log, []archive.Version{marker("m", 9, true), kept("locked", 1)}, map[string]stored{"locked": whole[log]}, []string{
			`deleted 2026-01-05T00:01:40Z by delete marker "m"; version "locked" of 2026-01-05T00:01:32Z is as it was proven`,
			`Object Lock of the version: COMPLIANCE until 2026-01-05T00:01:31Z, legal hold`, "restore it: undelete m"}},
		{"deleted twice", log, []archive.Version{marker("m", 9, true), marker("n", 8, false), kept("v", 1)}, map[string]stored{"v": whole[log]}, []string{
			`deleted 2026-01-05T00:01:39Z by delete marker "n"; version "v" of 2026-01-05T00:01:32Z is as it was proven`,
			"Object Lock of the version: none", "restore it: copy v"}},
		{"deleted in the second of another version", log, []archive.Version{marker("m", 1, true), kept("v", 1), kept("w", 1)}, map[string]stored{"v": whole[log], "w": {body: []byte("x")}}, []string{
			`deleted 2026-01-05T00:01:32Z by delete marker "m"; version "v" of 2026-01-05T00:01:32Z is as it was proven`,
			"Object Lock of the version: none", "restore it: copy v"}},
		{"replaced and deleted", log, []archive.Version{marker("m", 9, true), kept("w", 5), kept("v", 1)},
			map[string]stored{"v": whole[log], "w": {body: archivetest.Gzip(t, []byte("{}"))}}, []string{
				`replaced 2026-01-05T00:01:36Z by version "w"; version "v" of 2026-01-05T00:01:32Z is as it was proven`,
				"Object Lock of the version: none", "restore it: copy v"}},
		{"only others", log, []archive.Version{marker("m", 9, true), kept("w", 5)}, map[string]stored{"w": {body: archivetest.Gzip(t, []byte("{}"))}}, []string{
			`deleted 2026-01-05T00:01:40Z by delete marker "m"; none of 1 versions in the bucket is as it was proven`}},
		{"one that may not be read", log, []archive.Version{marker("m", 9, true), kept("w", 5)}, nil, []string{
			`deleted 2026-01-05T00:01:40Z by delete marker "m"; none of 1 versions in the bucket is as it was proven`,
			`version "w" could not be read: get version: permission denied`}},
		{"no version", log, nil, nil, []string{"the bucket has no version of it"}},
		{"lock not known", log, []archive.Version{marker("m", 9, true), kept("hidden", 5)}, map[string]stored{"hidden": whole[log]}, []string{
			`deleted 2026-01-05T00:01:40Z by delete marker "m"; version "hidden" of 2026-01-05T00:01:36Z is as it was proven`,
			"its Object Lock is not known: get retention: access denied", "restore it: undelete m"}},
		{"a digest", dig, []archive.Version{marker("m", 9, true), kept("w", 5), kept("v", 1)},
			map[string]stored{"v": whole[dig], "w": whole[b.digests[3]]}, []string{
				`replaced 2026-01-05T00:01:36Z by version "w"; version "v" of 2026-01-05T00:01:32Z is as it was proven`,
				"Object Lock of the version: none", "restore it: copy v"}},
		{"a digest without its signature", dig, []archive.Version{marker("m", 9, true), kept("v", 1)},
			map[string]stored{"v": {body: whole[dig].body}}, []string{
				`deleted 2026-01-05T00:01:40Z by delete marker "m"; none of 1 versions in the bucket is as it was proven`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := &versioned{memory: whole.clone(), kept: map[string][]archive.Version{test.key: test.kept}, bodies: test.body}
			delete(m.memory, test.key)
			bad, _ := run(t, m, keys(), verify.Options{})
			var got []string
			for _, r := range bad {
				if r.Key == test.key {
					got = append(got, r.History.Lines()...)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Versions are listed for damaged objects only, and not again once that is denied.
func TestHistoryIsBounded(t *testing.T) {
	whole, b := eightHours(t)
	m := &versioned{memory: whole.clone()}
	if bad, _ := run(t, m, keys(), verify.Options{}); len(bad) != 0 || m.lists.Load() != 0 {
		t.Errorf("a clean archive: %q, %d lists of versions", lines(bad), m.lists.Load())
	}
	for _, key := range b.logs {
		delete(m.memory, key)
	}
	m.err = fmt.Errorf("list versions: %w", fs.ErrPermission)
	bad, sum := run(t, m, keys(), verify.Options{})
	if n := m.lists.Load(); len(bad) != len(b.logs) || n == 0 || n > 8 {
		t.Errorf("%d results, %d lists of versions", len(bad), n)
	}
	if len(sum.Notes) != 1 || !strings.Contains(sum.Notes[0], "s3:ListBucketVersions") {
		t.Errorf("notes are %q", sum.Notes)
	}
	for i, r := range bad { // in order
		if r.Key != b.logs[i] || r.History != nil {
			t.Errorf("result %d is about %s, with history %v", i, r.Key, r.History)
		}
	}
	m.err = errors.New("reset")
	stop := errors.New("enough")
	_, err := verify.Run(t.Context(), m, keys(), verify.Options{Workers: 2}, func(verify.Result) error { return stop })
	if !errors.Is(err, stop) || err.Error() != "enough" {
		t.Errorf("error is %v", err)
	}
}
