package verify_test

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// chainOfActions writes a chain by its steps, for scenarios of the tests of the AWS CLI:
// "link" a digest that names the one before it, "start" one that names none,
// "missing" one that is not there, "invalid" one with a bad signature, "pause" hours
// without digests, "bucket" another bucket from here on.
func chainOfActions(t *testing.T, m memory, backfill bool, actions ...string) *builder {
	t.Helper()
	b := newBuilder(m, "main")
	minute := 7 * time.Minute
	if backfill {
		minute = 17 * time.Minute
	}
	add := func() string {
		start := b.end
		b.end = start.Add(time.Hour)
		b.write(t, start, []digest.LogFile{b.log(t, start.Add(minute), fmt.Sprintf("{%d}", len(b.logs)))}, backfill)
		key := b.digests[len(b.digests)-1]
		if backfill {
			m[key].metadata[digest.MetadataBackfillTimestamp] = b.end.Add(24 * time.Hour).Format(time.RFC3339)
		}
		return key
	}
	for i, action := range actions {
		switch action {
		case "link":
			add()
		case "start":
			b.previous = nil
			add()
		case "missing":
			delete(m, add())
		case "invalid":
			m.edit(t, add(), func(d document) { d["note"] = "x" }, nil)
		case "pause":
			b.end = b.end.Add(2 * time.Hour)
		case "bucket":
			b.bucket = fmt.Sprintf("bucket-%d", i)
		default:
			t.Fatalf("no action %q", action)
		}
	}
	return b
}

// conformance are the scenarios of the AWS CLI's own tests of validate-logs, by
// what they describe. count is the number of digests and log files in each state
// that verify counts; a comment says where it must say more than the CLI.
var conformance = []struct {
	name    string
	actions []string // of the standard chain
	late    []string // of the chain of backfill
	change  func(t *testing.T, m memory, b *builder)
	opts    verify.Options
	keys    func() *verify.Keys
	digests string
	logs    string
	others  string
}{
	{name: "happy case", actions: []string{"start", "link", "link"}, digests: "3 valid", logs: "3 valid"},
	// A pause, then a link that is missing, a link and a missing one.
	{name: "digests deleted", actions: []string{"start", "pause", "missing", "link", "missing", "link"},
		digests: "4 missing, 3 valid", logs: "2 unverifiable, 3 valid"}, // each missing hour is named, the CLI names two digests
	{name: "no digests in a gap", actions: []string{"start", "link", "pause", "start"}, digests: "3 valid", logs: "3 valid",
		others: "1 unverifiable"}, // the CLI calls this a note
	{name: "a digest invalid", actions: []string{"start", "invalid", "link"}, digests: "1 tampered, 2 valid", logs: "1 unverifiable, 2 valid"},
	{name: "no digests after the start", actions: []string{"start", "link"}, opts: verify.Options{Since: begin.AddDate(0, 1, 0)},
		digests: "none", logs: "none"},
	{name: "no digests in the range", digests: "none", logs: "none"},
	{name: "no valid digests in the range", actions: []string{"invalid"}, digests: "1 tampered", logs: "1 unverifiable"},
	{name: "the hash of a log file invalid", actions: []string{"start", "link"}, digests: "2 valid", logs: "1 tampered, 1 valid",
		change: changing("change the text", func(b *builder) string { return b.logs[1] })},
	{name: "a log file with two gzip members", actions: []string{"start", "link"}, digests: "2 valid", logs: "1 tampered, 1 valid",
		change: changing("append a gzip member", func(b *builder) string { return b.logs[1] })},
	{name: "a log file deleted", actions: []string{"start", "link"}, digests: "2 valid", logs: "1 missing, 1 valid",
		change: func(_ *testing.T, m memory, b *builder) { delete(m, b.logs[1]) }},
	{name: "a log file that is not gzip", actions: []string{"start", "link"}, digests: "2 valid", logs: "1 tampered, 1 valid",
		change: changing("not gzip", func(b *builder) string { return b.logs[1] })},
	{name: "a digest that is not where it says", actions: []string{"start", "link", "link"}, digests: "1 tampered, 2 valid", logs: "1 unverifiable, 2 valid",
		change: editing(1, func(d document) { d["digestS3Object"] = "AWSLogs/elsewhere.json.gz" })},
	{name: "a digest without required members", actions: []string{"start", "link", "link"}, digests: "1 tampered, 2 valid", logs: "1 unverifiable, 2 valid",
		change: editing(1, func(d document) { delete(d, "digestPublicKeyFingerprint") })},
	{name: "a digest without metadata", actions: []string{"start", "link"}, digests: "1 unverifiable, 1 valid", logs: "1 unverifiable, 1 valid",
		change: func(_ *testing.T, m memory, b *builder) {
			o := m[b.digests[1]]
			o.metadata = nil
			m[b.digests[1]] = o
		}},
	{name: "a digest that is not gzip", actions: []string{"start", "link", "link"}, digests: "1 tampered, 2 valid", logs: "1 unverifiable, 2 valid",
		change: changing("not gzip", func(b *builder) string { return b.digests[1] })},
	{name: "a digest that is not JSON", actions: []string{"start", "link", "link"}, digests: "1 tampered, 2 valid", logs: "1 unverifiable, 2 valid",
		change: func(t *testing.T, m memory, b *builder) {
			o := m[b.digests[1]]
			o.body = archivetest.Gzip(t, []byte("no JSON"))
			m[b.digests[1]] = o
		}},
	{name: "the bucket changes twice", actions: []string{"start", "link", "bucket", "link", "bucket", "link", "link"}, digests: "5 valid", logs: "5 valid"},
	{name: "standard digests only", actions: []string{"start", "link", "link"}, digests: "3 valid", logs: "3 valid"},
	{name: "digests of backfill only", late: []string{"start", "link"}, digests: "2 valid", logs: "2 valid"},
	// A digest of backfill adds to one that was delivered, so the standard ones of its
	// hours should be there.
	{name: "both, fewer standard ones", actions: []string{"start", "link"}, late: []string{"start", "link", "link", "link"}, digests: "6 valid", logs: "6 valid",
		others: "1 missing"},
	{name: "both, fewer of backfill", actions: []string{"start", "link", "link", "link"}, late: []string{"start", "link"}, digests: "6 valid", logs: "6 valid"},
	// Digests of backfill need not follow each other, so one that is gone shows by the
	// log file that nothing lists any more.
	{name: "backfill with a missing one", actions: []string{"start", "link", "link"}, late: []string{"start", "missing", "link"},
		digests: "5 valid", logs: "1 tampered, 5 valid"},
	{name: "backfill with an invalid one", late: []string{"start", "invalid", "link"}, digests: "1 tampered, 2 valid", logs: "1 unverifiable, 2 valid"},
	{name: "backfill with a pause", late: []string{"start", "pause", "link"}, digests: "2 valid", logs: "2 valid"},
	{name: "backfill over two buckets", late: []string{"start", "bucket", "link"}, digests: "2 valid", logs: "2 valid"},
	{name: "backfill without its metadata", late: []string{"start"}, digests: "1 tampered", logs: "1 unverifiable",
		change: func(_ *testing.T, m memory, b *builder) {
			for key := range m {
				delete(m[key].metadata, digest.MetadataBackfillTimestamp)
			}
		}},
	{name: "the public key is not found", actions: []string{"start", "link"}, keys: func() *verify.Keys { return verify.NewKeys() },
		digests: "2 unverifiable", logs: "2 unverifiable"},
	{name: "the public key is none", actions: []string{"start", "link"}, digests: "2 unverifiable", logs: "2 unverifiable",
		keys: func() *verify.Keys {
			k := published(keyPair())
			k.Value = k.Value[:40]
			return verify.NewKeys([]digest.PublicKey{k})
		}},
	{name: "the public key in the form of PKIX", actions: []string{"start", "link"}, digests: "2 unverifiable", logs: "2 unverifiable",
		keys: func() *verify.Keys { // another fingerprint, which the digests do not name
			der, _ := x509.MarshalPKIXPublicKey(&keyPair().PublicKey)
			k := published(keyPair())
			k.Value, k.Fingerprint = der, digest.Fingerprint(der)
			return verify.NewKeys([]digest.PublicKey{k})
		}},
	{name: "digests of other trails and objects of other names", actions: []string{"start", "link"}, digests: "2 valid", logs: "2 valid",
		opts: verify.Options{Trails: []verify.Trail{{Name: "main", HomeRegion: region}}},
		change: func(t *testing.T, m memory, _ *builder) {
			other := newBuilder(m, "other")
			other.hour(t, 1)
			m["AWSLogs/"+account+"/CloudTrail-Digest/"+region+"/2026/01/05/bogus"] = stored{body: []byte("x")}
		}},
	{name: "another Region's digests", actions: []string{"start", "link"}, digests: "2 valid", logs: "2 valid", opts: verify.Options{Regions: []string{region}},
		change: func(t *testing.T, m memory, _ *builder) {
			other := newBuilder(m, "main")
			other.region = "us-east-1"
			other.hour(t, 1)
		}},
}

