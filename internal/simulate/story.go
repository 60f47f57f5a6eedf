package simulate

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// story is a sequence of calls that belong together: an attack, or a routine
// such as one account's role being assumed from another.
type story struct {
	name   string
	file   storyFile
	vars   map[string]template
	actors map[string]*part
	steps  []step
}

// storyFile is the JSON of attacks/NAME.json and routines/NAME.json.
type storyFile struct {
	Title     string   `json:"title"`
	Summary   string   `json:"summary"`
	Technique []string `json:"technique"` // of MITRE ATT&CK
	// PerDay is how often a routine happens in each account; 0.2 is every fifth day.
	PerDay float64    `json:"perDay"`
	Hours  [2]float64 `json:"hours"` // UTC, in which it begins
	// Vars are drawn once and are known to every step as ${$NAME}. One with the
	// name of a pool, such as bucket, is what ${bucket} means in all the story's
	// calls. Two exist without being named: $peer, another account's number, and
	// $shared, a UUID.
	Vars   map[string]string   `json:"vars"`
	Actors map[string]partFile `json:"actors"`
	Steps  []stepFile          `json:"steps"`
}

// partFile says who plays a part: an existing actor of a persona, or somebody
// with an identity of the story's own.
type partFile struct {
	Is       string          `json:"is"`   // persona
	Kind     string          `json:"kind"` // of world/kinds.json, when not the persona's
	Identity json.RawMessage `json:"identity"`
	Name     string          `json:"name"` // what ${me} is, with an identity of its own
	ARN      string          `json:"arn"`  // what ${myArn} is
	Via      string          `json:"via"`  // of world/access.json
	IP       string          `json:"ip"`   // instead of the access's
	Agent    string          `json:"agent"`
}

type stepFile struct {
	Step       string          `json:"step"` // what the step is for; default: the last step's
	Call       string          `json:"call"`
	Actor      string          `json:"actor"`  // default: the last step's
	After      [2]float64      `json:"after"`  // seconds since the last event
	Repeat     [2]int          `json:"repeat"` // default: once
	Gap        [2]float64      `json:"gap"`    // seconds between repetitions
	In         string          `json:"in"`     // peer: recorded in the other account
	Region     string          `json:"region"` // every: once in each Region
	Shared     bool            `json:"shared"` // has $shared as its sharedEventID
	Request    json.RawMessage `json:"request"`
	Response   json.RawMessage `json:"response"`
	Additional json.RawMessage `json:"additional"`
	Resources  json.RawMessage `json:"resources"`
	Record     json.RawMessage `json:"record"` // the whole record, for those of another shape
	Error      *errorFile      `json:"error"`  // {} is the call's own way to refuse
}

// part is a partFile, compiled.
type part struct {
	file      partFile
	identity  template
	name, arn template
	ip, agent template
}

// step is a stepFile, compiled.
type step struct {
	file       stepFile
	call       *call
	request    template
	response   template
	additional template
	resources  template
	record     template
	failure    *callError
}

// storyEvent is what an event of a story has of its own.
type storyEvent struct {
	attack        string // empty for a routine
	step          string
	who           *actor
	self          template // of identity, when who is nobody's persona
	identity      []byte
	vars          map[string]string
	request       template
	response      template
	additional    template
	resources     template
	record        template
	failure       *callError
	sharedEventID string
}

func loadStories(files fs.FS, folder string, words vocabulary, calls catalogue) ([]*story, error) {
	var all []*story
	err := eachFile(files, folder, func(name string, b []byte) error {
		s := &story{name: name}
		if err := decodeStrict(b, &s.file); err != nil {
			return err
		}
		if err := s.compile(words, calls); err != nil {
			return err
		}
		all = append(all, s)
		return nil
	})
	return all, err
}

func (st *story) compile(words vocabulary, calls catalogue) error {
	if len(st.file.Steps) == 0 {
		return fmt.Errorf("no steps")
	}
	words = words.withVariables(append(slices.Collect(maps.Keys(st.file.Vars)), "peer", "shared"))
	st.vars, st.actors = map[string]template{}, map[string]*part{}
	for name, value := range st.file.Vars {
		t, err := newCompiler(words).compileText(escape(value))
		if err != nil {
			return err
		}
		st.vars[name] = t
	}
	for name, f := range st.file.Actors {
		p, err := newPart(f, words)
		if err != nil {
			return fmt.Errorf("actor %q: %w", name, err)
		}
		st.actors[name] = p
	}
	previous := stepFile{}
	for i, f := range st.file.Steps {
		f.Step, f.Actor = or(f.Step, previous.Step), or(f.Actor, previous.Actor)
		s, err := newStep(f, words, calls)
		if err != nil {
			return fmt.Errorf("step %d (%s): %w", i+1, f.Call, err)
		}
		if st.actors[f.Actor] == nil {
			return fmt.Errorf("step %d (%s): no actor %q", i+1, f.Call, f.Actor)
		}
		st.steps = append(st.steps, s)
		previous = f
	}
	return nil
}

