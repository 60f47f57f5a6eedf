package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
	"github.com/cerpac/trailkeeper/selector"
)

// running is a world with a trail that logs.
func running(t *testing.T, change func(*trails.Trail)) *world {
	t.Helper()
	w := newWorld(t)
	tr := trail()
	if change != nil {
		change(&tr)
	}
	w.trails = []trails.Trail{tr}
	w.start(0)
	return w
}

func (w *world) keys() []string {
	var keys []string
	for _, o := range w.bucket.objects {
		keys = append(keys, o.Key)
	}
	slices.Sort(keys)
	return keys
}

// shape replaces the parts of keys that differ from run to run.
func shape(keys []string) []string {
	var shaped []string
	for _, k := range keys {
		key, err := archive.ParseKey(k)
		if err == nil && key.Unique != "" {
			if len(key.Unique) != 16 {
				shaped = append(shaped, "unique part of "+k)
			}
			key.Unique = "UNIQUE"
		}
		shaped = append(shaped, key.String())
	}
	return shaped
}

func TestObjects(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*trails.Trail)
		events func(*world)
		want   []string
	}{
		{"plain", nil, func(w *world) { w.happen(home); w.happen(home) }, []string{
			"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/20/111122223333_CloudTrail_eu-west-1_20261120T1000Z_UNIQUE.json.gz",
		}},
		{"prefix, Regions", func(t *trails.Trail) { t.Prefix = "audit" }, func(w *world) { w.happen(home); w.happen(elsehere) }, []string{
			"audit/AWSLogs/111122223333/CloudTrail/ap-south-1/2026/11/20/111122223333_CloudTrail_ap-south-1_20261120T1000Z_UNIQUE.json.gz",
			"audit/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/20/111122223333_CloudTrail_eu-west-1_20261120T1000Z_UNIQUE.json.gz",
		}},
		{"organization", func(t *trails.Trail) { t.OrganizationID = "o-abc1234567" }, func(w *world) {
			w.append("444455556666", home, "Management", "a", "")
		}, []string{
			"AWSLogs/o-abc1234567/444455556666/CloudTrail/eu-west-1/2026/11/20/444455556666_CloudTrail_eu-west-1_20261120T1000Z_UNIQUE.json.gz",
		}},
		{"network activity", func(t *trails.Trail) {
			t.AdvancedSelectors = []selector.Advanced{{FieldSelectors: []selector.FieldSelector{{Field: "eventCategory", Equals: []string{"NetworkActivity"}}}}}
		}, func(w *world) {
			w.append(account, home, "NetworkActivity", "a", "")
			w.append(account, home, "Management", "b", "")
		}, []string{
			"AWSLogs/111122223333/CloudTrail-NetworkActivity/eu-west-1/2026/11/20/111122223333_CloudTrail-NetworkActivity_eu-west-1_20261120T1000Z_UNIQUE.json.gz",
		}},
		{"other account", nil, func(w *world) { w.append("444455556666", home, "Management", "a", "") }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := running(t, c.change)
			c.events(w)
			w.pass()
			if got := shape(w.keys()); !slices.Equal(got, c.want) {
				t.Errorf("objects\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestObjectIsWrittenAsAsked(t *testing.T) {
	w := running(t, func(t *trails.Trail) { t.KeyARN = "arn:aws:kms:eu-west-1:111122223333:key/k" })
	w.happen(home)
	w.pass()
	w.advance(interval)
	w.pass()
	if len(w.bucket.objects) != 2 {
		t.Fatalf("objects %q", w.keys())
	}
	for _, o := range w.bucket.objects {
		if o.KeyARN != w.trails[0].KeyARN || o.TrailARN != w.trails[0].ARN || o.Account != account || o.Region != home {
			t.Errorf("object is %+v", o)
		}
		if isDigest := strings.Contains(o.Key, "Digest"); isDigest != (o.Metadata[digest.MetadataSignatureAlgorithm] == "SHA256withRSA") {
			t.Errorf("metadata of %s is %v", o.Key, o.Metadata)
		}
	}
	w.wantDelivered(w.examine())
}

// TestDigests goes through the life of a chain.
func TestDigests(t *testing.T) {
	w := running(t, func(t *trails.Trail) { t.GlobalEvents = true })
	ends := func() map[string][]string {
		found := map[string][]string{}
		for chain, digests := range w.examine().chains {
			for _, d := range digests {
				end := strings.TrimPrefix(d.DigestEndTime, "2026-11-20T")
				if d.IsStarting() {
					end = "null<" + end
				}
				found[chain] = append(found[chain], fmt.Sprintf("%s %d", end, len(d.LogFiles)))
			}
		}
		return found
	}
	check := func(want map[string][]string) {
		t.Helper()
		w.wantDelivered(w.examine())
		if got := ends(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("digests %v, want %v", got, want)
		}
	}
	eu, us, ap := account+"/eu-west-1false", account+"/us-east-1false", account+"/ap-south-1false"
	w.happen(home)
	w.pass()
	check(map[string][]string{})
	w.advance(interval)
	w.pass() // an empty digest where nothing happened
	check(map[string][]string{eu: {"null<10:01:07Z 1"}, us: {"null<10:01:07Z 0"}})
	w.advance(10 * time.Second)
	w.happen(elsehere) // a chain begins with the first event
	w.advance(2 * interval)
	w.happen(elsehere)
	w.advance(interval)
	w.pass() // three intervals at once: an event is in the one where it happened
	check(map[string][]string{
		eu: {"null<10:01:07Z 1", "10:02:07Z 0", "10:03:07Z 0", "10:04:07Z 0"},
		us: {"null<10:01:07Z 0", "10:02:07Z 0", "10:03:07Z 0", "10:04:07Z 0"},
		ap: {"null<10:02:07Z 1", "10:03:07Z 0", "10:04:07Z 1"},
	})
	w.happen(home)
	w.stop(0)
	w.advance(interval)
	w.pass() // the final digest has what remained
	w.wantListed(w.examine())
	w.advance(2 * interval)
	w.pass() // and none after it
	w.start(0)
	w.happen(home)
	w.advance(interval)
	w.pass() // a new start
	w.wantListed(w.examine())
	check(map[string][]string{
		eu: {"null<10:01:07Z 1", "10:02:07Z 0", "10:03:07Z 0", "10:04:07Z 0", "10:05:07Z 1", "null<10:08:17Z 1"},
		us: {"null<10:01:07Z 0", "10:02:07Z 0", "10:03:07Z 0", "10:04:07Z 0", "10:05:07Z 0", "null<10:08:17Z 0"},
		ap: {"null<10:02:07Z 1", "10:03:07Z 0", "10:04:07Z 1", "10:05:07Z 0", "null<10:08:17Z 0"},
	})
}

func TestChainFollowsTheBucket(t *testing.T) {
	w := running(t, nil)
	for _, bucket := range []string{"logs", "second", "third"} {
		w.trails[0].Bucket, w.trails[0].Prefix = bucket, bucket
		w.happen(home)
		w.advance(interval)
		w.pass()
	}
	e := w.examine()
	w.wantDelivered(e)
	w.wantListed(e)
	var buckets []string
	for _, d := range e.chains[account+"/eu-west-1false"] {
		buckets = append(buckets, d.DigestS3Bucket)
	}
	if fmt.Sprint(buckets) != "[logs second third]" {
		t.Errorf("digests are in %v", buckets)
	}
}

func TestValidationOffAndOn(t *testing.T) {
	w := running(t, func(t *trails.Trail) { t.Validation = false })
	step := func(validation bool) {
		w.trails[0].Validation = validation
		w.happen(home)
		w.pass()
		w.advance(interval)
		w.pass()
	}
	for _, validation := range []bool{false, true, true, false, false, true} {
		step(validation)
	}
	e := w.examine()
	w.wantDelivered(e)
	var starting, all int
	for _, d := range e.chains[account+"/eu-west-1false"] {
		all++
		if d.IsStarting() {
			starting++
		}
	}
	// Two digests, the final one after validation was turned off, and one more.
	if starting != 2 || all != 4 {
		t.Errorf("%d digests, %d of them starting", all, starting)
	}
}

// TestBackfill holds a bucket broken over the end of intervals.
func TestBackfill(t *testing.T) {
	w := running(t, nil)
	w.happen(home)
	w.pass()
	w.bucket.broken["logs"] = "AccessDenied"
	for range 3 {
		w.happen(home)
		w.advance(interval)
		w.pass()
		w.pass()
	}
	if s := w.d.Status("t1", home); s.Logs.Error != "AccessDenied" || s.Digests.Error != "AccessDenied" || s.Logs.Latest.IsZero() {
		t.Errorf("status is %+v", s)
	}
	if len(w.bucket.objects) != 1 {
		t.Fatalf("objects %q", w.keys())
	}
	w.open() // the spool outlives the process
	delete(w.bucket.broken, "logs")
	w.pass()
	e := w.examine()
	w.wantDelivered(e)
	w.wantListed(e)
	normal, backfill := e.chains[account+"/eu-west-1false"], e.chains[account+"/eu-west-1true"]
	if len(normal) != 3 || len(backfill) != 3 {
		t.Errorf("%d digests and %d backfill digests", len(normal), len(backfill))
	}
	if len(normal[0].LogFiles) != 1 {
		t.Errorf("the first digest has %d files", len(normal[0].LogFiles))
	}
	if s := w.d.Status("t1", home); s.Logs.Error != "" || s.Digests.Error != "" || !s.Logs.Latest.Equal(w.clock) {
		t.Errorf("status is %+v", s)
	}
}

// TestBackfillWaitsForAllFiles breaks the bucket again in the midst of the files
// of an interval.
func TestBackfillWaitsForAllFiles(t *testing.T) {
	w := running(t, nil)
	w.bucket.broken["logs"] = "AccessDenied"
	w.happen(home)
	w.pass() // spools a file
	w.happen(home)
	w.advance(interval)
	w.pass() // and another
	w.bucket.left = 1
	for range 2 {
		clear(w.bucket.broken)
		w.pass()
	}
	e := w.examine()
	w.wantDelivered(e)
	w.wantListed(e)
	if backfill := e.chains[account+"/eu-west-1true"]; len(backfill) != 1 || len(backfill[0].LogFiles) != 2 {
		t.Errorf("%d backfill digests", len(backfill))
	}
}

func TestManyMissedIntervals(t *testing.T) {
	w := running(t, nil)
	w.happen(home)
	w.pass()
	w.advance(5000 * interval)
	w.happen(home)
	w.pass()
	w.advance(interval)
	w.pass()
	e := w.examine()
	w.wantDelivered(e)
	w.wantListed(e)
	if n := len(e.chains[account+"/eu-west-1false"]); n != maxMissed+2 {
		t.Errorf("%d digests", n)
	}
}

// TestBucketBrokenForLong checks that at most maxWaiting files are queued.
func TestBucketBrokenForLong(t *testing.T) {
	w := running(t, nil)
	w.pass()
	w.bucket.broken["logs"] = "AccessDenied"
	for range 3 {
		w.happen(home)
		w.advance(800 * interval)
		w.pass()
	}
	if n := len(w.d.states["t1"].Queue); n != maxWaiting {
		t.Errorf("%d files wait", n)
	}
	clear(w.bucket.broken)
	w.pass()
	w.pass()
	e := w.examine()
	w.wantDelivered(e)
	w.wantListed(e)
	normal := e.chains[account+"/eu-west-1false"]
	if last := normal[len(normal)-1].DigestEndTime; last != stamp(w.clock) {
		t.Errorf("digests end at %s, it is %s", last, w.clock)
	}
}

func TestDeletedTrail(t *testing.T) {
	for _, c := range []struct {
		name    string
		broken  coded
		forgets bool
	}{{"", "", true}, {"no bucket", "NoSuchBucket", true}, {"no permission", "AccessDenied", false}} {
		t.Run(c.name, func(t *testing.T) {
			w := running(t, nil)
			w.happen(home)
			w.pass()
			w.advance(10 * time.Second)
			w.happen(home)
			w.trails[0].Deleted = w.clock
			w.pass() // too early: calls may be under way
			if len(w.trails) != 1 {
				t.Fatal("forgotten at once")
			}
			w.wanted["late"] = true
			w.append(account, home, "Management", "late", "")
			w.advance(2 * time.Second)
			w.happen(home)
			w.bucket.broken["logs"] = c.broken
			w.pass()
			if forgotten := len(w.trails) == 0; forgotten != c.forgets {
				t.Fatalf("forgotten: %v", forgotten)
			}
			if !c.forgets {
				w.bucket.broken = map[string]coded{}
				w.pass()
			}
			if c.broken != "NoSuchBucket" {
				e := w.examine()
				delete(w.wanted, "event-3")
				w.wantDelivered(e)
				w.wantListed(e)
			}
			w.pass()
			w.open()
			if len(w.d.states) != 0 {
				t.Errorf("%d states are left", len(w.d.states))
			}
		})
	}
}

func TestBigBacklog(t *testing.T) {
	w := running(t, nil)
	pad := strings.Repeat("p", 100_000)
	for i := range 400 { // more than two chunks
		id := fmt.Sprint(i)
		w.append(account, home, "Management", id, pad)
		w.wanted[id] = true
	}
	w.pass()
	e := w.examine()
	w.wantDelivered(e)
	for name, plain := range e.logs {
		if len(plain) > maxPlain+100 {
			t.Errorf("%s has %d bytes", name, len(plain))
		}
	}
}

func TestNewTrailDoesNotReadOldEvents(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.happen(home)
	}
	w.advance(time.Hour)
	w.trails = []trails.Trail{trail()}
	w.start(0)
	w.happen(home)
	if needed := w.d; needed != nil {
		t.Fatal("opened")
	}
	w.open()
	if n := w.d.Needed(); n != 1 {
		t.Errorf("Needed is %d before the first pass", n)
	}
	w.bucket.broken["logs"] = "AccessDenied"
	w.pass()
	w.happen(home)
	w.pass()
	if n := w.d.Needed(); n != 7 {
		t.Errorf("Needed is %d while the seventh waits", n)
	}
	delete(w.bucket.broken, "logs")
	w.pass()
	if n := w.d.Needed(); n != 8 {
		t.Errorf("Needed is %d after all", n)
	}
	w.wantDelivered(w.examine())
}

func TestTopic(t *testing.T) {
	const topic = "arn:aws:sns:eu-west-1:111122223333:files"
	w := running(t, func(t *trails.Trail) { t.TopicARN = topic })
	w.topic.broken = "AuthorizationError"
	w.happen(home)
	w.pass()
	if s := w.d.Status("t1", home).Notifications; s.Error != "AuthorizationError" || !s.Latest.IsZero() || !s.LatestAttempt.Equal(w.clock) {
		t.Errorf("status is %+v", s)
	}
	w.topic.broken = ""
	w.open()
	w.advance(interval)
	w.pass()
	var logs []string
	for _, key := range w.keys() {
		if !strings.Contains(key, "Digest") {
			logs = append(logs, key)
		}
	}
	want := topic + ` {"s3Bucket":"logs","s3ObjectKey":["` + logs[0] + `"]}`
	if !slices.Equal(w.topic.messages, []string{want}) {
		t.Errorf("messages %q, want %q", w.topic.messages, want)
	}
	if s := w.d.Status("t1", home).Notifications; s.Error != "" || !s.Latest.Equal(w.clock) {
		t.Errorf("status is %+v", s)
	}
}

func TestLogGroup(t *testing.T) {
	const other = "444455556666"
	group := func(t *trails.Trail) {
		t.LogGroupARN, t.OrganizationID = "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*", "o-abc1234567"
	}
	w := running(t, group)
	put := func(account, id, pad string) { w.append(account, home, "Management", id, pad) }
	put(account, "a", "")
	put(other, "b", "")
	put(account, "too long", strings.Repeat("p", maxEvent))
	w.streams.broken = "AccessDenied"
	w.pass()
	if s := w.d.Status("t1", home); s.LogGroup.Error != "AccessDenied" || s.Logs.Error != "" {
		t.Errorf("status is %+v", s)
	}
	if len(w.bucket.objects) != 2 {
		t.Errorf("the log group held up the bucket: %q", w.keys())
	}
	w.streams.broken = ""
	w.open()
	w.pass()
	for range 11 {
		put(account, "c", strings.Repeat("p", 200_000))
	}
	w.pass()
	got := map[string]string{}
	for stream, events := range w.streams.events {
		for _, e := range events {
			var r struct{ EventID string }
			if err := json.Unmarshal([]byte(e), &r); err != nil {
				t.Fatal(err)
			}
			got[stream] += r.EventID
		}
	}
	want := map[string]string{
		"111122223333/eu-west-1/trail/o-abc1234567_111122223333_CloudTrail_eu-west-1": "accccccccccc",
		"111122223333/eu-west-1/trail/o-abc1234567_444455556666_CloudTrail_eu-west-1": "b",
	}
	if !maps.Equal(got, want) {
		t.Errorf("streams %v, want %v", got, want)
	}
	if w.streams.calls != 1+2+3 {
		t.Errorf("%d calls", w.streams.calls)
	}
}

// TestLogGroupAddedLater gives a trail a log group: it gets what happens from then on.
func TestLogGroupAddedLater(t *testing.T) {
	w := running(t, nil)
	w.happen(home)
	w.pass()
	w.trails[0].LogGroupARN = "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*"
	w.happen(home)
	w.pass()
	events := w.streams.events["111122223333/eu-west-1/trail/111122223333_CloudTrail_eu-west-1"]
	if len(events) != 1 || !strings.Contains(events[0], "event-2") {
		t.Errorf("events %q", events)
	}
}

func TestBadStateIsNamed(t *testing.T) {
	w := running(t, nil)
	w.happen(home)
	w.pass()
	for _, text := range []string{`{"Format":`, `{"Format":99}`} {
		if err := w.d.config.files.Write("t1/state.json", []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(w.config()); err == nil || !strings.Contains(err.Error(), "t1/state.json") {
			t.Errorf("Open gives %v", err)
		}
	}
}

func TestReportsOnce(t *testing.T) {
	w := running(t, nil)
	var reports []string
	c := w.config()
	c.Report = func(err error) { reports = append(reports, err.Error()) }
	d, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	w.d = d
	for _, code := range []coded{"AccessDenied", "AccessDenied", "NoSuchBucket", "", "AccessDenied"} {
		w.bucket.broken["logs"] = code
		w.happen(home)
		w.pass()
	}
	const start = `deliver events of trail "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main" to bucket "logs" for account 111122223333: the upstream says `
	want := []string{start + "AccessDenied", start + "NoSuchBucket", start + "AccessDenied"}
	if !slices.Equal(reports, want) {
		t.Errorf("reports %q, want %q", reports, want)
	}
}

// TestKeysOfMonths lets digests outlive the keys that signed them.
func TestKeysOfMonths(t *testing.T) {
	w := running(t, nil)
	c := w.config()
	c.DigestInterval = 5 * 24 * time.Hour
	d, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	w.d = d
	for range 8 {
		w.happen(home)
		w.advance(c.DigestInterval)
		w.pass()
	}
	fingerprints := map[string]bool{}
	for _, d := range w.examine().chains[account+"/eu-west-1false"] {
		fingerprints[d.DigestPublicKeyFingerprint] = true
	}
	if len(fingerprints) != 2 {
		t.Errorf("%d keys signed", len(fingerprints))
	}
}

// TestStatusDuringPasses is for the race detector.
func TestStatusDuringPasses(t *testing.T) {
	w := running(t, nil)
	w.open()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 500 {
			w.d.Status("t1", home)
			w.d.PublicKeys(home, epoch(), epoch())
		}
	}()
	for range 10 {
		w.happen(home)
		w.pass()
	}
	<-done
}

// picky lets CloudTrail write for one account only.
type picky struct {
	gate
	account string
	asked   int
}

func (p *picky) Bucket(_ context.Context, t permit.Trail) error {
	p.asked++
	if !strings.HasPrefix(t.Object, "AWSLogs/o-abc1234567/"+p.account+"/") {
		return &permit.Denial{Code: "InsufficientS3BucketPolicyException", Status: "AccessDenied", Why: "no statement allows it"}
	}
	return nil
}

func TestPolicyForgotAnAccount(t *testing.T) {
	w := running(t, func(t *trails.Trail) { t.OrganizationID = "o-abc1234567" })
	var reports []string
	gate := &picky{account: account}
	c := w.config()
	c.Permit, c.Report = gate, func(err error) { reports = append(reports, err.Error()) }
	d, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	w.d = d
	w.append("444455556666", elsehere, "Management", "a", "")
	w.happen(home)
	w.pass()
	w.pass()
	if keys := w.keys(); len(keys) != 1 || !strings.Contains(keys[0], account) {
		t.Errorf("objects %q", keys)
	}
	if here, there := w.d.Status("t1", home).Logs, w.d.Status("t1", elsehere).Logs; here.Error != "" || there.Error != "AccessDenied" {
		t.Errorf("status is %+v and %+v", here, there)
	}
	if len(reports) != 1 || !strings.Contains(reports[0], "no statement allows it") {
		t.Errorf("reports %q", reports)
	}
	if gate.asked != 3 {
		t.Errorf("asked %d times", gate.asked)
	}
}
