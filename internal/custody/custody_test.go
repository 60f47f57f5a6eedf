package custody_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/custody"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/scan"
	"github.com/cerpac/trailkeeper/internal/search"
	"github.com/cerpac/trailkeeper/internal/simulate"
	"github.com/cerpac/trailkeeper/internal/verify"
	"github.com/cerpac/trailkeeper/logfile"
)

// object is one of the archive, with what S3 keeps beside it.
type object struct {
	body     []byte
	metadata map[string]string
}

// memory is an archive in memory. If second is set, a log file that is opened
// again, and one that is sought back in, is the one of second.
type memory struct {
	objects map[string]object
	second  map[string]object

	mu     sync.Mutex
	opened map[string]int
}

func (m *memory) clone() *memory { return &memory{objects: maps.Clone(m.objects)} }

func (*memory) URI() string { return "memory" }

func (m *memory) List(_ context.Context, f archive.Filter, yield func(archive.Object) error) error {
	var list []archive.Object
	for key, s := range m.objects {
		o := archive.Object{Key: key, Size: int64(len(s.body)), Version: fmt.Sprintf("%x", sha256.Sum256(s.body))}
		o.Info, _ = archive.ParseKey(key)
		o.Skip = f.Skip(o.Info)
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b archive.Object) int {
		if c := a.Info.Delivered.Compare(b.Info.Delivered); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	for _, o := range list {
		if err := yield(o); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Open(_ context.Context, o archive.Object) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.opened == nil {
		m.opened = map[string]int{}
	}
	s, ok := m.objects[o.Key]
	if m.opened[o.Key]++; m.opened[o.Key] > 1 && m.second != nil {
		s = m.second[o.Key]
	}
	if !ok {
		return nil, fmt.Errorf("open %q: %w", o.Key, fs.ErrNotExist)
	}
	return io.NopCloser(bytes.NewReader(s.body)), nil
}

func (m *memory) Fetch(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error) {
	body, err := m.Open(ctx, o)
	return body, archive.Attributes{Metadata: m.objects[o.Key].metadata}, err
}

// world is an archive, made once for all tests, with the keys that signed it.
type world struct {
	m             *memory
	keys          []digest.PublicKey
	logs, digests []string // keys in order of delivery
}

func newWorld(t *testing.T) world {
	t.Helper()
	o := simulate.DefaultOptions()
	o.Out, o.Accounts, o.Regions, o.Days, o.EventsPerDay, o.Seed = filepath.Join(t.TempDir(), "logs"), 1, 2, 1, 300, 5
	if _, err := simulate.Run(t.Context(), o, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(o.Out, simulate.SideFolder, "public-keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	w := world{m: &memory{objects: map[string]object{}}}
	if w.keys, err = digest.ParsePublicKeyList(text); err != nil {
		t.Fatal(err)
	}
	source, err := dirarchive.New(o.Out)
	if err != nil {
		t.Fatal(err)
	}
	err = source.List(t.Context(), archive.Filter{}, func(o archive.Object) error {
		if o.Info.Account == "" {
			return nil
		}
		body, attributes, err := source.Fetch(t.Context(), o)
		if err != nil {
			return err
		}
		defer body.Close()
		data, err := io.ReadAll(body)
		w.m.objects[o.Key] = object{data, attributes.Metadata}
		if o.Info.Kind == archive.Digest {
			w.digests = append(w.digests, o.Key)
		} else {
			w.logs = append(w.logs, o.Key)
		}
		return err
	})
	if err != nil || len(w.logs) < 20 || len(w.digests) < 20 {
		t.Fatal(len(w.logs), len(w.digests), err)
	}
	return w
}

func (w world) known() *verify.Keys { return verify.NewKeys(w.keys) }

// outcome is what became of an archive that was ingested with proof.
type outcome struct {
	files  map[string]int64 // events stored by log file
	proofs map[string]string
	report *ingest.Report
	found  []verify.Result
}

// proofs adapts an archive for ingest.
type proofs struct{ *custody.Archive }

func (p proofs) Find(ctx context.Context, o archive.Object) (ingest.Proof, *scan.Refusal, error) {
	proof, refused, err := p.Archive.Find(ctx, o)
	if proof == nil {
		return nil, refused, err
	}
	return proof, nil, nil
}

var verifiedAt = time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC)

// run ingests an archive with proof into a lake, and returns what is in it.
func run(t *testing.T, m *memory, keys *verify.Keys, lake string) outcome {
	t.Helper()
	var out outcome
	a, err := custody.Build(t.Context(), custody.Options{Source: m, Keys: keys, Now: verifiedAt, Workers: 2, TempDir: t.TempDir(),
		Found: func(r verify.Result) error { out.found = append(out.found, r); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	out.report, err = ingest.Run(t.Context(), ingest.Options{Source: m, Lake: folderstore.New(lake, folderstore.DefaultMode), TempDir: t.TempDir(),
		Workers: 2, Proofs: proofs{a}, VerifiedAt: verifiedAt})
	if err != nil {
		t.Fatal(err)
	}
	out.read(t, lake)
	return out
}

// read reads which log files the events of a lake come from.
func (out *outcome) read(t *testing.T, lake string) {
	t.Helper()
	out.files, out.proofs = map[string]int64{}, map[string]string{}
	l, err := search.Open(t.Context(), search.Options{Store: folderstore.New(lake, 0), TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	rows, err := l.Query(t.Context(), engine.Statement{Dialect: engine.DuckDB, SQL: `SELECT log_file, count(*) AS n, coalesce(min(digest), ''),
		bool_and(digest IS NOT NULL AND verified_at = TIMESTAMP '2026-01-07 12:00:00' AND log_file_sha256 IS NOT NULL) AS proven,
		count(DISTINCT digest) FROM events GROUP BY ALL`})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		name := row[0].(string)
		out.files[name], out.proofs[name] = row[1].(int64), row[2].(string)
		if row[3] != true || row[4].(int64) != 1 {
			t.Errorf("events of %s lack a proof, or have several: %v", name, row)
		}
	}
}

// valid returns the log files that verify calls valid, and those that it misses.
func valid(t *testing.T, m *memory, keys *verify.Keys) (list, missing map[string]bool) {
	t.Helper()
	list, missing = map[string]bool{}, map[string]bool{}
	_, err := verify.Run(t.Context(), m.clone(), keys, verify.Options{Now: verifiedAt, Workers: 2}, func(r verify.Result) error {
		if r.Object == verify.LogFile && r.State == verify.Valid {
			list[r.Key] = true
		}
		if r.Object == verify.LogFile && r.State == verify.Missing {
			missing[r.Key] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list, missing
}

// eventsOf returns the ids of the events of a log file.
func eventsOf(t *testing.T, body []byte) (ids []string) {
	t.Helper()
	var log logfile.Reader
	err := log.Read(t.Context(), bytes.NewReader(archivetest.Gunzip(t, body)), logfile.Visitor{
		Record: func(_ int64, r *event.Record) error {
			ids = append(ids, string(r.ID()))
			return nil
		},
		Reject: func(int64, []byte, string) error { return nil }, Skip: func(int64, string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// require holds what was stored against what verify says of the archive.
func require(t *testing.T, m *memory, keys *verify.Keys, got outcome) {
	t.Helper()
	good, missing := valid(t, m, keys)
	want, events := map[string]bool{}, map[string]bool{}
	for key := range good {
		want[key] = true
		for _, id := range eventsOf(t, m.objects[key].body) {
			events[id] = true
		}
	}
	stored := int64(0)
	for name, n := range got.files {
		if stored += n; !want[name] {
			t.Errorf("events of %s are in the lake, which is not valid", name)
		}
		if !strings.Contains(got.proofs[name], "CloudTrail-Digest") {
			t.Errorf("the proof of %s is %q", name, got.proofs[name])
		}
	}
	// Of an event that was delivered again with another body, both are kept.
	if stored != int64(len(events))+got.report.Lake.Conflicts {
		t.Errorf("%d events are in the lake, the valid files have %d, and %d differ", stored, len(events), got.report.Lake.Conflicts)
	}
	found := map[string]bool{}
	for _, f := range got.found {
		if f.Object == verify.LogFile {
			found[f.Key] = true
		}
	}
	if diff := cmp.Diff(missing, found); diff != "" {
		t.Errorf("missing log files (-verify +custody)\n%s", diff)
	}
	r := got.report
	if r.Files.Listed != r.Files.Read+r.Files.Unchanged+r.Files.Skipped+r.Files.Failed+r.Files.Unproven || r.Files.Read+r.Files.Unchanged != int64(len(good)) {
		t.Errorf("files %+v, of which %d are valid", r.Files, len(good))
	}
}

func TestWhole(t *testing.T) {
	w := newWorld(t)
	got := run(t, w.m, w.known(), t.TempDir())
	require(t, w.m, w.known(), got)
	if len(got.found) > 0 || got.report.Files.Unproven > 0 || got.report.Files.Read != int64(len(w.logs)) {
		t.Errorf("findings %v, files %+v", got.found, got.report.Files)
	}
}

// change is a way to damage an object.
type change func(t *testing.T, random *mathrand.Rand, m *memory, key string)

var changes = []change{
	func(_ *testing.T, random *mathrand.Rand, m *memory, key string) { // flip a bit
		o := m.objects[key]
		o.body = bytes.Clone(o.body)
		o.body[random.IntN(len(o.body))] ^= 1 << random.IntN(8)
		m.objects[key] = o
	},
	func(t *testing.T, _ *mathrand.Rand, m *memory, key string) { // change the text
		o := m.objects[key]
		o.body = archivetest.Gzip(t, append(archivetest.Gunzip(t, o.body), ' '))
		m.objects[key] = o
	},
	func(_ *testing.T, random *mathrand.Rand, m *memory, key string) { // truncate
		o := m.objects[key]
		o.body = o.body[:random.IntN(len(o.body))]
		m.objects[key] = o
	},
	func(t *testing.T, _ *mathrand.Rand, m *memory, key string) { // append a gzip member
		o := m.objects[key]
		o.body = append(bytes.Clone(o.body), archivetest.Gzip(t, []byte(`{"Records":[]}`))...)
		m.objects[key] = o
	},
	func(t *testing.T, _ *mathrand.Rand, m *memory, key string) { // compress the same text again: still valid
		o := m.objects[key]
		o.body = archivetest.Gzip(t, archivetest.Gunzip(t, o.body))
		m.objects[key] = o
	},
	func(_ *testing.T, _ *mathrand.Rand, m *memory, key string) { delete(m.objects, key) },
	func(_ *testing.T, _ *mathrand.Rand, m *memory, key string) { // lose the metadata
		o := m.objects[key]
		o.metadata = nil
		m.objects[key] = o
	},
	func(_ *testing.T, random *mathrand.Rand, m *memory, key string) { // swap with another
		all := slices.Sorted(maps.Keys(m.objects))
		other := all[random.IntN(len(all))]
		m.objects[key], m.objects[other] = m.objects[other], m.objects[key]
	},
	func(_ *testing.T, _ *mathrand.Rand, m *memory, key string) { // add a copy under another name
		m.objects[strings.Replace(key, ".json.gz", "x.json.gz", 1)] = m.objects[key]
	},
}

// Whatever is damaged, the lake holds the events of the log files that verify calls
// valid, all of them and no others. A later run on the whole archive adds the rest.
func TestRandomDamage(t *testing.T) {
	w := newWorld(t)
	seed := mathrand.Uint64()
	random := mathrand.New(mathrand.NewPCG(seed, 0))
	all := slices.Concat(w.logs, w.digests, w.digests) // a digest damages more
	for i := range exhaustive.Or(6, 300) {
		m := w.m.clone()
		for range 1 + random.IntN(6) {
			key := all[random.IntN(len(all))]
			if _, ok := m.objects[key]; ok {
				changes[random.IntN(len(changes))](t, random, m, key)
			}
		}
		lake := t.TempDir()
		require(t, m, w.known(), run(t, m, w.known(), lake))
		if t.Failed() {
			t.Fatalf("seed %d, run %d", seed, i)
		}
		again := run(t, w.m.clone(), w.known(), lake)
		if again.report.Files.Unproven > 0 || again.report.Proof.Without > 0 {
			t.Fatalf("seed %d, run %d: with the whole archive: %+v, %+v", seed, i, again.report.Files, again.report.Proof)
		}
	}
}

// What is decoded is what was compared, whatever the archive returns later.
func TestSwapAfterProof(t *testing.T) {
	w := newWorld(t)
	m := w.m.clone()
	m.second = map[string]object{}
	for _, key := range w.logs {
		m.second[key] = object{body: archivetest.Gzip(t, []byte(`{"Records":[{"eventVersion":"1.11","eventTime":"2026-01-05T10:00:00Z","eventName":"Evil","eventID":"1"}]}`))}
	}
	got := run(t, m, w.known(), t.TempDir())
	m.second = nil
	require(t, m, w.known(), got)
	for key, n := range m.opened {
		if slices.Contains(w.logs, key) && n != 1 {
			t.Errorf("%s was opened %d times", key, n)
		}
	}
	// And the other way round: swapped before it is read, but after the digests.
	m = w.m.clone()
	for _, key := range w.logs[:5] {
		m.objects[key] = object{body: archivetest.Gzip(t, []byte(`{"Records":[{"eventVersion":"1.11","eventTime":"2026-01-05T10:00:00Z","eventName":"Evil","eventID":"1"}]}`))}
	}
	got = run(t, m, w.known(), t.TempDir())
	require(t, m, w.known(), got)
	if got.report.Unproven.States["tampered"] != 5 || got.report.Unproven.Bad != 5 {
		t.Errorf("%+v", got.report.Unproven)
	}
}

// sign stores a digest, signed by a pair.
func sign(t *testing.T, m *memory, key string, d *digest.Digest, pair *rsa.PrivateKey) {
	t.Helper()
	body, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := digest.Sign(pair, d, body)
	if err != nil {
		t.Fatal(err)
	}
	m.objects[key] = object{archivetest.Gzip(t, body), map[string]string{
		digest.MetadataSignature: signature, digest.MetadataSignatureAlgorithm: digest.SignatureAlgorithm}}
}

// forge adds a log file to the archive, and returns how a digest lists it.
func forge(t *testing.T, m *memory, like string) digest.LogFile {
	t.Helper()
	text := []byte(`{"Records":[{"eventVersion":"1.11","eventTime":"2026-01-05T10:00:00Z","eventName":"Evil","eventID":"1"}]}`)
	key := like[:len(like)-len("0123456789012345.json.gz")] + "forgedforgedforg.json.gz"
	m.objects[key] = object{body: archivetest.Gzip(t, text)}
	return digest.LogFile{S3Bucket: "b", S3Object: key, HashValue: fmt.Sprintf("%x", sha256.Sum256(text)), HashAlgorithm: digest.HashAlgorithm,
		NewestEventTime: "2026-01-05T10:00:00Z", OldestEventTime: "2026-01-05T10:00:00Z"}
}

// A log file that somebody adds does not enter: not alone, not listed by a digest
// that is signed with another key, and not by those of a trail of his own.
func TestForgery(t *testing.T) {
	w := newWorld(t)
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der := x509.MarshalPKCS1PublicKey(&pair.PublicKey)
	for name, attack := range map[string]func(t *testing.T, m *memory, like string){
		"alone": func(t *testing.T, m *memory, like string) { forge(t, m, like) },
		"re-signed digest": func(t *testing.T, m *memory, like string) {
			key := w.digests[len(w.digests)/2]
			d := read(t, m, key)
			d.DigestPublicKeyFingerprint = digest.Fingerprint(der)
			d.LogFiles = append(d.LogFiles, entry(forge(t, m, like), d))
			sign(t, m, key, d, pair)
		},
		"re-signed digest that claims the key of AWS": func(t *testing.T, m *memory, like string) {
			key := w.digests[len(w.digests)/2]
			d := read(t, m, key)
			d.LogFiles = append(d.LogFiles, entry(forge(t, m, like), d))
			sign(t, m, key, d, pair)
		},
		"decoy trail": func(t *testing.T, m *memory, like string) {
			for _, key := range w.digests {
				d := read(t, m, key)
				info, _ := archive.ParseKey(key)
				decoy := strings.Replace(key, "_"+info.Trail+"_", "_decoy_", 1)
				d.DigestS3Object = strings.Replace(d.DigestS3Object, "_"+info.Trail+"_", "_decoy_", 1)
				d.DigestPublicKeyFingerprint = digest.Fingerprint(der)
				d.LogFiles = append(d.LogFiles, entry(forge(t, m, like), d))
				sign(t, m, decoy, d, pair)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := w.m.clone()
			attack(t, m, w.logs[len(w.logs)/2])
			got := run(t, m, w.known(), t.TempDir())
			require(t, m, w.known(), got)
			for file := range got.files {
				if strings.Contains(file, "forged") {
					t.Errorf("%s is in the lake", file)
				}
			}
			if got.report.Unproven.States["tampered"]+got.report.Unproven.States["unverifiable"] == 0 {
				t.Errorf("nothing was refused: %+v", got.report.Unproven)
			}
			if len(got.report.Unproven.Files) == 0 {
				t.Error("nothing is named")
			}
		})
	}
}

func read(t *testing.T, m *memory, key string) *digest.Digest {
	t.Helper()
	d, err := digest.Parse(archivetest.Gunzip(t, m.objects[key].body))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// entry puts a listed file where the digest's bucket has it.
func entry(f digest.LogFile, d *digest.Digest) digest.LogFile {
	f.S3Bucket = d.DigestS3Bucket
	return f
}

// Without keys nothing enters, and nothing is called tampered with.
func TestNoKeys(t *testing.T) {
	w := newWorld(t)
	got := run(t, w.m, verify.NewKeys(), t.TempDir())
	want := map[string]int64{"unverifiable": int64(len(w.logs))}
	if diff := cmp.Diff(want, got.report.Unproven.States); diff != "" || len(got.files) > 0 || got.report.Unproven.Bad > 0 {
		t.Errorf("(-want +got)\n%s%v", diff, got.files)
	}
}

// signer is a key pair of the tests that counts as one of AWS.
type signer struct {
	pair        *rsa.PrivateKey
	public      digest.PublicKey
	fingerprint string
}

var theSigner = sync.OnceValues(func() (signer, error) {
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return signer{}, err
	}
	der := x509.MarshalPKCS1PublicKey(&pair.PublicKey)
	return signer{pair, digest.PublicKey{
		Value: der, Fingerprint: digest.Fingerprint(der),
		ValidityStartTime: digest.Time{Time: verifiedAt.AddDate(0, 0, -10)}, ValidityEndTime: digest.Time{Time: verifiedAt.AddDate(0, 0, 10)},
	}, digest.Fingerprint(der)}, nil
})

func trusted(t *testing.T) signer {
	t.Helper()
	s, err := theSigner()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
