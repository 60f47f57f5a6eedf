package finding

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Verdict is what a check concluded about what it looked at.
type Verdict string

// The verdicts there are. Unknown is never a pass.
const (
	Bad           Verdict = "bad"            // a rule hit, an object that is not as it should be, a check that failed, a requirement that is not met
	Partly        Verdict = "partly"         // a requirement of which a part is met
	Good          Verdict = "good"           // looked at, and as it should be
	Unknown       Verdict = "unknown"        // could not be looked at, or not enough is known
	NotApplicable Verdict = "not_applicable" // there is nothing of the kind
)

// Valid reports whether v is one of the verdicts.
func (v Verdict) Valid() bool {
	switch v {
	case Bad, Partly, Good, Unknown, NotApplicable:
		return true
	}
	return false
}

// Found reports whether the verdict is something to act on.
func (v Verdict) Found() bool { return v == Bad || v == Partly }

// Finding is one conclusion of one check.
type Finding struct {
	// ID is the same whenever the same is found: see Identity.
	ID       string   `json:"id"`
	Check    string   `json:"check"` // the id of a Check that was told before
	Verdict  Verdict  `json:"verdict"`
	Severity Severity `json:"severity"`

	Title       string `json:"title"`                 // one line: what was found
	Description string `json:"description,omitempty"` // what it means, with the values of this case

	Account string `json:"account,omitempty"` // 12 digits
	Region  string `json:"region,omitempty"`
	// Time is when it was found; First and Last are the times of what was found, such
	// as the first and the last event.
	Time  time.Time `json:"time"`
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`

	Resources []Resource `json:"resources,omitempty"` // what it is about
	Evidence  []Evidence `json:"evidence,omitempty"`
	// EvidenceOmitted is how many more pieces there were than Evidence has.
	EvidenceOmitted int64  `json:"evidence_omitted,omitempty"`
	Remedy          Remedy `json:"remedy,omitzero"`
}

// Resource is something that a finding is about.
type Resource struct {
	// Type is as CloudFormation writes it, such as AWS::S3::Bucket; "" where AWS has
	// no such type.
	Type string `json:"type,omitempty"`
	ID   string `json:"id"` // the ARN, or the path of a file
	Name string `json:"name,omitempty"`
}

// Evidence is a piece of what a finding rests on. Exactly one member is set.
type Evidence struct {
	Event  *Event  `json:"event,omitempty"`
	Object *Object `json:"object,omitempty"`
	Call   *Call   `json:"call,omitempty"`
}

// Event is a CloudTrail record that a rule hit.
type Event struct {
	ID        string    `json:"id,omitempty"`
	Time      time.Time `json:"time,omitzero"`
	Source    string    `json:"source,omitempty"` // such as iam.amazonaws.com
	Name      string    `json:"name,omitempty"`
	Account   string    `json:"account,omitempty"`
	Region    string    `json:"region,omitempty"`
	Principal string    `json:"principal,omitempty"`
	Address   string    `json:"address,omitempty"`
	Error     string    `json:"error,omitempty"` // its code
	// LogFile and Offset are where the record is: a position in the uncompressed text.
	LogFile string          `json:"log_file,omitempty"`
	Offset  int64           `json:"offset,omitempty"`
	Record  json.RawMessage `json:"record,omitempty"` // as it was written
}

// Object is the state of a file, such as a log file or a digest.
type Object struct {
	Location string `json:"location"` // path, or s3://BUCKET/KEY
	State    string `json:"state"`    // such as valid, tampered, missing, could not be read
	// Expected and Found are what should be there and what is, such as
	// "sha256:...". Found is "" where nothing is.
	Expected string `json:"expected,omitempty"`
	Found    string `json:"found,omitempty"`
	By       string `json:"by,omitempty"` // what says so, such as the digest that has the hash
}

// Call is a call that a check made, and what it looked at in the answer.
type Call struct {
	Service   string          `json:"service"` // such as cloudtrail
	Operation string          `json:"operation"`
	Request   json.RawMessage `json:"request,omitempty"`
	Path      string          `json:"path,omitempty"`   // of the part of the answer
	Answer    json.RawMessage `json:"answer,omitempty"` // that part
	Error     string          `json:"error,omitempty"`  // instead of an answer
}

// Remedy is what to do about a finding.
type Remedy struct {
	Text     string   `json:"text,omitempty"`
	Commands []string `json:"commands,omitempty"` // command lines to run in this order
	URL      string   `json:"url,omitempty"`
}

// Identity returns an id for a finding: the same for the same check, verdict aside,
// about the same resources on the same evidence. Times of looking do not count, nor do
// words, so that a second run finds the same, and a corrected text is no new finding.
func (f Finding) Identity() string {
	parts := []string{f.Check, f.Account, f.Region}
	for _, r := range f.Resources {
		parts = append(parts, "resource", r.ID)
	}
	for _, e := range f.Evidence {
		switch {
		case e.Event != nil && e.Event.ID != "":
			parts = append(parts, "event", e.Event.ID)
		case e.Event != nil:
			parts = append(parts, "record", e.Event.LogFile, fmt.Sprint(e.Event.Offset))
		case e.Object != nil:
			parts = append(parts, "object", e.Object.Location)
		case e.Call != nil:
			parts = append(parts, "call", e.Call.Service, e.Call.Operation, e.Call.Path)
		}
	}
	return NewID(parts...)
}

// NewID returns an id that is the same for the same parts: 32 hexadecimal digits.
func NewID(parts ...string) string {
	hash := sha256.New()
	for _, part := range parts {
		// The length keeps "a", "bc" apart from "ab", "c".
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		hash.Write([]byte(part))
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// Incident is findings that belong together, such as the steps of one attack.
type Incident struct {
	ID          string    `json:"id"` // such as NewID of those of its findings
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Severity    Severity  `json:"severity"`
	Findings    []string  `json:"findings"` // ids of findings that were told before
	Principals  []string  `json:"principals,omitempty"`
	First       time.Time `json:"first,omitzero"`
	Last        time.Time `json:"last,omitzero"`
}

// Check is what a finding comes from: a rule, a check or a requirement.
type Check struct {
	ID          string      `json:"id"`
	Title       string      `json:"title"`
	Description string      `json:"description,omitempty"`
	URL         string      `json:"url,omitempty"`
	References  []Reference `json:"references,omitempty"`
}

// Reference is where a catalogue of others has a check, such as CIS AWS Foundations
// 5.0.0 with the number 4.3, or MITRE ATT&CK with T1562.008.
type Reference struct {
	Catalogue string `json:"catalogue"`
	Version   string `json:"version,omitempty"`
	Number    string `json:"number"`
	URL       string `json:"url,omitempty"`
}
