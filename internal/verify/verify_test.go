package verify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// eightHours is an archive of one chain with two log files an hour.
func eightHours(t *testing.T) (memory, *builder) {
	t.Helper()
	m := memory{}
	b := newBuilder(m, "main")
	for range 8 {
		b.hour(t, 2)
	}
	return m, b
}

func TestClean(t *testing.T) {
	m, b := eightHours(t)
	bad, sum := run(t, m, keys(), verify.Options{})
	if len(bad) > 0 || sum.Bad() || sum.Unknown() {
		t.Errorf("false alarms: %q", lines(bad))
	}
	if sum.Digests[verify.Valid] != 8 || sum.LogFiles[verify.Valid] != 16 || len(sum.Chains) != 1 {
		t.Errorf("counts are %v and %v of %d chains", sum.Digests, sum.LogFiles, len(sum.Chains))
	}
	if c := sum.Chains[0]; !c.From.Equal(begin) || !c.To.Equal(b.end) {
		t.Errorf("the chain goes from %s to %s", c.From, c.To)
	}
}

// change is a way to damage one object.
type change struct {
	name string
	do   func(t *testing.T, m memory, key string)
}

var changes = []change{
	{"flip a bit", func(_ *testing.T, m memory, key string) {
		s := m[key]
		s.body = bytes.Clone(s.body)
		s.body[len(s.body)/2] ^= 4
		m[key] = s
	}},
	{"change the text", func(t *testing.T, m memory, key string) {
		s := m[key]
		s.body = archivetest.Gzip(t, append(archivetest.Gunzip(t, s.body), ' '))
		m[key] = s
	}},
	{"truncate", func(_ *testing.T, m memory, key string) {
		s := m[key]
		s.body = s.body[:len(s.body)-4]
		m[key] = s
	}},
	{"empty", func(_ *testing.T, m memory, key string) {
		s := m[key]
		s.body = nil
		m[key] = s
	}},
	{"append a gzip member", func(t *testing.T, m memory, key string) {
		s := m[key]
		s.body = append(bytes.Clone(s.body), archivetest.Gzip(t, nil)...)
		m[key] = s
	}},
	{"append a byte", func(_ *testing.T, m memory, key string) {
		s := m[key]
		s.body = append(bytes.Clone(s.body), 0)
		m[key] = s
	}},
	{"replace by another object", func(_ *testing.T, m memory, key string) {
		for _, other := range sorted(m) {
			if other != key && strings.Contains(other, "Digest") == strings.Contains(key, "Digest") {
				m[key] = m[other]
				return
			}
		}
	}},
	{"not gzip", func(_ *testing.T, m memory, key string) {
		s := m[key]
		s.body = []byte(`{"Records":[]}`)
		m[key] = s
	}},
}

func sorted(m memory) []string {
	var list []string
	for key := range m {
		list = append(list, key)
	}
	slices.Sort(list)
	return list
}

// Every change of every object is named, and nothing else is said to be tampered
// with.
func TestTamper(t *testing.T) {
	whole, _ := eightHours(t)
	for _, c := range changes {
		for _, key := range sorted(whole) {
			m := whole.clone()
			c.do(t, m, key)
			bad, sum := run(t, m, keys(), verify.Options{})
			var tampered []string
			for _, r := range bad {
				if r.State.Bad() {
					tampered = append(tampered, r.Key)
				}
			}
			if !cmp.Equal(tampered, []string{key}) || !sum.Bad() {
				t.Errorf("%s of %s: %q", c.name, key, lines(bad))
			}
		}
	}
}

// Every object that is deleted is named.
func TestDelete(t *testing.T) {
	whole, b := eightHours(t)
	missing := func(object verify.Object, check verify.Check, keys ...string) (out []string) {
		for _, key := range keys {
			out = append(out, fmt.Sprintf("missing %s %s %s", object, check, key))
		}
		return out
	}
	for _, key := range b.logs {
		m := whole.clone()
		delete(m, key)
		bad, _ := run(t, m, keys(), verify.Options{})
		if diff := cmp.Diff(missing(verify.LogFile, verify.CheckRead, key), lines(bad)); diff != "" {
			t.Errorf("%s deleted: %s", key, diff)
		}
	}
	for from := 1; from < 7; from++ {
		for to := from + 1; to < 8; to++ {
			m := whole.clone()
			for _, key := range b.digests[from:to] {
				delete(m, key)
			}
			bad, _ := run(t, m, keys(), verify.Options{})
			var named []verify.Result
			for _, r := range bad {
				if r.Object == verify.DigestFile {
					named = append(named, r)
				} else if r.State != verify.Unverifiable || r.Check != verify.CheckListed {
					t.Errorf("digests %d to %d deleted: %q", from, to, lines([]verify.Result{r}))
				}
			}
			if diff := cmp.Diff(missing(verify.DigestFile, verify.CheckContinuity, b.digests[from:to]...), lines(named)); diff != "" {
				t.Errorf("digests %d to %d deleted: %s", from, to, diff)
			}
			if got, want := len(bad)-len(named), 2*(to-from); got != want {
				t.Errorf("digests %d to %d deleted: %d log files are unproven, want %d", from, to, got, want)
			}
		}
	}
}

