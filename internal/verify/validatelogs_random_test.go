package verify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/sandbox/delivery"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
	"github.com/cerpac/trailkeeper/internal/simulate"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// judged is an archive of one chain that validate-logs can judge.
type judged struct {
	m        memory
	trail    trails.Trail
	keys     []digest.PublicKey
	from, to time.Time
}

// damages are what may happen to one object. weakness is why validate-logs does
// not see it, if it does not.
var damages = []struct {
	name           string
	digests, logs  bool
	do             func(t *testing.T, m memory, key string)
	weakness       string
	weaknessOfLogs string
}{
	{"change the text", true, true, changed("change the text"), "", ""},
	{"not gzip", true, true, changed("not gzip"), "", ""},
	{"empty", true, true, changed("empty"), "", ""},
	{"append a gzip member", true, true, changed("append a gzip member"), "data after the first gzip member of a digest are ignored",
		"before 2026-05, data after the first gzip member are ignored"},
	{"truncate", false, true, changed("truncate"), "", "the checksum at the end of a gzip member is not asked for"},
	{"delete", true, true, func(_ *testing.T, m memory, key string) { delete(m, key) }, "of digests deleted in a row, one is named", ""},
	{"forge a neighbour", false, true, func(t *testing.T, m memory, key string) {
		m[strings.Replace(key, ".json.gz", "x.json.gz", 1)] = stored{body: archivetest.Gzip(t, []byte("{}"))}
	}, "", "only log files that a digest lists are looked at"},
}

func changed(name string) func(t *testing.T, m memory, key string) {
	return changes[slices.IndexFunc(changes, func(c change) bool { return c.name == name })].do
}

// TestValidateLogsRandom compares with `aws cloudtrail validate-logs` on archives
// that were not made for it, clean and damaged at random.
func TestValidateLogsRandom(t *testing.T) {
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("SKIPPED REAL SERVICE: the AWS CLI is not installed, so its validate-logs is not compared with")
	}
	for name, make := range map[string]func(*testing.T) judged{"simulate": simulated, "sandbox": sandboxed} {
		t.Run(name, func(t *testing.T) {
			whole := make(t)
			seed := rand.Uint64()
			random := rand.New(rand.NewPCG(seed, 0))
			for round := range exhaustive.Or(3, 40) {
				j, done := whole, map[string]int{}
				j.m = whole.m.clone()
				for range min(round, 1) * (1 + random.IntN(5)) { // the first round is of the clean archive
					key, i := whole.pick(random)
					if _, ok := done[key]; !ok {
						damages[i].do(t, j.m, key)
						done[key] = i
					}
				}
				t.Logf("seed %d, round %d: %d damaged", seed, round, len(done))
				j.compare(t, aws, done)
			}
		})
	}
}

// pick chooses an object and a damage. What is missing at the ends is told in other
// ways, so they stay.
func (j judged) pick(random *rand.Rand) (key string, damage int) {
	var digests, logs []string
	for _, key := range sorted(j.m) {
		if isDigest(key) {
			digests = append(digests, key)
		} else {
			logs = append(logs, key)
		}
	}
	digests = digests[1 : len(digests)-1]
	for {
		damage = random.IntN(len(damages))
		d := damages[damage]
		if list := [][]string{digests, logs}[random.IntN(2)]; isDigest(list[0]) && d.digests || !isDigest(list[0]) && d.logs {
			return list[random.IntN(len(list))], damage
		}
	}
}

var invalidLine = regexp.MustCompile(`(?m)^(?:\(backfill\) )?(?:Digest|Log) file\ts3://[^/]*/(\S+)\tINVALID`)

// compare runs both. done are the damages by key.
func (j judged) compare(t *testing.T, aws string, done map[string]int) {
	t.Helper()
	output, code := j.validateLogs(t, aws)
	bad, sum := run(t, j.m, verify.NewKeys(j.keys), verify.Options{})
	ours := map[string]bool{}
	for _, r := range bad {
		if r.State.Bad() {
			ours[r.Key] = true
		}
	}
	badDigest := false
	for key := range ours {
		badDigest = badDigest || isDigest(key)
	}
	theirs := map[string]bool{}
	for _, m := range invalidLine.FindAllStringSubmatch(output, -1) {
		theirs[m[1]] = true
	}
	if code != 0 && code != 1 || (code == 1) != (len(theirs) > 0) || code == 1 && !sum.Bad() || len(done) == 0 && (code != 0 || sum.Bad() || sum.Unknown()) {
		t.Errorf("validate-logs ends with %d, we find %q\n%s", code, short(bad), output)
	}
	for key := range theirs {
		// We do not believe the list of a digest with data after its gzip member, which
		// validate-logs ignores: of the log files that it lists nothing is known.
		if doubted := badDigest && !isDigest(key); !ours[key] && !doubted {
			t.Errorf("%s is invalid for validate-logs only: %q\n%s", key, short(bad), output)
		}
	}
	for key := range ours {
		i, ok := done[key]
		if !ok {
			i, ok = done[strings.TrimSuffix(key, "x.json.gz")+".json.gz"] // a forged file
		}
		switch {
		case !ok:
			t.Errorf("%s was not damaged: %q", key, short(bad))
		case theirs[key]:
		case isDigest(key) && damages[i].weakness == "", !isDigest(key) && damages[i].weaknessOfLogs == "":
			t.Errorf("%s (%s) is bad for us only, for no known reason\n%s", key, damages[i].name, output)
		}
	}
}

