package verifyreport_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/net/html"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/verify"
	"github.com/cerpac/trailkeeper/internal/verifyreport"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

var begin = time.Date(2026, 1, 5, 0, 1, 31, 0, time.UTC)

func chain(region string) verify.Chain {
	return verify.Chain{Account: "111122223333", Region: region, Trail: "main", HomeRegion: "eu-central-1"}
}

// digest is the result of the digest of an hour.
func digest(c verify.Chain, hour int, state verify.State) verify.Result {
	from := begin.Add(time.Duration(hour) * time.Hour)
	r := verify.Result{State: state, Object: verify.DigestFile, Chain: c, From: from, To: from.Add(time.Hour)}
	r.Key = archive.Key{Account: c.Account, Kind: archive.Digest, Region: c.Region, Delivered: r.To, Trail: c.Trail, HomeRegion: c.HomeRegion}.String()
	if state != verify.Valid {
		r.Check, r.Reason = verify.CheckContinuity, "not in the archive"
	}
	return r
}

func sample() []verify.Result {
	c, other := chain("eu-central-1"), chain("us-east-1")
	var list []verify.Result
	for hour := range 26 {
		state := verify.Valid
		if hour == 7 {
			state = verify.Missing
		}
		list = append(list, digest(c, hour, state))
		if hour < 20 {
			list = append(list, digest(other, hour, verify.Valid))
		}
	}
	at := begin.Add(3*time.Hour + 7*time.Minute)
	log := verify.Result{State: verify.Tampered, Object: verify.LogFile, Chain: c, Check: verify.CheckHash, Reason: "differs from what was delivered",
		Expected: "aa", Found: "bb", From: begin.Add(3 * time.Hour), To: begin.Add(4 * time.Hour),
		Key: archive.Key{Account: c.Account, Kind: archive.Logs, Region: c.Region, Delivered: at, Unique: "abcdefghijklmnop"}.String()}
	valid := log
	valid.State, valid.Check, valid.Reason, valid.Expected, valid.Found = verify.Valid, "", "", "", ""
	valid.Key = strings.Replace(log.Key, "abcd", "bcde", 1)
	tail := verify.Result{State: verify.Missing, Object: verify.Hours, Chain: other, Check: verify.CheckTail, Reason: "6 later ones are not in the archive",
		From: begin.Add(20 * time.Hour), To: begin.Add(26 * time.Hour)}
	before := verify.Result{State: verify.Unverifiable, Object: verify.LogFile, Chain: verify.Chain{Account: c.Account, Region: c.Region}, Files: 12,
		Check: verify.CheckListed, Reason: "delivered before the first digest", From: begin.Add(-50 * time.Hour), To: begin.Add(-40 * time.Hour)}
	whole := verify.Result{State: verify.Missing, Object: verify.WholeChain, Chain: verify.Chain{Account: c.Account, Region: "eu-west-3"},
		Check: verify.CheckChainExists, Reason: "no chain of digests"}
	return append(list, log, valid, tail, before, whole)
}

func facts() verifyreport.Facts {
	return verifyreport.Facts{Tool: "trailkeeper", Version: "v1", Archive: "s3://logs/prefix", Time: begin.Add(48 * time.Hour), Until: begin.Add(30 * time.Hour),
		Anchors: "anchors", AnchorRoot: "3 rootroot"}
}

func ending() verifyreport.Ending {
	return verifyreport.Ending{
		Keys: []verify.UsedKey{{Fingerprint: "31e8b5433410dfb61a9dc45cc65b22ff", Region: "eu-central-1", From: begin, To: begin.AddDate(0, 1, 0)}},
		Summary: &verify.Summary{Digests: verify.Counts{verify.Valid: 45, verify.Missing: 1}, LogFiles: verify.Counts{verify.Valid: 1, verify.Tampered: 1},
			Chains: []*verify.ChainSummary{{Chain: chain("eu-central-1"), Digests: verify.Counts{verify.Valid: 25}, From: begin, To: begin.Add(26 * time.Hour)}}},
	}
}

