package finding

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The version of the stream. Readers of one major version read all its minor
// versions: a new one adds kinds of messages and members, and changes none.
const (
	MajorVersion = 1
	MinorVersion = 0
)

// Message is one message of a stream. Exactly one member is set.
//
// A stream begins with Config and ends with Summary; one without a summary was cut.
// A Check comes before the findings that name it, and findings before the incidents
// that name them. The stream means the same without Progress.
type Message struct {
	Config   *Config   `json:"config,omitempty"`
	Check    *Check    `json:"check,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	Problem  *Problem  `json:"problem,omitempty"`
	Finding  *Finding  `json:"finding,omitempty"`
	Incident *Incident `json:"incident,omitempty"`
	Change   *Change   `json:"change,omitempty"`
	Summary  *Summary  `json:"summary,omitempty"`
}

// Handler takes the messages of a stream in their order. It does not keep a message
// that it may change.
type Handler interface {
	Handle(m Message) error
	// Close ends what was written. Nothing is handled after it, also after an error.
	Close() error
}

// Config says what made the stream, and of what.
type Config struct {
	Protocol string    `json:"protocol"` // MAJOR.MINOR; Strict fills in an empty one
	Tool     string    `json:"tool"`     // such as trailkeeper
	Version  string    `json:"version,omitempty"`
	Verb     string    `json:"verb,omitempty"`
	Source   string    `json:"source,omitempty"` // what was looked at, such as the path of an archive
	Account  string    `json:"account,omitempty"`
	Region   string    `json:"region,omitempty"`
	Time     time.Time `json:"time,omitzero"` // when it began
}

// Progress is for a person who waits.
type Progress struct {
	Text  string `json:"text,omitempty"`
	Done  int64  `json:"done,omitempty"`
	Total int64  `json:"total,omitempty"` // 0 if not known
}

// Problem is an input that could not be read, or is damaged.
type Problem struct {
	Location string `json:"location"`
	Offset   int64  `json:"offset,omitempty"` // in the uncompressed file
	Cause    string `json:"cause"`
	// Unseen reports that it could not be read.
	Unseen bool `json:"unseen,omitempty"`
	// Kept reports that no event was lost.
	Kept bool `json:"kept,omitempty"`
}

// Change is what would be done to a resource, or was.
type Change struct {
	Kind   string        `json:"kind"` // such as bucket
	Name   string        `json:"name"`
	Action string        `json:"action"` // such as create
	Fields []FieldChange `json:"fields,omitempty"`
	Note   string        `json:"note,omitempty"`
}

// FieldChange is one field of a change. Old and New are null for what is not there.
type FieldChange struct {
	Path string          `json:"path"`
	Old  json.RawMessage `json:"old"`
	New  json.RawMessage `json:"new"`
	// KnownAfterApply reports that New is null because AWS chooses the value.
	KnownAfterApply bool `json:"known_after_apply,omitempty"`
}

// Summary is the last message.
type Summary struct {
	// Complete tells that all was looked at. If not, the lack of a finding proves
	// nothing.
	Complete bool `json:"complete"`
	// Findings is how many findings of the stream are bad or partly so, by severity,
	// and Verdicts how many there are by verdict. Strict fills them in.
	Findings map[string]int64 `json:"findings"`
	Verdicts map[string]int64 `json:"verdicts"`
	// Counts are those of the verb, such as files.read.
	Counts map[string]int64 `json:"counts,omitempty"`
	Time   time.Time        `json:"time,omitzero"` // when it ended
	// Document is the report that the verb prints with --format json.
	Document json.RawMessage `json:"document,omitempty"`
}

// Validate checks one message, without the messages before it.
func (m Message) Validate() error {
	set := 0
	for _, is := range []bool{
		m.Config != nil, m.Check != nil, m.Progress != nil, m.Problem != nil,
		m.Finding != nil, m.Incident != nil, m.Change != nil, m.Summary != nil,
	} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		return fmt.Errorf("message has %d members, want one", set)
	case m.Check != nil && (m.Check.ID == "" || m.Check.Title == ""):
		return fmt.Errorf("check %.200q lacks an id or a title", m.Check.ID)
	case m.Finding != nil:
		return m.Finding.validate()
	case m.Incident != nil:
		return m.Incident.validate()
	}
	return nil
}

func (f *Finding) validate() error {
	switch {
	case f.ID == "":
		return fmt.Errorf("finding %.200q lacks an id", f.Title)
	case f.Title == "" || f.Check == "":
		return fmt.Errorf("finding %.200q lacks a title or a check", f.ID)
	case !f.Verdict.Valid():
		return fmt.Errorf("finding %.200q has the verdict %.200q", f.ID, f.Verdict)
	case !f.Severity.Valid():
		return fmt.Errorf("finding %.200q lacks a severity", f.ID)
	case f.Time.IsZero():
		return fmt.Errorf("finding %.200q lacks a time", f.ID)
	}
	for i, e := range f.Evidence {
		if (e.Event != nil && e.Object != nil) || (e.Event != nil && e.Call != nil) || (e.Object != nil && e.Call != nil) || e == (Evidence{}) {
			return fmt.Errorf("evidence %d of finding %.200q is not one of event, object and call", i, f.ID)
		}
	}
	return nil
}

func (i *Incident) validate() error {
	switch {
	case i.ID == "" || i.Title == "":
		return fmt.Errorf("incident %.200q lacks an id or a title", i.ID)
	case !i.Severity.Valid():
		return fmt.Errorf("incident %.200q lacks a severity", i.ID)
	case len(i.Findings) == 0:
		return fmt.Errorf("incident %.200q has no findings", i.ID)
	}
	return nil
}

// ErrCut is the error of a stream that ends without a summary: what it says is true,
// and more may be missing.
var ErrCut = errors.New("the stream ends without a summary")