func changing(name string, key func(*builder) string) func(*testing.T, memory, *builder) {
	return func(t *testing.T, m memory, b *builder) {
		changes[slices.IndexFunc(changes, func(c change) bool { return c.name == name })].do(t, m, key(b))
	}
}

func editing(i int, change func(document)) func(*testing.T, memory, *builder) {
	return func(t *testing.T, m memory, b *builder) { m.edit(t, b.digests[i], change, nil) }
}

func TestConformance(t *testing.T) {
	for _, test := range conformance {
		t.Run(strings.ReplaceAll(test.name, " ", "-"), func(t *testing.T) {
			m := memory{}
			b := chainOfActions(t, m, false, test.actions...)
			if test.late != nil {
				chainOfActions(t, m, true, test.late...)
			}
			if test.change != nil {
				test.change(t, m, b)
			}
			k := keys()
			if test.keys != nil {
				k = test.keys()
			}
			bad, sum := run(t, m, k, test.opts)
			want := []string{test.digests, test.logs, test.others}
			if test.others == "" {
				want[2] = "none"
			}
			if diff := cmp.Diff(want, []string{sum.Digests.String(), sum.LogFiles.String(), sum.Others.String()}); diff != "" {
				t.Errorf("%s%q", diff, short(bad))
			}
		})
	}
}

// Keys of all forms that trails deliver to are read: with a prefix, of an
// organization, and with both.
func TestConformancePrefixes(t *testing.T) {
	for _, prefix := range []string{"", "logs/", "a/b/"} {
		for _, organization := range []string{"", "o-exampleorg"} {
			m := memory{}
			b := newBuilder(m, "main")
			b.prefix, b.organization = prefix, organization
			b.hour(t, 2)
			b.hour(t, 0)
			b.hour(t, 1)
			bad, sum := run(t, m, keys(), verify.Options{})
			if len(bad) > 0 || sum.Digests[verify.Valid] != 3 || sum.LogFiles[verify.Valid] != 3 {
				t.Errorf("prefix %q, organization %q: %v %q", prefix, organization, sum.Digests, short(bad))
			}
		}
	}
}
