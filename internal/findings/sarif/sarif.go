// Package sarif renders findings as a SARIF 2.1.0 log, for code scanning services and editors.
//
// Results are written as they come; what SARIF wants of the whole run, such as its
// rules, is written after them.
package sarif

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings"
)

// Limits of what is kept until the end, and of texts in bytes. GitHub shows 1,024
// characters of a message.
const (
	maxKept = 1000
	maxText = 4000
)

// New returns a rendering to w. Close ends the log and does not close w.
func New(w io.Writer) finding.Handler {
	return &handler{out: bufio.NewWriter(w), rules: map[string]int{}}
}

type handler struct {
	out       *bufio.Writer
	run       run
	rules     map[string]int // index by id
	worst     []finding.Severity
	results   int
	dropped   int // problems and incidents beyond maxKept
	incidents []*finding.Incident
}

func (h *handler) Handle(m finding.Message) error {
	switch {
	case m.Config != nil:
		h.config(m.Config)
		_, err := fmt.Fprintf(h.out, `{"version":"2.1.0","$schema":%q,"runs":[{"results":[`, schemaURI)
		return err
	case m.Check != nil:
		h.check(m.Check)
	case m.Problem != nil:
		h.problem(m.Problem)
	case m.Finding != nil:
		return h.finding(m.Finding)
	case m.Incident != nil:
		if len(h.incidents) == maxKept {
			h.dropped++
			break
		}
		h.incidents = append(h.incidents, m.Incident)
	case m.Change != nil:
		return errors.New("write SARIF: it has no form for a change of a resource")
	case m.Summary != nil:
		h.run.Invocations[0].Successful = m.Summary.Complete
		h.run.Properties.Counts = m.Summary.Counts
	}
	return nil
}

// Close writes what belongs to the run as a whole.
func (h *handler) Close() error {
	if h.run.Invocations == nil {
		return h.out.Flush() // nothing was begun
	}
	for i, severity := range h.worst {
		if severity.Valid() {
			h.run.Tool.Driver.Rules[i].Properties.SecuritySeverity = securitySeverity(severity)
		}
	}
	h.run.Properties.Incidents = h.incidents
	if h.dropped > 0 {
		h.notify("warning", fmt.Sprintf("%d more problems and incidents were left out", h.dropped), nil)
	}
	rest, err := encode(h.run)
	if err != nil {
		return err
	}
	h.out.WriteString("],")
	h.out.Write(rest[1:]) // without its brace: the run was begun with its results
	h.out.WriteString("]}\n")
	return h.out.Flush()
}

func (h *handler) config(c *finding.Config) {
	h.run.Tool.Driver = driver{Name: c.Tool, Version: c.Version, Rules: []rule{}}
	call := invocation{Notifications: []notification{}}
	if !c.Time.IsZero() {
		call.Start = c.Time.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	h.run.Invocations = []invocation{call}
	h.run.Properties = runProperties{Verb: c.Verb, Source: findings.Clip(c.Source, maxText)}
}

func (h *handler) check(c *finding.Check) {
	r := rule{ID: c.ID, ShortDescription: text{findings.Clip(c.Title, maxText)}, HelpURI: findings.WebAddress(c.URL)}
	if c.Description != "" {
		r.FullDescription = &text{findings.Clip(c.Description, maxText)}
	}
	r.Properties.Tags = []string{"security"}
	for _, reference := range c.References {
		r.Properties.Tags = append(r.Properties.Tags, label(reference))
	}
	if at, known := h.rules[c.ID]; known {
		h.run.Tool.Driver.Rules[at] = r
		return
	}
	h.rules[c.ID] = len(h.run.Tool.Driver.Rules)
	h.run.Tool.Driver.Rules = append(h.run.Tool.Driver.Rules, r)
	h.worst = append(h.worst, 0)
}

func (h *handler) problem(p *finding.Problem) {
	if len(h.run.Invocations[0].Notifications) == maxKept {
		h.dropped++
		return
	}
	level := "warning"
	if p.Unseen {
		level = "error"
	}
	h.notify(level, p.Cause, []location{fileAt(p.Location, p.Offset)})
}

func (h *handler) notify(level, message string, where []location) {
	call := &h.run.Invocations[0]
	call.Notifications = append(call.Notifications, notification{level, text{findings.Clip(message, maxText)}, where})
}

func (h *handler) finding(f *finding.Finding) error {
	index := h.rules[f.Check]
	h.worst[index] = max(h.worst[index], f.Severity)
	line, err := encode(result(f, index))
	if err != nil {
		return fmt.Errorf("write finding %q: %w", f.ID, err)
	}
	if h.results > 0 {
		line = append([]byte(",\n"), line...)
	}
	h.results++
	_, err = h.out.Write(line)
	return err
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}
