package verify_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/anchor"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// site is an archive with everything that makes damage hard to tell: two trails
// whose log files share a folder, a second Region, an empty hour, and a digest of
// backfill.
type site struct {
	m                         memory
	main, other, abroad, late *builder
	anchorDir                 string // with a log of what a run over the whole archive saw
}

const (
	siteHours = 10
	emptyHour = 4 // of the main chain
)

func newSite(t *testing.T) *site {
	t.Helper()
	m := memory{}
	s := &site{m: m, main: newBuilder(m, "main"), other: newBuilder(m, "other"), abroad: newBuilder(m, "main"), late: newBuilder(m, "main")}
	s.abroad.region = "us-east-1"
	for hour := range siteHours {
		if hour == emptyHour {
			s.main.hour(t, 0)
		} else {
			s.main.hour(t, 2)
		}
		s.other.hour(t, 1)
		s.abroad.hour(t, 1)
	}
	s.late.end = begin.Add(4 * time.Hour)
	file := s.late.log(t, begin.Add(3*time.Hour+7*time.Minute), `{"Records":[]}`)
	s.late.write(t, begin.Add(3*time.Hour), []digest.LogFile{file}, true)
	object := m[s.late.digests[0]]
	object.metadata[digest.MetadataBackfillTimestamp] = s.main.end.Format("2006-01-02T15:04:05.000Z")
	bad, sum := run(t, m, keys(), verify.Options{})
	if len(bad) > 0 || sum.Digests[verify.Valid] != 3*siteHours+1 {
		t.Fatalf("the whole archive has %v: %q", sum.Digests, lines(bad))
	}
	s.anchorDir = t.TempDir()
	log := s.anchors(t)
	if _, err := log.Append(sum.Heads); err != nil {
		t.Fatal(err)
	}
	return s
}

// anchors returns a log of what a run over the whole archive saw.
func (s *site) anchors(t *testing.T) *anchor.Log {
	t.Helper()
	log, err := anchor.Open(s.anchorDir)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil { // releases the lock; what was read stays
		t.Fatal(err)
	}
	return log
}

// place is a kind of object, and the objects of the site that are of it.
type place struct {
	name string
	keys []string
}

// logsOf returns the log files that a digest of the main chain or of backfill lists.
func (s *site) logsOf(t *testing.T, key string) (logs []string) {
	t.Helper()
	for _, f := range s.m.digest(t, key).LogFiles {
		logs = append(logs, f.S3Object)
	}
	return logs
}

func (s *site) places() (logs, digests []place) {
	// The empty hour is between the logs 7 and 8.
	l := s.main.logs
	logs = []place{{"log files", []string{l[0], l[7], l[8], l[11], l[len(l)-1], s.late.logs[0]}}}
	d := s.main.digests
	digests = []place{
		{"first digest", d[:1]}, {"inner digests", []string{d[2], d[emptyHour], d[5]}}, {"newest digest", d[siteHours-1:]}, {"backfill digest", s.late.digests},
	}
	return logs, digests
}

// tampering is one change of the site and what must be said of it.
type tampering struct {
	do func(m memory)
	// named must all be reported, each in one of the states.
	named  []string
	states []verify.State
	// follows may be reported, but not accused; blamed may be accused, too.
	follows, blamed []string
}

// outcome counts what was said of changes of the archive. Proven are changes that
// leave everything as it was signed.
type outcome struct{ named, missed, falseAlarms, proven int }

func (o *outcome) add(p outcome) {
	o.named, o.missed, o.falseAlarms, o.proven = o.named+p.named, o.missed+p.missed, o.falseAlarms+p.falseAlarms, o.proven+p.proven
}

func (o outcome) String() string {
	counts := fmt.Sprintf("%d / %d / %d", o.named, o.missed, o.falseAlarms)
	switch {
	case o.proven > 0 && o.named+o.missed+o.falseAlarms == 0:
		return fmt.Sprintf("%d proven", o.proven)
	case o.proven > 0:
		return fmt.Sprintf("%s, %d proven", counts, o.proven)
	}
	return counts
}

// try verifies a changed site.
func (s *site) try(t *testing.T, c tampering, opts verify.Options) (o outcome, said []verify.Result) {
	t.Helper()
	m := s.m.clone()
	c.do(m)
	bad, _ := run(t, m, keys(), opts)
	found := map[string]bool{}
	for _, r := range bad {
		subject := subject(r)
		switch {
		case slices.Contains(c.named, subject) && slices.Contains(c.states, r.State):
			found[subject] = true
		case slices.Contains(c.follows, subject) && !r.State.Bad():
		case slices.Contains(c.named, subject) && !r.State.Bad():
		case slices.Contains(c.blamed, subject):
		default:
			o.falseAlarms++
		}
	}
	switch {
	case len(c.named) == 0:
		o.proven++
	case len(found) == len(c.named):
		o.named++
	default:
		o.missed++
	}
	return o, bad
}

// short writes results in few words.
func short(results []verify.Result) []string {
	list := lines(results)
	for i, line := range list {
		if cut := strings.LastIndexByte(line, '/'); cut >= 0 {
			list[i] = line[:strings.LastIndexByte(line[:strings.IndexByte(line, '/')], ' ')+1] + line[cut+1:]
		}
	}
	return list
}

// subject is the key of a result, or the chain and the object of one without.
func subject(r verify.Result) string {
	if r.Key != "" {
		return r.Key
	}
	return tailOf(r.Object, r.Chain)
}

func tailOf(o verify.Object, c verify.Chain) string { return fmt.Sprintf("%s of %s", o, c) }

// hours is the subject of results about hours of the main chain.
func (s *site) hours() string {
	return tailOf(verify.Hours, s.chain(false))
}

func (s *site) chain(backfill bool) verify.Chain {
	return verify.Chain{Account: account, Region: region, Trail: "main", HomeRegion: region, Backfill: backfill}
}
