package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// attribute is what lookup searches by, and the column that has it.
type attribute struct {
	key    string
	column string
	list   bool // the column is a list
}

func attributes() []attribute {
	return []attribute{
		{"EventId", "event_id", false},
		{"EventName", "event_name", false},
		{"EventSource", "event_source", false},
		{"ReadOnly", "read_only", false},
		{"Username", "username", false},
		{"AccessKeyId", "identity_access_key_id", false},
		{"ResourceName", "resource_names", true},
		{"ResourceType", "resource_types", true},
	}
}

// mostCommon returns the statement for the most common value of the attribute that
// fewer than a twentieth of the events have, or else for the rarest one.
func (a attribute) mostCommon() string {
	from := "(SELECT " + a.column + "::VARCHAR AS value FROM events)"
	if a.list {
		from = "(SELECT item AS value FROM events, unnest(" + a.column + ") AS items(item))"
	}
	return "SELECT value FROM (SELECT value, count(*) AS n FROM " + from + " WHERE value IS NOT NULL GROUP BY value) " +
		"ORDER BY n > (SELECT count(*) / 20 FROM events), CASE WHEN n > (SELECT count(*) / 20 FROM events) THEN n ELSE -n END, value LIMIT 1"
}

// equals returns the statement for the events that have a value of the attribute.
func (a attribute) equals(value string) string {
	quoted := "'" + strings.ReplaceAll(value, "'", "''") + "'"
	switch {
	case a.list:
		return "SELECT * FROM events WHERE list_contains(" + a.column + ", " + quoted + ")"
	case a.column == "read_only":
		return "SELECT * FROM events WHERE read_only = " + value
	}
	return "SELECT * FROM events WHERE " + a.column + " = " + quoted
}

// lookups compares lookup by each attribute with SQL for the same events, and lookup
// by id in a lake with that in one of ten times the events.
func (b *bench) lookups(ctx context.Context) ([]group, error) {
	million, err := b.lakeOf(ctx, b.busy().times(3), "million")
	if err != nil {
		return nil, err
	}
	var groups []group
	for _, a := range attributes() {
		g, err := b.lookupBy(ctx, a, million)
		if err != nil {
			return nil, err
		}
		groups = append(groups, *g)
	}
	groups[len(groups)-1].Notes = []string{
		"Both sides are whole processes that write each event as a line of JSON: the SQL all its columns, lookup the record, which",
		"it restores from them, with what LookupEvents derives. Both check the columns that they read. The value is the most common",
		"one that fewer than a twentieth of the events have, or else the rarest.",
	}
	flat, err := b.flatness(ctx)
	if err != nil {
		return nil, err
	}
	return append(groups, *flat), os.RemoveAll(million)
}

// lakeOf ingests the archive of a spec into a new lake.
func (b *bench) lakeOf(ctx context.Context, s spec, name string) (string, error) {
	a, err := b.archive(ctx, s)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(b.scratch, name)
	_, err = b.intoLake(ctx, a, dir)
	return dir, err
}

// lookupBy measures lookup by an attribute, and the same events by SQL.
func (b *bench) lookupBy(ctx context.Context, a attribute, dir string) (*group, error) {
	value, err := b.valueOf(ctx, a.mostCommon(), dir)
	if err != nil {
		return nil, err
	}
	b.say("lookup by %s", a.key)
	ours, hand := &measured{Name: "trailkeeper lookup"}, &measured{Name: "trailkeeper query, SELECT * and equality"}
	found := 0
	for range b.opts.rounds {
		s, events, err := b.lines(ctx, "lookup", "--lake", dir, "--format", "jsonl", "--attribute", a.key+"="+value)
		if err != nil {
			return nil, err
		}
		ours.add(s)
		s, rows, err := b.lines(ctx, "query", "--lake", dir, "--format", "jsonl", a.equals(value))
		if err != nil {
			return nil, err
		}
		if events != rows || rows == 0 {
			return nil, fmt.Errorf("look up %s=%q: %d events by lookup, %d by SQL", a.key, value, events, rows)
		}
		hand.add(s)
		found = rows
	}
	ours.compare(hand, slowness)
	ours.judge("lookup by "+a.key+", against SQL", bar{AtMost: 3})
	return &group{Title: "lookup by " + a.key, About: fmt.Sprintf("%d events found", found), Ratio: "lookup's time to that of SQL", Measures: []measured{*ours, *hand}}, nil
}

// flatness measures lookup by id in two lakes.
func (b *bench) flatness(ctx context.Context) (*group, error) {
	g := &group{Title: "lookup of one event by its id, by size of the lake", Ratio: "the processor time to that of the first", Measures: make([]measured, 2)}
	for i, times := range []int{1, 10} {
		dir, err := b.lakeOf(ctx, b.busy().times(times), "flat-"+strconv.Itoa(times))
		if err != nil {
			return nil, err
		}
		id, err := b.valueOf(ctx, "SELECT min(event_id) FROM events", dir)
		if err != nil {
			return nil, err
		}
		m := &g.Measures[i]
		m.Name = fmt.Sprintf("%d times the busy files", times)
		for range 3 * b.opts.rounds {
			s, events, err := b.lines(ctx, "lookup", "--lake", dir, "--format", "jsonl", "--attribute", "EventId="+id)
			if err != nil {
				return nil, err
			}
			if events == 0 {
				return nil, fmt.Errorf("look up event %q: nothing found", id)
			}
			m.add(s)
		}
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	larger := &g.Measures[1]
	larger.compare(&g.Measures[0], effort)
	larger.judge("lookup by EventId, ten times the events", bar{AtMost: 1.5})
	return g, nil
}

// valueOf returns the only value of an answer.
func (b *bench) valueOf(ctx context.Context, statement, dir string) (string, error) {
	s, err := b.trail(ctx, "query", "--lake", dir, "--format", "jsonl", statement)
	if err != nil {
		return "", err
	}
	var row map[string]string
	if err := json.Unmarshal(s.Output, &row); err != nil || len(row) != 1 {
		return "", fmt.Errorf("read the answer to %q: %d columns, %w", statement, len(row), err)
	}
	for _, value := range row {
		return value, nil
	}
	return "", nil
}

// lines runs the trailkeeper under test, and counts the lines that it writes.
func (b *bench) lines(ctx context.Context, args ...string) (sample, int, error) {
	s, err := b.trail(ctx, args...)
	count := strings.Count(string(s.Output), "\n")
	s.Output = nil
	return s, count, err
}