func (j judged) validateLogs(t *testing.T, aws string) (output string, code int) {
	t.Helper()
	return runValidateLogs(t, aws, awsServer{m: j.m, trail: j.trail.Name, region: j.trail.Region, account: j.trail.Account, bucket: j.trail.Bucket,
		keys: j.keys}, j.from, j.to)
}

// simulated is an archive of simulate.
func simulated(t *testing.T) judged {
	t.Helper()
	opts := simulate.DefaultOptions()
	opts.Out, opts.Seed, opts.Accounts, opts.Regions, opts.Days, opts.EventsPerDay = filepath.Join(t.TempDir(), "logs"), rand.Uint64N(1000), 1, 1, 1, 60
	opts.Attacks = nil
	sum, err := simulate.Run(t.Context(), opts, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	source, err := dirarchive.New(opts.Out)
	if err != nil {
		t.Fatal(err)
	}
	j := judged{m: memory{}, trail: trails.Trail{Name: sum.Trail, Region: sum.Home, Account: sum.Accounts[0].ID, Bucket: sum.Bucket}}
	err = source.List(t.Context(), archive.Filter{}, func(o archive.Object) error {
		if o.Info.Account == "" {
			return nil
		}
		body, attributes, err := source.Fetch(t.Context(), o)
		if err != nil {
			return err
		}
		defer body.Close()
		text, err := io.ReadAll(body)
		j.m[o.Key] = stored{body: text, metadata: attributes.Metadata}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(opts.Out, simulate.SideFolder, "public-keys.json"))
	if err == nil {
		j.keys, err = digest.ParsePublicKeyList(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return j.spanned(t)
}

// spanned sets the time that the digests cover.
func (j judged) spanned(t *testing.T) judged {
	t.Helper()
	for key := range j.m {
		if !isDigest(key) {
			continue
		}
		d := j.m.digest(t, key)
		from, _ := time.Parse(time.RFC3339, d.DigestStartTime)
		to, _ := time.Parse(time.RFC3339, d.DigestEndTime)
		if j.from.IsZero() || from.Before(j.from) {
			j.from = from
		}
		if to.After(j.to) {
			j.to = to
		}
	}
	return j
}

// oneTrail is the trail of a sandbox, and its bucket.
type oneTrail struct {
	trail trails.Trail
	m     memory
}

func (o oneTrail) All() []trails.Trail { return []trails.Trail{o.trail} }
func (oneTrail) Forget(string) error   { return nil }
func (o oneTrail) Put(_ context.Context, object delivery.Object) error {
	o.m[object.Key] = stored{body: object.Body, metadata: object.Metadata}
	return nil
}

// sandboxed is an archive that the sandbox delivers in eight hours.
func sandboxed(t *testing.T) judged {
	t.Helper()
	clock := time.Date(2026, 11, 20, 10, 0, 7, 0, time.UTC)
	bucket := oneTrail{m: memory{}, trail: trails.Trail{ID: "t1", Name: "main", ARN: "arn:aws:cloudtrail:" + region + ":" + account + ":trail/main",
		Account: account, Region: region, Bucket: "sandbox-logs", Validation: true, Logging: []trails.Span{{From: clock}}}}
	j, err := journal.Open(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	d, err := delivery.Open(delivery.Config{Dir: t.TempDir(), Now: func() time.Time { return clock }, Journal: j, Trails: bucket, Objects: bucket,
		DigestInterval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	start := clock
	for i := range 8 * 6 {
		clock = clock.Add(10 * time.Minute)
		record, err := json.Marshal(map[string]any{"eventID": fmt.Sprint("event-", i), "eventTime": clock.Format(time.RFC3339),
			"eventCategory": "Management", "managementEvent": true, "awsRegion": region, "recipientAccountId": account,
			"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "readOnly": false})
		if err == nil && i/6 != 3 { // an hour is empty
			_, err = j.Append(journal.Entry{Time: clock, Account: account, Region: region, Category: "Management", Record: record})
		}
		if err == nil {
			err = d.Pass(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	clock = clock.Add(10 * time.Minute)
	if err := d.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	return judged{m: bucket.m, trail: bucket.trail, keys: d.PublicKeys(region, start, clock)}.spanned(t)
}