func TestEnds(t *testing.T) {
	whole, b := eightHours(t)
	without := func(keys ...string) memory {
		m := whole.clone()
		for _, key := range keys {
			delete(m, key)
		}
		return m
	}
	logsOf := func(from, to int) []string { return b.logs[2*from : 2*to] }
	tests := map[string]struct {
		m    memory
		opts verify.Options
		want []string // state and check, each once
	}{
		"the oldest digests and log files are gone": {
			m: without(slices.Concat(logsOf(0, 3), b.digests[:3])...), want: []string{"expired head"}},
		"some more log files are gone": {
			m: without(slices.Concat(logsOf(0, 4), b.digests[:3])...), want: []string{"expired head"}},
		"the same, younger than retention": {
			m: without(slices.Concat(logsOf(0, 4), b.digests[:3])...), opts: verify.Options{Now: b.end, Retention: 24 * time.Hour},
			want: []string{"missing head", "missing read"}},
		"only the oldest log file is gone": {m: without(b.logs[0]), want: []string{"missing read"}},
		"the oldest digests are out of range": {
			m: without(slices.Concat(logsOf(0, 3), b.digests[:3])...), opts: verify.Options{Since: begin.Add(3 * time.Hour)}},
		"the newest digest is gone": {m: without(b.digests[7]), want: []string{"pending listed"}},
		"the newest digests and log files are gone": {
			m: without(slices.Concat(logsOf(5, 8), b.digests[5:])...), opts: verify.Options{Live: true, Now: b.end},
			want: []string{"missing tail"}},
		"the newest are gone, and the end is told": {
			m: without(slices.Concat(logsOf(5, 8), b.digests[5:])...), opts: verify.Options{Until: b.end, Now: b.end},
			want: []string{"missing tail"}},
		"late, but not too late": {m: whole, opts: verify.Options{Live: true, Now: b.end.Add(90 * time.Minute)}},
		"all digests are gone":   {m: without(b.digests...), want: []string{"unverifiable chain-exists"}},
		"all log files are gone": {m: without(b.logs...), want: []string{"missing read"}},
		"nothing is there":       {m: memory{}},
	}
	for name, test := range tests {
		bad, _ := run(t, test.m, keys(), test.opts)
		var got []string
		for _, r := range bad {
			got = append(got, string(r.State)+" "+string(r.Check))
		}
		slices.Sort(got)
		if diff := cmp.Diff(test.want, slices.Compact(got)); diff != "" {
			t.Errorf("%s: %s%q", name, diff, lines(bad))
		}
	}
}

// A failure to read is never taken for tampering.
func TestUnread(t *testing.T) {
	whole, b := eightHours(t)
	for name, test := range map[string]struct {
		object stored
		want   verify.State
	}{
		"denied":            {stored{open: fmt.Errorf("open: %w", fs.ErrPermission)}, verify.Denied},
		"in cold storage":   {stored{open: fmt.Errorf("open: %w", archive.ErrCold)}, verify.Archived},
		"failing":           {stored{open: fmt.Errorf("no route to host")}, verify.Unreadable},
		"broken in between": {stored{broken: 20}, verify.Unreadable},
	} {
		for _, key := range []string{b.digests[0], b.digests[4], b.digests[7], b.logs[5]} {
			m := whole.clone()
			object := test.object
			object.body = m[key].body
			m[key] = object
			bad, sum := run(t, m, keys(), verify.Options{})
			if sum.Bad() || len(bad) == 0 || bad[0].State != test.want || bad[0].Key != key {
				t.Errorf("%s %s: %q", key, name, lines(bad))
			}
			if total := sum.LogFiles.Total(); key == b.logs[5] && total != 16 {
				t.Errorf("%s %s: %d log files are counted", key, name, total)
			}
		}
	}
}

