package verify_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/anchor"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// Times that cannot be are no reason to accuse anything else, and no reason to count
// for ever.
func TestImpossibleTimes(t *testing.T) {
	whole, b := eightHours(t)
	for name, change := range map[string]func(d document){
		"ends before it starts": func(d document) { d["digestStartTime"], d["digestEndTime"] = d["digestEndTime"], d["digestStartTime"] },
		"ends in 9999":          func(d document) { d["digestEndTime"] = "9999-12-31T23:59:59Z" },
		"starts in the year 1":  func(d document) { d["digestStartTime"] = "0001-01-01T00:00:00Z" },
		"both in 1970": func(d document) {
			d["digestStartTime"], d["digestEndTime"] = "1970-01-01T00:00:00Z", "1970-01-01T01:00:00Z"
		},
		"with another offset": func(d document) { d["digestEndTime"] = "2026-01-05T09:01:31+09:00" },
	} {
		for i := range b.digests {
			m := whole.clone()
			m.edit(t, b.digests[i], change, nil)
			bad, _ := run(t, m, keys(), verify.Options{})
			for _, r := range bad {
				if r.State.Bad() != (r.Key == b.digests[i]) {
					t.Errorf("digest %d %s: %q", i, name, short(bad))
				}
			}
			if len(bad) == 0 || len(bad) > 3 { // the digest, and its log files
				t.Errorf("digest %d %s: %q", i, name, short(bad))
			}
		}
	}
	// Signed by the right key, as by a clock that was wrong: the hash that the next one
	// names differs, and nothing is counted without end.
	m := whole.clone()
	m.edit(t, b.digests[4], func(d document) { d["digestEndTime"] = "9999-12-31T23:59:59Z" }, keyPair())
	if bad, sum := run(t, m, keys(), verify.Options{}); !sum.Bad() || len(bad) > 10 {
		t.Errorf("a clock that is off: %q", short(bad))
	}
	// The clock of this machine is years behind.
	if bad, _ := run(t, whole, keys(), verify.Options{Live: true, Now: begin.AddDate(-3, 0, 0), Retention: time.Hour}); len(bad) > 0 {
		t.Errorf("our clock is behind: %q", short(bad))
	}
}

// Digests that name each other in a circle end the run as any other.
func TestLoop(t *testing.T) {
	m, b := eightHours(t)
	for i := 2; i < 6; i++ {
		m.edit(t, b.digests[i], func(d document) { d["previousDigestS3Object"] = b.digests[(i-2+3)%4+2] }, otherPair())
	}
	m.edit(t, b.digests[3], func(d document) { d["previousDigestS3Object"] = b.digests[3] }, otherPair())
	bad, _ := run(t, m, keys(), verify.Options{})
	var named []string
	for _, r := range bad {
		if r.State.Bad() {
			named = append(named, r.Key)
		}
	}
	slices.Sort(named)
	if diff := cmp.Diff(b.digests[2:6], named); diff != "" {
		t.Errorf("%s%q", diff, short(bad))
	}
}

// A digest that unpacks to more than any real one costs little.
func TestHugeDigest(t *testing.T) {
	m, b := eightHours(t)
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	_, _ = io.WriteString(w, `{"awsAccountId":"`)
	for range 100 {
		if _, err := w.Write(bytes.Repeat([]byte("1"), 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Close()
	o := m[b.digests[4]]
	o.body = body.Bytes()
	m[b.digests[4]] = o
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	bad, sum := run(t, m, keys(), verify.Options{})
	runtime.ReadMemStats(&after)
	if len(bad) == 0 || bad[0].State != verify.Unreadable || bad[0].Check != verify.CheckSize || sum.Bad() {
		t.Errorf("%q", short(bad))
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 320<<20 {
		t.Errorf("allocated %d MB", used>>20)
	}
}

// The anchors of another archive say what is missing, and that they may be of
// another one.
func TestForeignAnchors(t *testing.T) {
	log, err := anchor.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	theirs := memory{}
	other := newBuilder(theirs, "theirs")
	other.bucket = "their-logs"
	other.hour(t, 1)
	_, sum := run(t, theirs, keys(), verify.Options{})
	if _, err := log.Append(sum.Heads); err != nil {
		t.Fatal(err)
	}
	m, _ := eightHours(t)
	bad, _ := run(t, m, keys(), verify.Options{Anchors: log})
	want := []string{"missing digest anchor " + other.digests[0], "unverifiable anchor log anchor 00:00-00:00"}
	if diff := cmp.Diff(want, lines(bad)); diff != "" {
		t.Error(diff)
	}
}

// Any metadata beside a digest neither verify what is not signed nor end the run.
func FuzzMetadata(f *testing.F) {
	f.Add("00", digest.SignatureAlgorithm, "2026-01-06T00:00:00Z", byte(0))
	f.Add("", "", "", byte(7))
	f.Add("zz", "none", "yesterday", byte(8))
	f.Fuzz(func(t *testing.T, signature, algorithm, backfilled string, at byte) {
		s := newSite(t)
		list := append(slices.Clone(s.main.digests), s.late.digests[0])
		key := list[int(at)%len(list)]
		o := s.m[key]
		if signature == o.metadata[digest.MetadataSignature] {
			return
		}
		o.metadata = map[string]string{digest.MetadataSignature: signature, digest.MetadataSignatureAlgorithm: algorithm,
			digest.MetadataBackfillTimestamp: backfilled}
		m := maps.Clone(s.m)
		m[key] = o
		bad, sum := run(t, m, keys(), verify.Options{})
		alone := key == s.late.digests[0] || key == s.main.digests[siteHours-1] // no successor proves it
		switch {
		case signature == "" && !alone && len(bad) == 0:
		case sum.Digests[verify.Valid] != 3*siteHours:
			t.Errorf("%q", short(bad))
		}
		for _, r := range bad {
			if r.State.Bad() && r.Key != key {
				t.Errorf("%q is accused: %q", r.Key, fmt.Sprint(short(bad)))
			}
		}
	})
}
