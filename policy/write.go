package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The order of members is that of AWS's own documents.
type (
	documentJSON struct {
		Version   string      `json:",omitempty"`
		ID        string      `json:"Id,omitempty"`
		Statement []Statement // one too is an array
	}
	statementJSON struct {
		Sid          string     `json:",omitempty"`
		Effect       Effect     `json:",omitempty"`
		Principal    Principals `json:",omitempty"`
		NotPrincipal Principals `json:",omitempty"`
		Action       Values     `json:",omitempty"`
		NotAction    Values     `json:",omitempty"`
		Resource     Values     `json:",omitempty"`
		NotResource  Values     `json:",omitempty"`
		Condition    Conditions `json:",omitempty"`
	}
)

// MarshalJSON writes the document as AWS does, with its statements and values in
// the order they have here.
func (d Document) MarshalJSON() ([]byte, error) {
	statements := d.Statements
	if statements == nil {
		statements = []Statement{}
	}
	return encode(documentJSON{d.Version, d.ID, statements}, "")
}

// UnmarshalJSON is [Parse].
func (d *Document) UnmarshalJSON(text []byte) (err error) {
	*d, err = Parse(text)
	return err
}

// MarshalJSON leaves out what is not there.
func (s Statement) MarshalJSON() ([]byte, error) { return encode(statementJSON(s), "") }

// MarshalJSON writes a single value as a string.
func (v Values) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return encode(v[0], "")
	}
	return encode(append([]string{}, v...), "") // never null
}

// MarshalJSON writes everyone as "*".
func (p Principals) MarshalJSON() ([]byte, error) {
	if _, all := p[everyone]; all {
		return encode(everyone, "")
	}
	return encode(map[string]Values(p), "")
}

// String is the document as indented JSON.
func (d Document) String() string {
	text, err := encode(d, "  ")
	if err != nil {
		return fmt.Sprintf("policy that cannot be written: %v", err) // its parts are all strings
	}
	return string(text)
}

// encode keeps <, > and & as they are.
func encode(value any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
