package verifyreport

import (
	"bufio"
	"embed"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/internal/findings"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/terminal"
	"github.com/cerpac/trailkeeper/internal/verify"
)

//go:embed page.html
var files embed.FS

// Limits of a page: of the findings that it shows, and of a value in bytes.
const (
	maxFindings = 5000
	maxValue    = 2 << 10
)

// Page writes a verification as one page of HTML that needs nothing else. It is
// written when the run is over, as its first part is the summary.
type Page struct {
	out      io.Writer
	page     *template.Template
	facts    Facts
	grid     grid
	findings []numbered
	more     int64 // findings beyond those that are shown
}

// numbered is a finding that cells link to.
type numbered struct {
	Number int32
	verify.Result
}

// NewPage returns a page that Close writes to w.
func NewPage(w io.Writer, facts Facts) (*Page, error) {
	functions := template.FuncMap{
		"show": show, "count": quantity.FormatCount, "letter": letter,
		"time": func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
	}
	page, err := template.New("page").Funcs(functions).ParseFS(files, "page.html")
	if err != nil {
		return nil, err
	}
	return &Page{out: w, page: page, facts: facts, grid: grid{}}, nil
}

// Result adds a result. Valid ones are needed too.
func (p *Page) Result(r verify.Result) error {
	var number int32
	if r.State != verify.Valid {
		if len(p.findings) < maxFindings {
			number = int32(len(p.findings) + 1)
			p.findings = append(p.findings, numbered{number, r})
		} else {
			p.more++
		}
	}
	p.grid.add(r, number)
	return nil
}

// Close writes the page.
func (p *Page) Close(end Ending) error {
	slices.SortFunc(p.findings, compareFindings)
	blocks, days := p.grid.blocks()
	out := bufio.NewWriter(p.out)
	err := p.page.ExecuteTemplate(out, "page", map[string]any{
		"Facts": p.facts, "Keys": end.Keys, "Summary": end.Summary, "Verdict": verdict(end.Summary), "States": legend(),
		"Blocks": blocks, "Days": days, "Findings": p.findings, "More": p.more,
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

// verdict says in one sentence what was found.
func verdict(s *verify.Summary) (v struct{ Class, Text string }) {
	switch {
	case s == nil:
		v.Class, v.Text = "unreadable", "The run was cut. What the page says is true, and more may be missing."
	case s.Bad():
		v.Class, v.Text = "tampered", "There is evidence against the archive."
	case s.Unknown():
		v.Class, v.Text = "unverifiable", "There is no evidence against the archive. Something could not be decided."
	case s.Digests.Total() == 0:
		v.Class, v.Text = "unverifiable", "There was nothing to verify."
	default:
		v.Class, v.Text = "valid", "Everything is proven that should be there."
	}
	return v
}

type state struct {
	State   verify.State
	Meaning string
}

func legend() []state {
	return []state{
		{verify.Valid, "proven by a signature of AWS"},
		{verify.Tampered, "differs from what was signed, or no digest lists it though one covers its hour"},
		{verify.Missing, "should be in the archive and is not"},
		{verify.Unverifiable, "nothing at hand proves or disproves it"},
		{verify.Unreadable, "reading it failed"},
		{verify.Denied, "reading it is not permitted"},
		{verify.Archived, "in cold storage: restore it first"},
		{verify.Pending, "so new that its digest may still be delivered"},
		{verify.Expired, "missing at the oldest end of its chain, as retention rules leave it"},
	}
}

// show spells out what cannot be seen or turns the direction of writing, which would
// deceive on a page too.
func show(s any) string {
	text, ok := s.(string)
	if !ok {
		if stringer, is := s.(interface{ String() string }); is {
			text = stringer.String()
		}
	}
	return terminal.Visible(findings.Clip(text, maxValue))
}
