package converge

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/cerpac/trailkeeper/finding"
)

// WriteMessages writes the plan as a stream of messages: a change for each resource in
// the order of work, and a summary that has what WriteJSON writes. What WriteJSON hides
// is hidden here too.
func (p *Plan) WriteMessages(w io.Writer, config finding.Config, ended time.Time) error {
	var text, document bytes.Buffer
	if err := p.WriteJSON(&document); err != nil {
		return err
	}
	stream := finding.NewWriter(&text)
	list := []finding.Message{{Config: &config}}
	for _, c := range p.changes {
		change, err := c.message()
		if err != nil {
			return err
		}
		list = append(list, finding.Message{Change: change})
	}
	counts := map[string]int64{}
	for action, n := range p.counts() {
		counts[string(action)] = int64(n)
	}
	list = append(list, finding.Message{Summary: &finding.Summary{Complete: true, Counts: counts, Time: ended, Document: document.Bytes()}})
	for _, m := range list {
		if err := stream.Handle(m); err != nil {
			return err
		}
	}
	if err := stream.Close(); err != nil {
		return err
	}
	_, err := w.Write(hide(text.Bytes()))
	return err
}

func (c Change) message() (*finding.Change, error) {
	change := &finding.Change{Kind: c.Kind, Name: c.Name, Action: string(c.Action), Note: c.Note}
	for _, f := range c.Fields {
		_, unknown := f.New.(Unknown)
		before, err := plainJSON(jsonValue(f.Old))
		if err != nil {
			return nil, err
		}
		after, err := plainJSON(jsonValue(f.New))
		if err != nil {
			return nil, err
		}
		change.Fields = append(change.Fields, finding.FieldChange{Path: f.Path, Old: before, New: after, KnownAfterApply: unknown})
	}
	return change, nil
}

// plainJSON encodes a value without the escapes for HTML, which hide does not know.
func plainJSON(v any) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSpace(text.Bytes()), err
}