func newPart(f partFile, words vocabulary) (*part, error) {
	p := &part{file: f}
	var err error
	if p.identity, err = newCompiler(words).compile(f.Identity); err != nil {
		return nil, err
	}
	for _, text := range []struct {
		to   *template
		from string
	}{{&p.name, f.Name}, {&p.arn, f.ARN}, {&p.ip, f.IP}, {&p.agent, f.Agent}} {
		if *text.to, err = newCompiler(words).compileText(text.from); err != nil {
			return nil, err
		}
	}
	if (f.Is == "") == (len(f.Identity) == 0) {
		return nil, fmt.Errorf(`want either "is" or "identity"`)
	}
	return p, nil
}

// newStep compiles the step's bodies beside the call's own, which stand where
// the step has none.
func newStep(f stepFile, words vocabulary, calls catalogue) (step, error) {
	c, err := calls.call(f.Call)
	if err != nil {
		return step{}, err
	}
	s := step{file: f, call: c, request: c.request, response: c.response, additional: c.additional, resources: c.resources}
	with := &compiler{words: words, slots: maps.Clone(c.compiler.slots)}
	for _, body := range []struct {
		to  *template
		raw json.RawMessage
	}{{&s.request, f.Request}, {&s.response, f.Response}, {&s.additional, f.Additional}, {&s.resources, f.Resources}, {&s.record, f.Record}} {
		if len(body.raw) == 0 {
			continue
		}
		if *body.to, err = with.compile(body.raw); err != nil {
			return s, err
		}
	}
	if f.Error == nil {
		return s, nil
	}
	s.failure = &c.denied
	if f.Error.Code != "" || f.Error.Message != "" {
		own := call{compiler: with}
		e, err := own.compileError(*f.Error)
		if err != nil {
			return s, err
		}
		s.failure = &e
	}
	return s, nil
}

// withVariables returns v for a story that has these variables.
func (v vocabulary) withVariables(names []string) vocabulary {
	out := maps.Clone(v)
	for _, name := range names {
		fill := storyVariable(name)
		out["$"+name] = func([]string) (filler, error) { return fill, nil }
	}
	return out
}

// AttackStory describes an attack that can be simulated.
type AttackStory struct {
	Name      string   `json:"name"`
	Title     string   `json:"title"`
	Summary   string   `json:"summary"`
	Technique []string `json:"technique"` // of MITRE ATT&CK
}

// Attacks lists the attack stories by name.
func Attacks() ([]AttackStory, error) {
	var list []AttackStory
	err := eachFile(data, "attacks", func(name string, b []byte) error {
		var f storyFile
		if err := decodeStrict(b, &f); err != nil {
			return err
		}
		list = append(list, AttackStory{name, f.Title, f.Summary, f.Technique})
		return nil
	})
	return list, err
}

// UnknownAttackError is a name in Options.Attacks that no story has.
type UnknownAttackError struct {
	Name  string
	Known []string
}

func (e *UnknownAttackError) Error() string {
	return fmt.Sprintf("find attack %q: no such story; there are %s", e.Name, strings.Join(e.Known, ", "))
}

// choose returns the stories with these names, each once, in order of name.
// Those that need a second account are left out of all when there is none.
func choose(stories []*story, names []string, accounts int) ([]*story, error) {
	var known []string
	for _, s := range stories {
		known = append(known, s.name)
	}
	all := false
	for _, name := range names {
		i := slices.Index(known, name)
		switch {
		case name == "all":
			all = true
		case i < 0:
			return nil, &UnknownAttackError{name, known}
		case stories[i].needsPeer() && accounts < 2:
			return nil, &OptionError{"attack", fmt.Sprintf("%s needs two accounts", name)}
		}
	}
	return slices.DeleteFunc(slices.Clone(stories), func(s *story) bool {
		return !slices.Contains(names, s.name) && (!all || s.needsPeer() && accounts < 2)
	}), nil
}

// needsPeer reports whether part of st is recorded in a second account.
func (st *story) needsPeer() bool {
	return slices.ContainsFunc(st.steps, func(s step) bool { return s.file.In == "peer" })
}