func page(t *testing.T, results []verify.Result, f verifyreport.Facts, end verifyreport.Ending) []byte {
	t.Helper()
	var out bytes.Buffer
	p, err := verifyreport.NewPage(&out, f)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if err := p.Result(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(end); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

// safe reports what a page must not have: elements that run or load something, and
// links to anything but the page itself. Every link must lead somewhere.
func safe(t *testing.T, page []byte) (links int) {
	t.Helper()
	const allowed = " html head meta title style body h1 h2 h3 p dl dt dd section div span table thead tbody tr th td a br "
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && !strings.Contains(allowed, " "+node.Data+" ") {
			t.Errorf("an element %q", node.Data)
		}
		for _, a := range node.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "style" {
				t.Errorf("an attribute %s=%.100q", a.Key, a.Val)
			}
			if a.Key != "href" {
				continue
			}
			links++
			if id, ok := strings.CutPrefix(a.Val, "#"); !ok || !bytes.Contains(page, []byte(`<tr id="`+id+`">`)) {
				t.Errorf("a link to %.100q", a.Val)
			}
		}
	}
	if !bytes.Contains(page, []byte("Content-Security-Policy")) {
		t.Error("no policy against scripts")
	}
	return links
}

func TestPage(t *testing.T) {
	got := page(t, sample(), facts(), ending())
	if links := safe(t, got); links != 1+1+6+10 { // a digest, a log file, the tail, and what was before
		t.Errorf("%d cells link to findings", links)
	}
	golden(t, "testdata/sample.html", got)
}

// Names in an archive may say anything.
func TestHostilePage(t *testing.T) {
	evil := "\"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\x1b[31m" + strings.Repeat("x<é", 100_000)
	var results []verify.Result
	for _, r := range sample() {
		r.Chain.Trail, r.Chain.Region = r.Chain.Trail+evil, r.Chain.Region+evil
		r.Key, r.Reason, r.Expected, r.Found = r.Key+evil, r.Reason+evil, evil, evil
		results = append(results, r)
	}
	far := sample()[0]
	far.From, far.To, far.Key = time.Time{}.Add(1), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), ""
	far.Object = verify.Hours
	f, end := facts(), ending()
	f.Archive += evil
	end.Keys[0].Fingerprint += evil
	got := page(t, append(results, far), f, end)
	safe(t, got)
	if bytes.Contains(got, []byte("<script")) || bytes.Contains(got, []byte("<img")) {
		t.Error("a name is an element")
	}
	for _, r := range string(got) {
		if !unicode.IsPrint(r) && r != '\n' {
			t.Fatalf("the page has %U", r)
		}
	}
	if len(got) > 16<<20 {
		t.Errorf("a page of %d bytes", len(got))
	}
}

// A year of 17 Regions is a page of days.
func TestLongPage(t *testing.T) {
	var results []verify.Result
	for region := range 17 {
		for hour := range 365 * 24 {
			results = append(results, digest(chain(fmt.Sprintf("region-%02d", region)), hour, verify.Valid))
		}
	}
	got := page(t, results, facts(), ending())
	safe(t, got)
	if len(got) > 2<<20 || !bytes.Contains(got, []byte("<h3>2026-12</h3>")) {
		t.Errorf("a page of %d bytes", len(got))
	}
}

func TestJSON(t *testing.T) {
	for name, end := range map[string]verifyreport.Ending{"whole": ending(), "cut": {}} {
		var out bytes.Buffer
		j, err := verifyreport.NewJSON(&out, facts())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range sample() {
			if err := j.Result(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Close(end); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Format  string
			Run     verifyreport.Facts
			Results []verify.Result
			Keys    []verify.UsedKey
			Summary *verify.Summary
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sample(), got.Results, cmpopts.IgnoreUnexported(verify.Result{})); diff != "" || got.Run != facts() || (got.Summary != nil) != (end.Summary != nil) {
			t.Errorf("%s: %s%+v", name, diff, got.Run)
		}
	}
}

// A page of a run that was cut says so.
func TestCutPage(t *testing.T) {
	if got := page(t, sample(), facts(), verifyreport.Ending{}); !bytes.Contains(got, []byte("The run was cut")) {
		t.Errorf("%s", got)
	}
}
