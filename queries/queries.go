// Package queries is a catalogue of questions that people ask of a CloudTrail archive, each as SQL over the views of a lake, in the dialect that it names.
//
// A query is a folder, NAME/, with query.sql, query.json, which describes it
// and its parameters, and expected.jsonl, its answer over testdata/events.jsonl,
// which a user's own may lack. Adding a query is adding a folder.
package queries

import (
	"embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/catalogue"
)

//go:embed */query.sql */query.json
var files embed.FS

// Query is one entry of the catalogue.
type Query struct {
	Name   string `json:"-"` // the name of its folder
	SQL    string `json:"-"`
	Source string `json:"-"` // "" where it is part of the program, else the path of the user's folder

	Title       string      `json:"title"`                 // one line, for lists
	Dialect     Dialect     `json:"dialect"`               // of the SQL
	Description string      `json:"description,omitempty"` // what the answer means and what it leaves out
	Parameters  []Parameter `json:"parameters,omitempty"`

	// WholeLake reports that the answer for a time range also needs the earlier
	// events, such as whether a region was used before. The views then hold
	// everything, and the SQL has $since and $until.
	WholeLake bool `json:"whole_lake,omitempty"`
}

// Dialect is the SQL dialect that a query is written in. DuckDB's is over the view
// events, Trino's over cloudtrail_logs.
type Dialect string

// The dialects that queries may have.
const (
	DuckDB Dialect = "duckdb"
	Trino  Dialect = "trino"
)

// Parameter is a value that a query takes, written $name in its SQL.
type Parameter struct {
	Name    string  `json:"name"`
	Type    Type    `json:"type"`
	Meaning string  `json:"meaning"`
	Default *string `json:"default,omitempty"` // nil when the value must be given
	Example string  `json:"example,omitempty"` // a value that finds something in the sample events
}

// Type is the type of a parameter's value.
type Type string

// The types that parameters may have.
const (
	String  Type = "string"
	Integer Type = "integer"
	Time    Type = "time" // RFC 3339
)

// All returns the queries that are part of the program, in order of name.
func All() ([]Query, error) { return Load() }

// Load returns the queries that are part of the program and then those of more
// sources, in order of name within each. A name is unique among them all. An error
// lists what is wrong, with file and position.
func Load(more ...catalogue.Source) ([]Query, error) {
	return catalogue.Load(catalogue.Kind[Query]{
		Noun: "query", Files: []string{"query.json", "query.sql"}, Optional: []string{"expected.jsonl"}, Read: read,
	}, slices.Concat([]catalogue.Source{{FS: files}}, more)...)
}

// Names returns the names of the catalogue in order.
func Names(list []Query) []string {
	names := make([]string, len(list))
	for i, q := range list {
		names[i] = q.Name
	}
	return names
}

func read(e *catalogue.Entry) (Query, error) {
	q := Query{Name: e.ID, Source: e.Source(), SQL: e.Text("query.sql")}
	if err := e.JSON("query.json", &q); err != nil {
		return q, err
	}
	if err := q.check(); err != nil {
		return q, e.Fail("query.json", err)
	}
	if strings.TrimSpace(q.SQL) == "" {
		return q, e.Fail("query.sql", errors.New("there is no SQL"))
	}
	for _, p := range q.Parameters {
		if !regexp.MustCompile(`\$` + p.Name + `\b`).MatchString(q.SQL) {
			return q, e.Fail("query.sql", fmt.Errorf("the parameter $%s is not in the SQL", p.Name))
		}
	}
	return q, nil
}

// check tells what is missing or wrong in the description.
func (q Query) check() error {
	if strings.TrimSpace(q.Title) == "" || strings.ContainsAny(q.Title, "\r\n") {
		return errors.New("title is not one line of text")
	}
	if q.Dialect != DuckDB && q.Dialect != Trino {
		return fmt.Errorf("dialect is %q, not %s or %s", q.Dialect, DuckDB, Trino)
	}
	seen := map[string]bool{}
	for _, p := range q.Parameters {
		switch {
		case !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(p.Name):
			return fmt.Errorf("the parameter name %q is not small letters, digits and underscores", p.Name)
		case seen[p.Name]:
			return fmt.Errorf("the parameter %s is there twice", p.Name)
		case q.WholeLake && (p.Name == "since" || p.Name == "until"):
			return fmt.Errorf("the parameter %s is given by whole_lake already", p.Name)
		case p.Type != String && p.Type != Integer && p.Type != Time:
			return fmt.Errorf("the parameter %s has type %q, not %s, %s or %s", p.Name, p.Type, String, Integer, Time)
		case p.Meaning == "":
			return fmt.Errorf("the parameter %s has no meaning", p.Name)
		}
		seen[p.Name] = true
		if p.Default != nil {
			if _, err := p.Type.parse(*p.Default); err != nil {
				return fmt.Errorf("the default of parameter %s is %q, not %w", p.Name, *p.Default, err)
			}
		}
	}
	return nil
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
