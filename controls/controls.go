// Package controls is a catalogue of what to watch for in a trail's log group: metric filters that benchmarks ask for, and our own.
//
// A control is a folder, ID/, with pattern.txt, the filter pattern, control.json,
// which describes it, and hits.jsonl and misses.jsonl, events that the pattern must
// match and must not. Adding a control is adding a folder.
package controls

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

//go:embed */control.json */pattern.txt
var files embed.FS

// Control is one entry of the catalogue.
type Control struct {
	ID string `json:"-"` // the name of its folder, which no benchmark renumbers
	// Pattern is byte for byte what auditors look for that compare strings.
	Pattern string `json:"-"`

	Title  string `json:"title"`
	Set    Set    `json:"set"`
	Filter string `json:"filter"` // the name of the metric filter
	Metric string `json:"metric"`
	// SecurityHub is the control of AWS Security Hub that looks for the pattern; ""
	// where there is none.
	SecurityHub string `json:"security_hub,omitempty"`
	// CIS is the control's number by the version of the CIS AWS Foundations
	// Benchmark, for the versions that have it.
	CIS map[string]string `json:"cis,omitempty"`
}

// Set is where a control comes from.
type Set string

// The sets there are.
const (
	CIS    Set = "cis"    // the CIS AWS Foundations Benchmark
	Tamper Set = "tamper" // ways to blind a trail that the CIS controls overlook
)

// All returns the catalogue in order of ID. It is part of the program, so that one
// that cannot be read is a fault of the program: All panics.
func All() []Control {
	folders, err := files.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("read control catalogue: %v", err))
	}
	list := make([]Control, len(folders))
	for i, folder := range folders {
		if list[i], err = read(folder.Name()); err != nil {
			panic(fmt.Sprintf("read control %q: %v", folder.Name(), err))
		}
	}
	return list
}

func read(id string) (Control, error) {
	c := Control{ID: id}
	description, err := files.ReadFile(path.Join(id, "control.json"))
	if err != nil {
		return c, err
	}
	decoder := json.NewDecoder(bytes.NewReader(description))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, fmt.Errorf("control.json: %w", err)
	}
	pattern, err := files.ReadFile(path.Join(id, "pattern.txt"))
	c.Pattern = strings.TrimSuffix(string(pattern), "\n")
	return c, err
}

// Label says where the control comes from, with the number of CIS AWS Foundations
// 5.0, which is that of 1.4 and all between: "CIS 4.3".
func (c Control) Label() string {
	if c.Set == CIS {
		return "CIS " + c.CIS["5.0.0"]
	}
	return "Tampering"
}
