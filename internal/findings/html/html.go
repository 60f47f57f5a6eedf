// Package html renders findings as one page that needs nothing else: no scripts, no files from elsewhere.
package html

import (
	"bufio"
	"embed"
	"encoding/json"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

//go:embed page.html
var files embed.FS

// maxValue is the longest value that is shown, in bytes.
const maxValue = 16 << 10

// New returns a rendering to w. Close ends the page and does not close w.
func New(w io.Writer) (finding.Handler, error) {
	functions := template.FuncMap{"time": func(at time.Time) string { return at.UTC().Format(time.RFC3339) }}
	page, err := template.New("page").Funcs(functions).ParseFS(files, "page.html")
	if err != nil {
		return nil, err
	}
	return &handler{out: bufio.NewWriter(w), page: page, checks: map[string]*finding.Check{}}, nil
}

type handler struct {
	out          *bufio.Writer
	page         *template.Template
	checks       map[string]*finding.Check
	begun, ended bool
}

func (h *handler) Handle(m finding.Message) error {
	var description []string
	if m.Finding != nil {
		for line := range strings.Lines(findings.Clip(m.Finding.Description, maxValue)) {
			description = append(description, terminal.Visible(strings.TrimSuffix(line, "\n")))
		}
	}
	m = finding.Map(m, show)
	switch {
	case m.Config != nil:
		h.begun = true
		return h.write("head", m.Config)
	case m.Check != nil:
		m.Check.URL = findings.WebAddress(m.Check.URL)
		h.checks[m.Check.ID] = m.Check
	case m.Problem != nil:
		return h.write("problem", m.Problem)
	case m.Finding != nil:
		return h.finding(m.Finding, description)
	case m.Incident != nil:
		return h.write("incident", m.Incident)
	case m.Change != nil:
		return h.change(m.Change)
	case m.Summary != nil:
		h.ended = true
		return h.write("summary", m.Summary)
	}
	return nil
}

// Close ends the page. One that has no summary says that it was cut.
func (h *handler) Close() error {
	if h.begun {
		if err := h.write("foot", !h.ended); err != nil {
			return err
		}
	}
	return h.out.Flush()
}

func (h *handler) write(part string, data any) error {
	return h.page.ExecuteTemplate(h.out, part, data)
}

// piece is a piece of evidence as it is shown.
type piece struct{ Kind, Text, Record string }

func (h *handler) finding(f *finding.Finding, description []string) error {
	check := h.checks[f.Check]
	if check == nil {
		check = &finding.Check{}
	}
	class := f.Severity.String()
	label := class
	switch f.Verdict {
	case finding.Partly:
		label += ", partly"
	case finding.Good:
		class, label = "good", "good"
	case finding.Unknown, finding.NotApplicable:
		class, label = "other", strings.ReplaceAll(string(f.Verdict), "_", " ")
	}
	var evidence []piece
	for _, e := range f.Evidence {
		p := piece{Kind: findings.Kind(e), Text: show(findings.Describe(e))}
		if e.Event != nil {
			p.Record = value(e.Event.Record)
		}
		evidence = append(evidence, p)
	}
	return h.write("finding", map[string]any{
		"F": f, "Class": class, "Label": label, "Check": check, "Description": description, "Evidence": evidence,
		"RemedyURL": findings.WebAddress(f.Remedy.URL),
	})
}

func (h *handler) change(c *finding.Change) error {
	type field struct{ Path, Old, New string }
	var fields []field
	for _, f := range c.Fields {
		to := value(f.New)
		if f.KnownAfterApply {
			to = "(known after apply)"
		}
		fields = append(fields, field{f.Path, value(f.Old), to})
	}
	return h.write("change", map[string]any{"Kind": c.Kind, "Name": c.Name, "Action": c.Action, "Note": c.Note, "Fields": fields})
}

// value shows a JSON value.
func value(v json.RawMessage) string { return show(string(v)) }

// show spells out what cannot be seen or turns the direction of writing, which would
// deceive on a page too.
func show(s string) string { return terminal.Visible(findings.Clip(s, maxValue)) }