func TestForged(t *testing.T) {
	whole, b := eightHours(t)

	m := whole.clone()
	extra := newBuilder(memory{}, "extra")
	extra.log(t, begin.Add(3*time.Hour), "{}")
	m[extra.logs[0]] = extra.m[extra.logs[0]]
	bad, _ := run(t, m, keys(), verify.Options{})
	if diff := cmp.Diff([]string{"tampered log file listed " + extra.logs[0]}, lines(bad)); diff != "" {
		t.Errorf("a forged log file: %s", diff)
	}

	// A digest that lacks a log file, signed with another key.
	m = whole.clone()
	d := m.digest(t, b.digests[4])
	d.LogFiles = d.LogFiles[:1]
	m.put(t, b.digests[4], d, otherPair())
	bad, _ = run(t, m, keys(), verify.Options{})
	if len(bad) == 0 || bad[0].State != verify.Tampered || bad[0].Key != b.digests[4] {
		t.Errorf("signed with another key: %q", lines(bad))
	}

	// The same, signed with the right key: only the successor can tell.
	m.put(t, b.digests[4], d, keyPair())
	bad, _ = run(t, m, keys(), verify.Options{})
	if len(bad) == 0 || bad[0].Check != verify.CheckLinkHash || bad[0].Key != b.digests[4] {
		t.Errorf("replaced by a validly signed digest: %q", lines(bad))
	}
}

// A trail whose name contains that of another one is not taken for it.
func TestDecoy(t *testing.T) {
	m := memory{}
	real, decoy := newBuilder(m, "foo"), newBuilder(m, "foo_"+region+"_bar")
	for range 4 {
		real.hour(t, 1)
		decoy.hour(t, 1)
	}
	for _, key := range real.digests[1:] {
		delete(m, key)
	}
	bad, sum := run(t, m, keys(), verify.Options{Trails: []verify.Trail{{Name: "foo", HomeRegion: region}}, Until: real.end, Now: real.end})
	if !sum.Bad() || sum.Digests[verify.Valid] != 1 {
		t.Errorf("the decoy hides that digests are missing: %v %q", sum.Digests, lines(bad))
	}
}

// What a copy without metadata can prove: all but the newest digest.
func TestWithoutMetadata(t *testing.T) {
	m, b := eightHours(t)
	for key, s := range m {
		s.metadata = nil
		m[key] = s
	}
	bad, sum := run(t, m, keys(), verify.Options{})
	want := []string{"unverifiable digest metadata " + b.digests[7]}
	for _, key := range b.logs[14:] {
		want = append(want, "unverifiable log file listed "+key)
	}
	if diff := cmp.Diff(want, lines(bad)); diff != "" || sum.Bad() {
		t.Error(diff)
	}
}

func TestKeys(t *testing.T) {
	m, b := eightHours(t)
	bad, sum := run(t, m, verify.NewKeys(), verify.Options{})
	if sum.Bad() || sum.Digests[verify.Unverifiable] != 8 || sum.LogFiles[verify.Unverifiable] != 16 {
		t.Errorf("without keys: %q", lines(bad))
	}
	late := published(keyPair())
	late.ValidityStartTime = digest.Time{Time: b.end}
	_, sum = run(t, m, verify.NewKeys([]digest.PublicKey{late}), verify.Options{})
	if sum.Bad() || sum.Digests[verify.Valid] != 2 {
		t.Errorf("with a key that became valid later: %v", sum.Digests)
	}
	broken := published(keyPair())
	broken.Value = []byte("no key")
	_, sum = run(t, m, verify.NewKeys([]digest.PublicKey{broken}), verify.Options{})
	if sum.Bad() || sum.Digests[verify.Unverifiable] != 8 {
		t.Errorf("with a broken key: %v", sum.Digests)
	}
}

