package queries_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/report"
	"github.com/cerpac/trailkeeper/queries"
)

var update = flag.Bool("update", false, "rewrite expected.jsonl of every query and docs/queries.md")

func catalogue(t *testing.T) []queries.Query {
	t.Helper()
	list, err := queries.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 15 {
		t.Fatalf("found %d queries, want at least 15", len(list))
	}
	return list
}

// sample opens a lake of the sample events.
func sample(t *testing.T) *duckdb.DB {
	t.Helper()
	source, err := dirarchive.New("testdata/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := ingest.Run(t.Context(), ingest.Options{Source: source, Lake: folderstore.New(dir, 0)}); err != nil {
		t.Fatal(err)
	}
	l, err := lake.Open(t.Context(), folderstore.New(dir, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var parts []duckdb.Part
	for _, part := range l.Parts() {
		parts = append(parts, duckdb.Part{Path: part.Path(), Schema: part.Schema})
	}
	db, err := duckdb.Open(duckdb.Options{Parts: parts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// answer runs a query and returns its rows as JSON Lines.
func answer(t *testing.T, db *duckdb.DB, q queries.Query, params map[string]any) (string, int64) {
	t.Helper()
	rows, err := db.Query(t.Context(), engine.Statement{SQL: q.SQL, Dialect: engine.Dialect(q.Dialect), Params: params})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out bytes.Buffer
	count, err := report.Write(&out, rows, report.Options{Format: report.JSONL})
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), count
}

// examples are the values the sample answers are made with.
func examples(q queries.Query) map[string]string {
	given := map[string]string{}
	for _, p := range q.Parameters {
		given[p.Name] = p.Example
	}
	return given
}

func TestAnswers(t *testing.T) {
	db := sample(t)
	for _, q := range catalogue(t) {
		t.Run(q.Name, func(t *testing.T) {
			params, err := q.Bind(examples(q), time.Time{}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			got, count := answer(t, db, q, params)
			if count == 0 {
				t.Error("finds nothing in the sample events")
			}
			path := filepath.Join(q.Name, "expected.jsonl")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			again, _ := answer(t, db, q, params)
			if again != got {
				t.Error("another run gives another answer")
			}
		})
	}
}

// Whatever a record calls somebody finds what they did.
func TestTimelineKnowsEveryName(t *testing.T) {
	db := sample(t)
	at := slices.IndexFunc(catalogue(t), func(q queries.Query) bool { return q.Name == "user-timeline" })
	timeline := catalogue(t)[at]
	if condition := (duckdb.Dialect{}).Principal("$user"); !strings.Contains(timeline.SQL, condition) {
		t.Errorf("user-timeline has another condition than export --principal:\n%s", condition)
	}
	for name, want := range map[string]int64{
		"7a1c0d52-30f1-70e1-9d52-0a5b3c1f2e01": 3, // an Identity Center user
		"dana@example.com":                     2, // whose sign-ins alone have the name
		"ivan":                                 5,
		"arn:aws:iam::111122223333:user/ivan":  5, // three have no ARN
		"AIDAEXAMPLEIVAN":                      2,
		"AKIAEXAMPLEIVAN":                      1,
		"root":                                 4,
		"grace":                                1,
		"broker":                               1, // who asked for the federated user's credentials
		"frank":                                1, // a source identity
		"frank@example.com":                    2, // a SAML user and the session
		"arn:aws:iam::111122223333:role/developer":    1,
		"secretsmanager.amazonaws.com":                1,
		"anonymous":                                   1,
		"999900001111:AIDAEXAMPLESTRANGER":            1,
		"111122223333:HIDDEN_DUE_TO_SECURITY_REASONS": 1,
		"heidi":  1,
		"nobody": 0,
		"":       0,
	} {
		if _, count := answer(t, db, timeline, map[string]any{"user": name}); count != want {
			t.Errorf("%q finds %d events, want %d", name, count, want)
		}
	}
}

// A query on a lake without events gives an empty answer, not an error.
func TestEmptyLake(t *testing.T) {
	db, err := duckdb.Open(duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range catalogue(t) {
		params, err := q.Bind(examples(q), time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if got, count := answer(t, db, q, params); count != 0 {
			t.Errorf("%s finds %s", q.Name, got)
		}
	}
}

// The placeholders of the SQL are the parameters that are described.
func TestParametersAreDescribed(t *testing.T) {
	placeholder := regexp.MustCompile(`\$[a-z_]+`) // $.member is a path into JSON
	for _, q := range catalogue(t) {
		var want []string
		for _, p := range q.Parameters {
			want = append(want, "$"+p.Name)
			if p.Meaning == "" || p.Example == "" || (p.Type != queries.String && p.Type != queries.Integer) {
				t.Errorf("%s: parameter %s lacks a meaning, an example or a known type", q.Name, p.Name)
			}
		}
		if q.WholeLake {
			want = append(want, "$since", "$until")
		}
		slices.Sort(want)
		got := placeholder.FindAllString(q.SQL, -1)
		slices.Sort(got)
		got = slices.Compact(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-described +used)\n%s", q.Name, diff)
		}
		if q.Title == "" || q.Description == "" || strings.HasSuffix(q.Title, ".") || !strings.HasSuffix(q.Description, ".") {
			t.Errorf("%s: a title without and a description with a full stop, please", q.Name)
		}
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(q.Name) {
			t.Errorf("%s: a name has small letters and hyphens only", q.Name)
		}
		if strings.ToUpper(q.SQL) == q.SQL || !strings.Contains(q.SQL, "ORDER BY") {
			t.Errorf("%s: an answer is in an order", q.Name)
		}
	}
}

func TestFoldersAreQueries(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	names := queries.Names(catalogue(t))
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != "testdata" && !slices.Contains(names, entry.Name()) {
			t.Errorf("the folder %s holds no query", entry.Name())
		}
	}
}

func TestBind(t *testing.T) {
	word := "x"
	q := queries.Query{Name: "q", Parameters: []queries.Parameter{
		{Name: "text", Type: queries.String, Meaning: "some text"},
		{Name: "n", Type: queries.Integer, Default: &word},
		{Name: "other", Type: queries.String, Default: &word},
	}}
	got, err := q.Bind(map[string]string{"text": "'; --", "n": "-7"}, time.Time{}, time.Time{})
	if diff := cmp.Diff(map[string]any{"text": "'; --", "n": int64(-7), "other": "x"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	for _, c := range []struct {
		given map[string]string
		want  string
	}{
		{map[string]string{"n": "1"}, "query q: parameter text is missing: some text"},
		{map[string]string{"text": "a", "n": "1.5"}, `query q: parameter n is "1.5", not a whole number`},
		{map[string]string{"text": "a", "n": "1", "txt": ""}, `query q: unknown parameter "txt", it takes n, other, text`},
	} {
		if _, err := q.Bind(c.given, time.Time{}, time.Time{}); err == nil || err.Error() != c.want {
			t.Errorf("error = %v, want %s", err, c.want)
		}
	}
}

func TestWholeLakeQueriesSelectByTime(t *testing.T) {
	db := sample(t)
	since, until := time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 9, 0, 0, 0, 0, time.UTC)
	for _, q := range catalogue(t) {
		if !q.WholeLake {
			continue
		}
		count := func(since, until time.Time) int64 {
			params, err := q.Bind(examples(q), since, until)
			if err != nil {
				t.Fatal(err)
			}
			_, n := answer(t, db, q, params)
			return n
		}
		all, before, inside, after := count(time.Time{}, time.Time{}), count(time.Time{}, since), count(since, until), count(until, time.Time{})
		if before+inside+after != all || before == all || after == all {
			t.Errorf("%s: %d rows are %d before, %d inside and %d after", q.Name, all, before, inside, after)
		}
	}
}

func TestSampleEventsAreRecords(t *testing.T) {
	text, err := os.ReadFile("testdata/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for line := range bytes.Lines(text) {
		var record struct{ EventID, EventTime, EventVersion string }
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatal(err)
		}
		if ids[record.EventID] || record.EventTime == "" || record.EventVersion == "" {
			t.Errorf("not a record of its own: %s", line)
		}
		ids[record.EventID] = true
	}
}

// docs/queries.md lists the catalogue.
func TestCataloguePage(t *testing.T) {
	const path = "../docs/queries.md"
	var page strings.Builder
	page.WriteString(pageIntroduction)
	for _, q := range catalogue(t) {
		fmt.Fprintf(&page, "\n## %s\n\n%s. %s\n", q.Name, q.Title, q.Description)
		if len(q.Parameters) > 0 {
			page.WriteString("\n| parameter | meaning | default |\n|---|---|---|\n")
			for _, p := range q.Parameters {
				value := "must be given"
				if p.Default != nil {
					value = fmt.Sprintf("`%s`", *p.Default)
				}
				if value == "``" {
					value = "empty"
				}
				fmt.Fprintf(&page, "| `%s` | %s | %s |\n", p.Name, p.Meaning, value)
			}
		}
		fmt.Fprintf(&page, "\n```sql\n%s```\n", q.SQL)
	}
	if *update {
		if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page.String(), string(got)); diff != "" {
		t.Errorf("docs/queries.md is not the catalogue; run go test ./queries -update (-want +got)\n%s", diff)
	}
}

const pageIntroduction = `# Named queries

Questions that come up again and again, ready to run:

<!-- not run: it needs a lake of your own -->
` + "```sh" + `
trailkeeper query --lake lake --named iam-policy-changes --since 30d
trailkeeper query --lake lake --named who-touched --param resource=my-bucket
` + "```" + `

Every one takes ` + "`--since`" + ` and ` + "`--until`" + `, and without them looks at the whole lake.
` + "`trailkeeper query --list`" + ` lists them on the terminal. The SQL is a good start for
questions of your own; [query](query.md) describes the two views.

This page is made from the folder ` + "`queries/`" + ` by ` + "`go test ./queries -update`" + `. To add a
query, add a folder there.
`
