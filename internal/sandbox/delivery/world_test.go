package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/sandbox/delivery/keyring"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/spool"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

const (
	account  = "111122223333"
	home     = "eu-west-1"
	elsehere = "ap-south-1"
	interval = time.Minute
)

// world is a sandbox in which everything around delivery is fake, except the journal.
type world struct {
	t       *testing.T
	dir     string
	clock   time.Time
	journal *journal.Journal
	trails  []trails.Trail
	bucket  *memory
	streams *memoryStreams
	topic   *memoryTopic
	d       *Deliverer
	events  int
	// wanted are the events that should come to the bucket.
	wanted map[string]bool
	death  death
}

// epoch is a minute before the first event.
func epoch() time.Time { return time.Date(2026, 11, 20, 10, 0, 7, 0, time.UTC) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, dir: t.TempDir(), clock: epoch(), bucket: newMemory(), streams: &memoryStreams{}, topic: &memoryTopic{},
		wanted: map[string]bool{},
	}
	shareKeys(t, filepath.Join(w.dir, "delivery"))
	j, err := journal.Open(filepath.Join(w.dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	w.journal = j
	return w
}

// madeKeys generates signing keys once for all tests, because that is slow.
var madeKeys = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ring, err := keyring.Open(spool.Dir(dir))
	if err != nil {
		return nil, err
	}
	for _, region := range []string{home, elsehere, globalRegion} {
		if _, err := ring.At(region, epoch().Add(-time.Hour)); err != nil {
			return nil, err
		}
	}
	return os.ReadFile(filepath.Join(dir, "keys.json"))
})

func shareKeys(t *testing.T, dir string) {
	t.Helper()
	keys, err := madeKeys()
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "keys.json"), keys, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) config() Config {
	return Config{
		Dir: filepath.Join(w.dir, "delivery"), Now: func() time.Time { return w.clock }, Journal: w.journal, Trails: w,
		Objects: mortalObjects{&w.death, w.bucket}, Streams: w.streams, Notifier: w.topic, DigestInterval: interval,
		files: mortalFiles{&w.death, spool.Dir(filepath.Join(w.dir, "delivery"))},
	}
}

// open opens the deliverer again, as after a restart.
func (w *world) open() {
	w.t.Helper()
	d, err := Open(w.config())
	if err != nil {
		w.t.Fatal(err)
	}
	w.d = d
}