func TestRestart(t *testing.T) {
	build := func(stop time.Time) memory {
		m := memory{}
		b := newBuilder(m, "main")
		b.hour(t, 1)
		start := b.end
		b.end = start.Add(time.Hour)
		var files []digest.LogFile
		if !stop.IsZero() {
			files = append(files, b.log(t, start.Add(50*time.Minute), `{"Records":[{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging",`+
				`"eventTime":"`+stop.Format(time.RFC3339)+`","awsRegion":"`+region+`","requestParameters":{"name":"main"}}]}`))
		}
		b.write(t, start, files, false)
		b.previous, b.end = nil, b.end.Add(5*time.Hour)
		b.hour(t, 1)
		b.hour(t, 1)
		return m
	}
	end := begin.Add(2 * time.Hour)
	for name, test := range map[string]struct {
		stop time.Time
		want []string
	}{
		"explained":     {end.Add(-15 * time.Minute), nil},
		"unexplained":   {time.Time{}, []string{"unverifiable hours start 02:01-07:01"}},
		"stopped later": {end.Add(3 * time.Hour), []string{"missing hours start 02:01-05:01"}},
	} {
		bad, sum := run(t, build(test.stop), keys(), verify.Options{})
		if diff := cmp.Diff(test.want, lines(bad)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if explained := sum.Restarts == 1; explained != (test.want == nil) {
			t.Errorf("%s: %d explained", name, sum.Restarts)
		}
	}
}

// A chain that moved to another bucket is followed by its content.
func TestMovedBucket(t *testing.T) {
	m := memory{}
	b := newBuilder(m, "main")
	b.hour(t, 1)
	b.hour(t, 1)
	b.bucket = "new-logs"
	b.hour(t, 1)
	if bad, _ := run(t, m, keys(), verify.Options{}); len(bad) > 0 {
		t.Errorf("false alarms: %q", lines(bad))
	}
}

// A chain may be verified wherever its folder was copied to.
func TestCopiedFolder(t *testing.T) {
	whole := memory{}
	b := newBuilder(whole, "main")
	b.prefix = "some/prefix/"
	for range 3 {
		b.hour(t, 2)
	}
	for _, cut := range []string{"some/prefix/", "some/prefix/AWSLogs/", "some/"} {
		m := memory{}
		for key, s := range whole {
			m[strings.TrimPrefix(key, cut)] = s
		}
		if bad, sum := run(t, m, keys(), verify.Options{}); len(bad) > 0 || sum.LogFiles[verify.Valid] != 6 {
			t.Errorf("without %s: %v %q", cut, sum.LogFiles, lines(bad))
		}
	}
	names := memory{}
	for key, s := range whole {
		names[path.Base(key)] = s
	}
	if bad, sum := run(t, names, keys(), verify.Options{}); len(bad) > 0 || sum.LogFiles[verify.Valid] != 6 {
		t.Errorf("names only: %v %q", sum.LogFiles, lines(bad))
	}
}

// Digests of backfill are a chain of their own, which need not be unbroken.
func TestBackfill(t *testing.T) {
	m, b := eightHours(t)
	late := newBuilder(m, "main")
	late.end = begin.Add(4 * time.Hour)
	file := late.log(t, begin.Add(3*time.Hour+7*time.Minute), "{}")
	late.write(t, begin.Add(3*time.Hour), []digest.LogFile{file}, true)
	generated := func(at string) {
		s := m[late.digests[0]]
		s.metadata = map[string]string{digest.MetadataBackfillTimestamp: at,
			digest.MetadataSignature: s.metadata[digest.MetadataSignature], digest.MetadataSignatureAlgorithm: digest.SignatureAlgorithm}
		m[late.digests[0]] = s
	}
	generated(b.end.Format("2006-01-02T15:04:05.000Z"))
	bad, sum := run(t, m, keys(), verify.Options{})
	if len(bad) > 0 || sum.Digests[verify.Valid] != 9 || sum.LogFiles[verify.Valid] != 17 {
		t.Errorf("%v and %v: %q", sum.Digests, sum.LogFiles, lines(bad))
	}
	generated("yesterday")
	bad, _ = run(t, m, keys(), verify.Options{})
	if len(bad) == 0 || bad[0].State != verify.Tampered || bad[0].Key != late.digests[0] {
		t.Errorf("a time that is none: %q", lines(bad))
	}
}

// Two objects that changed places are both named.
func TestSwap(t *testing.T) {
	whole, b := eightHours(t)
	for _, kind := range [][]string{b.digests, b.logs} {
		for i := range kind {
			for j := i + 1; j < len(kind); j++ {
				m := whole.clone()
				m[kind[i]], m[kind[j]] = m[kind[j]], m[kind[i]]
				bad, _ := run(t, m, keys(), verify.Options{})
				named := map[string]bool{}
				for _, r := range bad {
					if r.State == verify.Tampered {
						named[r.Key] = true
					}
				}
				if len(named) != 2 || !named[kind[i]] || !named[kind[j]] {
					t.Errorf("%s and %s swapped: %q", kind[i], kind[j], lines(bad))
				}
			}
		}
	}
}

// A run ends soon when its context does, and says why.
func TestCancel(t *testing.T) {
	m, _ := eightHours(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	_, err := verify.Run(ctx, m, keys(), verify.Options{Workers: 1}, func(verify.Result) error {
		cancel(stop)
		return nil
	})
	if !errors.Is(err, stop) {
		t.Errorf("error is %v", err)
	}
	failed := errors.New("disk full")
	if _, err := verify.Run(t.Context(), m, keys(), verify.Options{}, func(verify.Result) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("error is %v", err)
	}
}

// Any bytes in place of a digest and its metadata neither verify nor end the run.
func FuzzDigest(f *testing.F) {
	f.Add([]byte(`{"awsAccountId":"111122223333"}`), "00", digest.SignatureAlgorithm, true)
	f.Add([]byte(`{"awsAccountId":"111122223333","digestStartTime":"2026-01-05T03:01:31Z","digestEndTime":"9026-01-05T04:01:31Z",`+
		`"digestS3Bucket":"b","digestS3Object":"o","digestPublicKeyFingerprint":"f","previousDigestSignature":"x","logFiles":[{}]}`), "", "", true)
	f.Add([]byte{0x1f, 0x8b}, "zz", "none", false)
	f.Fuzz(func(t *testing.T, body []byte, signature, algorithm string, pack bool) {
		m, b := eightHours(t)
		key := b.digests[4]
		if bytes.Equal(body, archivetest.Gunzip(t, m[key].body)) {
			return
		}
		if pack {
			body = archivetest.Gzip(t, body)
		}
		m[key] = stored{body: body, metadata: map[string]string{digest.MetadataSignature: signature, digest.MetadataSignatureAlgorithm: algorithm}}
		bad, sum := run(t, m, keys(), verify.Options{})
		if !sum.Bad() || sum.Digests[verify.Valid] > 7 || !slices.ContainsFunc(bad, func(r verify.Result) bool { return r.Key == key && r.State == verify.Tampered }) {
			t.Errorf("%q", lines(bad))
		}
	})
}

// asker is a source of keys that counts how often it is asked.
type asker struct {
	keys  []digest.PublicKey
	err   error
	calls []string
}

func (a *asker) PublicKeys(_ context.Context, region string, from, to time.Time) ([]digest.PublicKey, error) {
	a.calls = append(a.calls, region)
	if !from.Before(begin) || !to.After(begin) {
		a.err = fmt.Errorf("asked for %s to %s", from, to)
	}
	return a.keys, a.err
}

// Keys that are not known are asked for, once.
func TestAskForKeys(t *testing.T) {
	m, _ := eightHours(t)
	for name, test := range map[string]struct {
		source asker
		valid  int64
	}{
		"there":     {asker{keys: []digest.PublicKey{published(keyPair())}}, 8},
		"others":    {asker{keys: []digest.PublicKey{published(otherPair())}}, 0},
		"no answer": {asker{err: errors.New("access denied")}, 0},
	} {
		k := verify.NewKeys()
		k.Ask(&test.source)
		bad, sum := run(t, m, k, verify.Options{})
		if sum.Digests[verify.Valid] != test.valid || sum.Bad() || len(test.source.calls) != 1 || test.source.calls[0] != region {
			t.Errorf("%s: %v after asking %q: %q", name, sum.Digests, test.source.calls, lines(bad))
		}
	}
}

// Whatever is damaged together, each damaged object is named, and no other is
// called tampered with or missing.
func TestRandomDamage(t *testing.T) {
	whole, b := eightHours(t)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	inner := slices.Concat(b.digests[1:7], b.logs) // what is missing at the ends may have expired, or be late
	for range exhaustive.Or(150, 5000) {
		m, damaged := whole.clone(), map[string]string{}
		for range 1 + random.IntN(4) {
			key := inner[random.IntN(len(inner))]
			if damaged[key] != "" {
				continue
			}
			if pick := random.IntN(len(changes) + 2); pick < len(changes) {
				changes[pick].do(t, m, key)
				damaged[key] = changes[pick].name
			} else {
				delete(m, key)
				damaged[key] = "delete"
			}
		}
		bad, _ := run(t, m, keys(), verify.Options{})
		named := map[string]bool{}
		for _, r := range bad {
			if named[r.Key] = true; r.State.Bad() && damaged[r.Key] == "" {
				t.Errorf("seed %d: %v: false alarm %q", seed, damaged, lines([]verify.Result{r}))
			}
		}
		for key := range damaged {
			hour := slices.Index(b.logs, key) / 2
			lost := strings.Contains(key, "/CloudTrail/") && damaged[b.digests[hour]] != "" // nothing says that it was there
			if !named[key] && !lost {
				t.Errorf("seed %d: %v: %s is not named: %q", seed, damaged, key, lines(bad))
			}
		}
	}
}
