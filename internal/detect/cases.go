package detect

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/catalogue"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/sigma"
)

// The files with the cases of the rules of a folder. Each line is an event, or an array
// of events that belong together.
const (
	hitsName   = "hits.jsonl"
	missesName = "misses.jsonl"
	maxCase    = 16 << 20 // bytes of a line
)

// Tested is what came out of the cases of a source.
type Tested struct {
	Cases    int
	Untested []string // rules whose folder has no cases
	Problems []*catalogue.Error
}

// Test asks the rules of a source about the cases beside them: each rule must find
// something in each of its hits, and nothing in its misses. The rules of one folder
// share the cases.
func Test(ctx context.Context, set *sigma.Set, source catalogue.Source) (Tested, error) {
	var t Tested
	rs := New(set)
	folders := map[string][]*sigma.Meta{}
	for number := range len(set.Rules) + len(set.Correlations) {
		meta, alone := rs.meta(number)
		if alone && meta.Source == source.Name {
			folders[path.Dir(meta.File)] = append(folders[path.Dir(meta.File)], meta)
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		tested := false
		for _, name := range []string{hitsName, missesName} {
			text, err := fs.ReadFile(source.FS, path.Join(folder, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return t, fmt.Errorf("read cases: %w", err)
			}
			tested = true
			f := caseFile{rs, source.Name, path.Join(folder, name), folders[folder], name == hitsName, &t}
			if err := f.test(ctx, text); err != nil {
				return t, err
			}
		}
		for _, meta := range folders[folder] {
			if !tested {
				t.Untested = append(t.Untested, ruleID(meta))
			}
		}
	}
	return t, nil
}

// caseFile is a file of cases while it is read.
type caseFile struct {
	rules        *Rules
	source, name string
	of           []*sigma.Meta
	hit          bool // what the rules should say
	to           *Tested
}

func (f *caseFile) test(ctx context.Context, text []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxCase)
	n := 0
	for ; lines.Scan(); n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(bytes.TrimSpace(lines.Bytes())) > 0 {
			f.line(n+1, lines.Bytes())
		}
	}
	if err := lines.Err(); err != nil {
		f.fail(n+1, err)
	}
	return nil
}

func (f *caseFile) fail(line int, err error) {
	f.to.Problems = append(f.to.Problems, &catalogue.Error{Source: f.source, File: f.name, Line: line, Column: 1, Err: err})
}

// line asks the rules about one case.
func (f *caseFile) line(number int, text []byte) {
	f.to.Cases++
	events := []json.RawMessage{text}
	if text[0] == '[' {
		if err := json.Unmarshal(text, &events); err != nil {
			f.fail(number, err)
			return
		}
	}
	d := f.rules.NewDetector(time.Time{}, time.Time{})
	for _, text := range events {
		var r event.Record
		if _, err := r.Decode(text); err != nil {
			f.fail(number, fmt.Errorf("it is no event: %w", err))
			return
		}
		if _, ok := r.Time(); !ok || len(r.ID()) == 0 {
			f.fail(number, errors.New("an event has no time or no id"))
			return
		}
		d.Event(&r)
	}
	found := map[string]bool{}
	for _, finding := range f.rules.Findings(d) {
		found[finding.Rule] = true
	}
	for _, meta := range f.of {
		switch {
		case f.hit && !found[ruleID(meta)]:
			f.fail(number, fmt.Errorf("rule %q finds nothing in it", meta.Title))
		case !f.hit && found[ruleID(meta)]:
			f.fail(number, fmt.Errorf("rule %q finds something in it", meta.Title))
		}
	}
}
