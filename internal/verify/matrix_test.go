package verify_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/verify"
)

var update = flag.Bool("update", false, "rewrite the generated parts of docs/verify.md")

// TestMatrix changes the site in every way at every place, and compares what is
// said with the tables of the page. A change that is not seen, or that makes
// verify accuse anything else, shows in its cell.
func TestMatrix(t *testing.T) {
	s := newSite(t)
	page := "../../docs/verify.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	out := text
	for name, table := range map[string]string{
		"objects": s.objectTable(t), "fields": s.fieldTable(t), "archive": s.archiveTable(t), "clean": s.cleanTable(t),
	} {
		part := regexp.MustCompile(`(?s)(<!-- generated: ` + name + ` -->\n\n)(.*?)(\n<!-- end -->)`)
		if !part.Match(out) {
			t.Fatalf("the page has no part <!-- generated: %s -->", name)
		}
		out = part.ReplaceAllFunc(out, func(old []byte) []byte {
			m := part.FindSubmatch(old)
			return slices.Concat(m[1], []byte(table), m[3])
		})
	}
	if bytes.Equal(text, out) {
		return
	}
	if !*update {
		t.Fatalf("%s differs from what verify says; run go test ./internal/verify -run Matrix -update", page)
	}
	if err := os.WriteFile(page, out, 0o644); err != nil {
		t.Fatal(err)
	}
}

// cell is a place in a table.
type cell struct{ row, column string }

// unseen are the cells where digests alone show nothing, or only that something is
// gone, with the reason. Everything else must be named.
func unseen() map[cell]string {
	return map[cell]string{
		{"replace by what AWS signed under the same name", "newest digest"}:   "no digest names its hash yet",
		{"replace by what AWS signed under the same name", "backfill digest"}: "no digest names its hash yet",
		{"delete", "first digest"}:    "retention rules leave the same",
		{"delete", "newest digest"}:   "the next digest could be late",
		{"delete", "backfill digest"}: "no digest names it yet; its log files are named",
	}
}

// tally runs cases without and with an anchor log, and returns the cell of the
// table.
func (s *site) tally(t *testing.T, row, column string, cases []tampering) string {
	t.Helper()
	var without, with outcome
	for _, c := range cases {
		o, said := s.try(t, c, verify.Options{})
		if why := unseen()[cell{row, column}]; o.falseAlarms > 0 || o.missed > 0 && why == "" {
			t.Errorf("%s, %s: %s: %q", row, column, o, short(said))
		}
		without.add(o)
		if o.missed == 0 {
			with.add(o)
			continue
		}
		o, said = s.try(t, c, verify.Options{Anchors: s.anchors(t)})
		if o.falseAlarms > 0 {
			t.Errorf("%s, %s, anchored: %s: %q", row, column, o, short(said))
		}
		with.add(o)
	}
	switch {
	case len(cases) == 0:
		return ""
	case without == with:
		return without.String()
	}
	return fmt.Sprintf("%s, with `--anchor` %s", without, with)
}

// table writes rows as Markdown.
func table(header []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(header)
	b.WriteString("|" + strings.Repeat("---|", len(header)) + "\n")
	for _, row := range rows {
		line(row)
	}
	return b.String()
}
