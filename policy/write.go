package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The members are in the order of AWS's own documents.
type (
	documentJSON struct {
		Version   string      `json:",omitempty"`
		ID        string      `json:"Id,omitempty"`
		Statement []Statement // a single one is an array too
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

// MarshalJSON writes the document as AWS does, with statements and values in their
// order.
func (d Document) MarshalJSON() ([]byte, error) {
	statements := d.Statements
	if statements == nil {
		statements = []Statement{}
	}
	return encode(documentJSON{d.Version, d.ID, statements}, "")
}

// UnmarshalJSON calls [Parse].
func (d *Document) UnmarshalJSON(text []byte) (err error) {
	*d, err = Parse(text)
	return err
}

// MarshalJSON omits missing elements.
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

// String returns the document as indented JSON.
func (d Document) String() string {
	text, err := encode(d, "  ")
	if err != nil {
		return fmt.Sprintf("policy that cannot be written: %v", err) // its parts are all strings
	}
	return string(text)
}

// encode leaves <, > and & unescaped.
func encode(value any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