func (w *world) pass() {
	w.t.Helper()
	if w.d == nil {
		w.open()
	}
	if err := w.d.Pass(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) All() []trails.Trail { return slices.Clone(w.trails) }

func (w *world) Forget(id string) error {
	w.trails = slices.DeleteFunc(w.trails, func(t trails.Trail) bool { return t.ID == id })
	return nil
}

// trail is the one of most tests.
func trail() trails.Trail {
	return trails.Trail{
		ID: "t1", Name: "main", ARN: "arn:aws:cloudtrail:" + home + ":" + account + ":trail/main", Account: account, Region: home,
		Bucket: "logs", Validation: true, MultiRegion: true,
	}
}

func (w *world) start(i int) {
	t := &w.trails[i]
	t.Logging = append(slices.Clone(t.Logging), trails.Span{From: w.clock})
}

func (w *world) stop(i int) {
	t := &w.trails[i]
	t.Logging = slices.Clone(t.Logging)
	t.Logging[len(t.Logging)-1].Until = w.clock
}

func logging(t trails.Trail) bool {
	n := len(t.Logging)
	return n > 0 && t.Logging[n-1].Until.IsZero() && t.Deleted.IsZero()
}

// happen appends an event of the current time.
func (w *world) happen(region string) string {
	w.t.Helper()
	w.events++
	id := fmt.Sprintf("event-%d", w.events)
	w.append(account, region, "Management", id, "")
	if len(w.trails) > 0 && w.trails[0].LoggedAt(w.clock) && w.trails[0].Deleted.IsZero() {
		w.wanted[id] = true
	}
	return id
}

func (w *world) append(account, region, category, id, pad string) {
	w.t.Helper()
	record, err := json.Marshal(map[string]any{
		"eventID": id, "eventTime": w.clock.UTC().Format(time.RFC3339), "eventCategory": category, "managementEvent": category == "Management",
		"awsRegion": region, "recipientAccountId": account, "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances",
		"readOnly": false, "requestParameters": map[string]string{"pad": pad},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.journal.Append(journal.Entry{Time: w.clock, Account: account, Region: region, Category: category, Record: record}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) advance(by time.Duration) { w.clock = w.clock.Add(by) }

// coded is an error as the SDK makes them.
type coded string

func (c coded) Error() string     { return "the upstream says " + string(c) }
func (c coded) ErrorCode() string { return string(c) }

// memory holds buckets in memory. It remembers when an object changes.
type memory struct {
	objects map[string]Object // by bucket/key
	broken  map[string]coded  // by bucket
	changed []string
	left    int // puts until a bucket breaks, 0 for never
}

func newMemory() *memory { return &memory{objects: map[string]Object{}, broken: map[string]coded{}} }

func (m *memory) Put(ctx context.Context, o Object) error {
	if code := m.broken[o.Bucket]; code != "" {
		return code
	}
	name := o.Bucket + "/" + o.Key
	if was, ok := m.objects[name]; ok && !bytes.Equal(was.Body, o.Body) {
		m.changed = append(m.changed, name)
	}
	m.objects[name] = o
	if m.left > 0 {
		if m.left--; m.left == 0 {
			m.broken[o.Bucket] = "SlowDown"
		}
	}
	return nil
}

type memoryStreams struct {
	events map[string][]string
	calls  int
	broken coded
}

func (m *memoryStreams) Put(ctx context.Context, s Stream, events []string) error {
	m.calls++
	if m.broken != "" {
		return m.broken
	}
	if m.events == nil {
		m.events = map[string][]string{}
	}
	name := s.Account + "/" + s.Region + "/" + s.Group + "/" + s.Name
	m.events[name] = append(m.events[name], events...)
	return nil
}

type memoryTopic struct {
	messages []string
	broken   coded
}

func (m *memoryTopic) Publish(ctx context.Context, topicARN, message string) error {
	if m.broken != "" {
		return m.broken
	}
	m.messages = append(m.messages, topicARN+" "+message)
	return nil
}

// evidence is the content of the buckets, read without the deliverer's state.
type evidence struct {
	times   map[string]int              // how often each event is in log files
	logs    map[string][]byte           // plain, by bucket/key
	chains  map[string][]*digest.Digest // by account/Region, in order of their ends
	objects map[*digest.Digest]archive.Key
	listed  map[string]int // how often each log file is in digests
}

// examine reads all objects, verifies every digest and log file, and every chain.
func (w *world) examine() *evidence {
	t := w.t
	t.Helper()
	if len(w.bucket.changed) > 0 {
		t.Errorf("objects were put again with other bytes: %q", w.bucket.changed)
	}
	e := &evidence{
		map[string]int{}, map[string][]byte{}, map[string][]*digest.Digest{}, map[*digest.Digest]archive.Key{}, map[string]int{},
	}
	signatures := map[*digest.Digest]string{}
	hashes := map[*digest.Digest]string{}
	for _, name := range slices.Sorted(maps.Keys(w.bucket.objects)) {
		o := w.bucket.objects[name]
		key, err := archive.ParseKey(o.Key)
		if err != nil || key.Name != "" || key.Flat {
			t.Fatalf("%s is no key of CloudTrail: %v", o.Key, err)
		}
		plain := archivetest.Gunzip(t, o.Body)
		if key.Kind != archive.Digest {
			e.log(t, name, plain)
			continue
		}
		d, err := digest.Parse(plain)
		if err != nil {
			t.Fatal(err)
		}
		w.verify(d, o, plain)
		chain := key.Account + "/" + key.Region + fmt.Sprint(key.Backfill)
		e.chains[chain] = append(e.chains[chain], d)
		e.objects[d] = key
		signatures[d], hashes[d] = o.Metadata[digest.MetadataSignature], hash(plain)
	}
	for _, chain := range e.chains {
		slices.SortFunc(chain, func(a, b *digest.Digest) int { return strings.Compare(a.DigestEndTime, b.DigestEndTime) })
		for i, d := range chain {
			for _, l := range d.LogFiles {
				e.listed[l.S3Bucket+"/"+l.S3Object]++
				plain, ok := e.logs[l.S3Bucket+"/"+l.S3Object]
				if !ok || hash(plain) != l.HashValue {
					t.Errorf("%s lists %s, which is not there like that", d.DigestS3Object, l.S3Object)
				}
			}
			if d.IsStarting() {
				continue
			}
			if i == 0 {
				t.Errorf("%s has a predecessor that is missing", d.DigestS3Object)
				continue
			}
			p := chain[i-1]
			if *d.PreviousDigestS3Object != p.DigestS3Object || *d.PreviousDigestS3Bucket != p.DigestS3Bucket ||
				*d.PreviousDigestSignature != signatures[p] || *d.PreviousDigestHashValue != hashes[p] {
				t.Errorf("%s does not follow %s", d.DigestS3Object, p.DigestS3Object)
			}
			if !e.objects[d].Backfill && d.DigestStartTime != p.DigestEndTime {
				t.Errorf("%s begins at %s, but the one before ends at %s", d.DigestS3Object, d.DigestStartTime, p.DigestEndTime)
			}
		}
	}
	return e
}

func (e *evidence) log(t *testing.T, name string, plain []byte) {
	t.Helper()
	e.logs[name] = plain
	var content struct{ Records []struct{ EventID string } }
	if err := json.Unmarshal(plain, &content); err != nil || len(content.Records) == 0 {
		t.Fatalf("%s: %v, %d records", name, err, len(content.Records))
	}
	for _, r := range content.Records {
		e.times[r.EventID]++
	}
}

// verify checks a digest against the keys that the sandbox would list.
func (w *world) verify(d *digest.Digest, o Object, plain []byte) {
	w.t.Helper()
	if d.DigestS3Bucket != o.Bucket || d.DigestS3Object != o.Key {
		w.t.Errorf("%s says that it is %s", o.Key, d.DigestS3Object)
	}
	key, _ := archive.ParseKey(o.Key)
	at, err := time.Parse(time.RFC3339, d.DigestEndTime)
	if generated := o.Metadata[digest.MetadataBackfillTimestamp]; generated != "" {
		at, err = time.Parse("2006-01-02T15:04:05.000Z", generated)
	}
	if err != nil || key.Backfill != (o.Metadata[digest.MetadataBackfillTimestamp] != "") {
		w.t.Errorf("%s: metadata %v, %v", o.Key, o.Metadata, err)
	}
	for _, k := range w.d.PublicKeys(key.Region, at, at) {
		if k.Fingerprint != d.DigestPublicKeyFingerprint {
			continue
		}
		public, err := digest.ParsePublicKey(k.Value)
		if err == nil {
			err = digest.Verify(public, d, plain, o.Metadata[digest.MetadataSignature])
		}
		if err != nil {
			w.t.Errorf("%s: %v", o.Key, err)
		}
		return
	}
	w.t.Errorf("%s: no key listed for %s", o.Key, at)
}

// wantDelivered checks that the wanted events are in the bucket, each once, and no
// other.
func (w *world) wantDelivered(e *evidence) {
	w.t.Helper()
	for id := range w.wanted {
		if e.times[id] != 1 {
			w.t.Errorf("%s is in the bucket %d times", id, e.times[id])
		}
	}
	if len(e.times) != len(w.wanted) {
		w.t.Errorf("%d events are in the bucket, %d are wanted", len(e.times), len(w.wanted))
	}
}

// wantListed checks that each log file is in one digest.
func (w *world) wantListed(e *evidence) {
	w.t.Helper()
	for name := range e.logs {
		if e.listed[name] != 1 {
			w.t.Errorf("%s is in %d digests", name, e.listed[name])
		}
	}
}

// listSpool names the files of the first trail.
func listSpool(w *world) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(w.dir, "delivery", "t1"))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}
