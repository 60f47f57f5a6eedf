// Package queries is a catalogue of questions that people ask of a CloudTrail archive, each as SQL over the views of a lake.
//
// A query is a folder, NAME/, with query.sql, query.json, which describes it
// and its parameters, and expected.jsonl, its answer over testdata/events.jsonl.
// Adding a query is adding a folder.
package queries

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed */query.sql */query.json
var files embed.FS

// Query is one entry of the catalogue.
type Query struct {
	Name string `json:"-"` // the name of its folder
	SQL  string `json:"-"`

	Title       string      `json:"title"`       // one line, for lists
	Description string      `json:"description"` // what the answer means and what it leaves out
	Parameters  []Parameter `json:"parameters,omitempty"`

	// WholeLake reports that the answer for a time range also needs the earlier
	// events, such as whether a region was used before. The views then hold
	// everything, and the SQL has $since and $until.
	WholeLake bool `json:"whole_lake,omitempty"`
}

// Parameter is a value that a query takes, written $name in its SQL.
type Parameter struct {
	Name    string  `json:"name"`
	Type    Type    `json:"type"`
	Meaning string  `json:"meaning"`
	Default *string `json:"default,omitempty"` // nil when the value must be given
	Example string  `json:"example"`           // a value that finds something in the sample events
}

// Type is the type of a parameter's value.
type Type string

// The types that parameters may have.
const (
	String  Type = "string"
	Integer Type = "integer"
	Time    Type = "time" // RFC 3339
)

// All returns the catalogue in order of name.
func All() ([]Query, error) {
	folders, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("read query catalogue: %w", err)
	}
	var list []Query
	for _, folder := range folders {
		q, err := read(folder.Name())
		if err != nil {
			return nil, fmt.Errorf("read query %q: %w", folder.Name(), err)
		}
		list = append(list, q)
	}
	return list, nil
}

// Names returns the names of the catalogue in order.
func Names(list []Query) []string {
	names := make([]string, len(list))
	for i, q := range list {
		names[i] = q.Name
	}
	return names
}

func read(name string) (Query, error) {
	q := Query{Name: name}
	description, err := files.ReadFile(path.Join(name, "query.json"))
	if err != nil {
		return q, err
	}
	decoder := json.NewDecoder(bytes.NewReader(description))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&q); err != nil {
		return q, fmt.Errorf("query.json: %w", err)
	}
	sql, err := files.ReadFile(path.Join(name, "query.sql"))
	q.SQL = string(sql)
	return q, err
}

// Bind converts given values, as text, to the values of the query's parameters.
// A value that is missing, unknown or of the wrong type is an error that names
// the parameter. since and until are bound when the query reads the whole lake;
// a zero time is no bound.
func (q Query) Bind(given map[string]string, since, until time.Time) (map[string]any, error) {
	bound := map[string]any{}
	for _, p := range q.Parameters {
		text, ok := given[p.Name]
		if !ok && p.Default == nil {
			return nil, fmt.Errorf("query %s: parameter %s is missing: %s", q.Name, p.Name, p.Meaning)
		}
		if !ok {
			text = *p.Default
		}
		value, err := p.Type.parse(text)
		if err != nil {
			return nil, fmt.Errorf("query %s: parameter %s is %q, not %w", q.Name, p.Name, text, err)
		}
		bound[p.Name] = value
	}
	for name := range given {
		if _, known := bound[name]; !known {
			return nil, fmt.Errorf("query %s: unknown parameter %q, %s", q.Name, name, q.takes())
		}
	}
	if q.WholeLake {
		bound["since"], bound["until"] = since, until
		if until.IsZero() {
			bound["until"] = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
		}
	}
	return bound, nil
}

func (q Query) takes() string {
	if len(q.Parameters) == 0 {
		return "it takes none"
	}
	var names []string
	for _, p := range q.Parameters {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return "it takes " + strings.Join(names, ", ")
}

func (t Type) parse(text string) (any, error) {
	switch t {
	case Integer:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, errors.New("a whole number")
		}
		return n, nil
	case Time:
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, errors.New("an RFC 3339 time")
		}
		return at.UTC(), nil
	}
	return text, nil
}
