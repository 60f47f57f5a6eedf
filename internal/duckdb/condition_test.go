package duckdb_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/engine"
	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/recordtest"
	"github.com/cerpac/trailkeeper/predicate"
)

// A predicate and its SQL give the same answer about records of every spelling.
func TestConditionsAgreeWithMatch(t *testing.T) {
	recordtest.Rounds(t, 2, func(t *testing.T, random *rand.Rand) {
		var lines []string
		for n := range 200 {
			lines = append(lines, recordtest.Record(random, n))
		}
		agree(t, random, eventsFile(t, lines), exhaustive.Or(30, 100))
	})
}

func eventsFile(t *testing.T, lines []string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// The same about events that somebody had.
func TestConditionsAgreeOnRealEvents(t *testing.T) {
	for _, folder := range []string{"invictus/CloudTrail", "umccr/test_input", "traildiscover/docs/logExamples"} {
		path := filepath.Join("../../../shared/data", folder)
		if _, err := os.Stat(path); err != nil {
			t.Skip("SKIPPED REAL DATA: " + err.Error())
		}
		agree(t, rand.New(rand.NewPCG(1, 2)), path, exhaustive.Or(20, 60))
	}
}

// The engine's lower case, which the SQL of a folded test uses, is that of Match,
// character by character.
func TestLowerCaseAgrees(t *testing.T) {
	db := ingested(t, eventsFile(t, []string{recordtest.Record(rand.New(rand.NewPCG(1, 2)), 1)}))
	rows, err := db.Query(t.Context(), engine.Statement{SQL: "SELECT i, lower(chr(i::INTEGER)) FROM range(1, 1114112) r(i) WHERE i NOT BETWEEN 55296 AND 57343"})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	count := 0
	for ; ; count++ {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		r := rune(row[0].(int64))
		if got, want := row[1], strings.ToLower(string(r)); got != want {
			t.Errorf("lower case of %U is %q in the engine and %q in Match", r, got, want)
		}
	}
	if count < 1_000_000 {
		t.Errorf("%d characters compared", count)
	}
}

// agree asks random predicates of records and of a lake that has them.
func agree(t *testing.T, random *rand.Rand, path string, questions int) {
	t.Helper()
	db := ingested(t, path)
	stored := records(t, db, "", nil)
	if len(stored) == 0 {
		t.Fatal("no records in the lake")
	}
	g := &generator{Rand: random}
	for _, line := range stored {
		g.learn(line)
	}
	matched := 0
	for range questions {
		p := g.predicate(3)
		sql, err := p.SQL(duckdb.Dialect{})
		if err != nil {
			continue
		}
		matched += compare(t, db, p, sql, stored)
	}
	if matched == 0 {
		t.Error("no predicate matched any record: nothing was compared")
	}
}

func compare(t *testing.T, db *duckdb.DB, p *predicate.Predicate, sql string, stored [][]byte) (matched int) {
	t.Helper()
	var want []string
	for _, line := range stored {
		var r event.Record
		if _, err := r.Decode(line); err != nil {
			t.Fatal(err)
		}
		if p.Match(&r) {
			want = append(want, string(line))
		}
	}
	var got []string
	for _, line := range records(t, db, "WHERE "+sql, nil) {
		got = append(got, string(line))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("%s\n%s\nof %d records Match has %d, SQL %d\nfirst only in Match: %.4000q\nfirst only in SQL: %.4000q", p, sql,
			len(stored), len(want), len(got), firstWithout(want, got), firstWithout(got, want))
	}
	return len(want)
}

func firstWithout(list, other []string) string {
	for _, line := range list {
		if !slices.Contains(other, line) {
			return line
		}
	}
	return ""
}

// generator makes predicates about what it has seen in records.
type generator struct {
	*rand.Rand
	seen []seen
}

type seen struct {
	path  predicate.Path
	value event.Value
}

func (g *generator) learn(line []byte) {
	var r event.Record
	if _, err := r.Decode(line); err != nil {
		return
	}
	for f := range event.Field(event.NumFields) {
		g.note(predicate.At(f.String()), r.Get(f))
	}
	for _, m := range r.Other() {
		g.note(predicate.At(m.Name), m.Value)
	}
}

func (g *generator) note(path predicate.Path, v event.Value) {
	if !v.Present() {
		return
	}
	g.seen = append(g.seen, seen{path, v})
	v.Members(func(name []byte, v event.Value) { g.note(path.Member(string(name)), v) })
	i := 0
	v.Elements(func(v event.Value) bool {
		g.note(path.Element(i), v)
		i++
		return true
	})
}

func (g *generator) predicate(depth int) *predicate.Predicate {
	parts := func() (list []*predicate.Predicate) {
		for range g.IntN(4) {
			list = append(list, g.predicate(depth-1))
		}
		return list
	}
	switch n := g.IntN(9); {
	case depth == 0 || n < 4:
		return g.leaf()
	case n == 8:
		return g.some(depth - 1)
	case n == 4:
		return predicate.Not(g.predicate(depth - 1))
	case n == 5:
		return predicate.All(parts()...)
	}
	return predicate.Any(parts()...)
}

// some asks about what is inside one value that was seen.
func (g *generator) some(depth int) *predicate.Predicate {
	from := g.seen[g.IntN(len(g.seen))]
	below := &generator{Rand: g.Rand}
	below.note(predicate.Path{}, from.value)
	path := from.path
	if steps := path.Steps(); g.IntN(4) > 0 {
		path = g.blurred(path)
	} else if g.IntN(2) == 0 && len(steps) == 1 {
		path = path.Each()
	}
	return predicate.Some(path, below.predicate(depth))
}

// leaf asks about a value that was seen, at its path or another one's.
func (g *generator) leaf() *predicate.Predicate {
	from := g.seen[g.IntN(len(g.seen))]
	path := from.path
	switch g.IntN(6) {
	case 0:
		path = g.seen[g.IntN(len(g.seen))].path
	case 1:
		path = g.blurred(path)
	}
	test := g.test(from.value)
	if g.IntN(4) == 0 {
		test = test.Unlike()
	}
	return predicate.Where(path, test)
}

// blurred is a path with a step to each in place of some.
func (g *generator) blurred(path predicate.Path) predicate.Path {
	steps := path.Steps()
	if len(steps) == 0 {
		return path
	}
	blurred := predicate.Path{}.Member(steps[0].Name)
	if steps[0].Kind != predicate.Member {
		blurred = predicate.Path{}.Element(steps[0].Index)
	}
	if g.IntN(4) == 0 {
		blurred = blurred.Spread()
	}
	for _, s := range steps[1:] {
		switch {
		case g.IntN(3) == 0:
			blurred = blurred.Each()
		case g.IntN(4) == 0 && s.Kind == predicate.Element:
			blurred = blurred.Spread()
		case s.Kind == predicate.Element:
			blurred = blurred.Element(s.Index)
		default:
			blurred = blurred.Member(s.Name)
		}
		if g.IntN(6) == 0 {
			blurred = blurred.Spread()
		}
	}
	return blurred
}

func (g *generator) test(v event.Value) predicate.Test {
	text := string(v.Raw)
	if inner, ok := v.Text(); ok {
		text = string(inner)
	}
	runes := []rune(text)
	if len(runes) > 40 {
		runes = runes[:40]
	}
	from := g.IntN(len(runes) + 1)
	to := from + g.IntN(len(runes)+1-from)
	before, piece, after := string(runes[:from]), string(runes[from:to]), string(runes[to:])
	number := []float64{0, 1, -1, 0.5, 42, 1e300, float64(g.IntN(1000))}[g.IntN(7)]
	if n, err := fmt.Sscan(text, &number); err != nil || n == 0 {
		number = float64(g.IntN(100))
	}
	switch g.IntN(16) {
	case 0:
		return predicate.Exists()
	case 1:
		return predicate.IsNull()
	case 2:
		return predicate.IsTrue()
	case 3:
		return predicate.IsFalse()
	case 4:
		return predicate.Equal(text, "true")
	case 5:
		return predicate.Equal(text)
	case 6:
		return predicate.Equal(text).Fold()
	case 7:
		return predicate.HasPrefix(before, "AKIA")
	case 8:
		return predicate.HasSuffix(after + "")
	case 9:
		return predicate.Contains(piece).Fold()
	case 10:
		return predicate.Glob(predicate.Literal(before)+"*"+predicate.Literal(after), predicate.Literal(piece)+"?*")
	case 11:
		return predicate.Matches(regexp.MustCompile("^" + regexp.QuoteMeta(before) + ".*" + regexp.QuoteMeta(after) + "$"))
	case 12:
		return predicate.Number([]predicate.Op{predicate.OpLess, predicate.OpAtMost, predicate.OpMore, predicate.OpAtLeast}[g.IntN(4)], number)
	case 13:
		return predicate.Number(predicate.OpNumberEqual, number)
	case 14:
		return predicate.NumberOrGlob(number, predicate.Literal(before)+"*")
	}
	address, err := netip.ParseAddr(text)
	if err != nil || !address.Is4() {
		address = netip.AddrFrom4([4]byte{10, byte(g.IntN(256)), byte(g.IntN(256)), byte(g.IntN(256))})
	}
	network, err := address.Prefix(g.IntN(33))
	if err != nil {
		panic(err)
	}
	return predicate.Within(network)
}
