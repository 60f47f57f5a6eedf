package verifyreport

import (
	"bufio"
	"encoding/json"
	"io"

	"github.com/cerpac/trailkeeper/internal/verify"
)

// JSON writes a verification as one JSON document: the facts, the results as they
// come, and the summary. A document without a summary was cut.
type JSON struct {
	out     *bufio.Writer
	results int
	err     error
}

// NewJSON begins a document.
func NewJSON(w io.Writer, facts Facts) (*JSON, error) {
	j := &JSON{out: bufio.NewWriter(w)}
	j.text(`{"format":"trailkeeper-verify-1","run":`)
	j.value(facts)
	j.text(`,"results":[`)
	return j, j.err
}

// Result adds a result.
func (j *JSON) Result(r verify.Result) error {
	if j.results++; j.results > 1 {
		j.text(",")
	}
	j.text("\n")
	j.value(r)
	return j.err
}

// Close ends the document.
func (j *JSON) Close(end Ending) error {
	j.text("\n],\"keys\":")
	j.value(append([]verify.UsedKey{}, end.Keys...))
	if end.Summary != nil {
		j.text(`,"summary":`)
		j.value(end.Summary)
	}
	j.text("}\n")
	if j.err == nil {
		j.err = j.out.Flush()
	}
	return j.err
}

func (j *JSON) text(s string) {
	if j.err == nil {
		_, j.err = j.out.WriteString(s)
	}
}

func (j *JSON) value(v any) {
	text, err := json.Marshal(v)
	if err != nil && j.err == nil {
		j.err = err
	}
	j.text(string(text))
}
