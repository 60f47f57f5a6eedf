package simulate

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// scenario is a sequence of related calls: an attack, or a routine such as assuming
// another account's role.
type scenario struct {
	name   string
	file   scenarioFile
	vars   map[string]template
	actors map[string]*scenarioActor
	steps  []step
}

// scenarioFile is the JSON of attacks/NAME.json and routines/NAME.json.
type scenarioFile struct {
	Title     string   `json:"title"`
	Summary   string   `json:"summary"`
	Technique []string `json:"technique"` // of MITRE ATT&CK
	// PerDay is how often a routine happens in each account; 0.2 is every fifth day.
	PerDay float64    `json:"perDay"`
	Hours  [2]float64 `json:"hours"` // UTC, for the start
	// Vars have one value per run, which every step can use as ${$NAME}. A variable
	// with the name of a pool, such as bucket, sets ${bucket} in all the scenario's
	// calls. Two are predefined: $peer, another account's number, and $shared, a UUID.
	Vars   map[string]string            `json:"vars"`
	Actors map[string]scenarioActorFile `json:"actors"`
	Steps  []stepFile                   `json:"steps"`
}

// scenarioActorFile defines an actor: one of a persona, or one with its own identity.
type scenarioActorFile struct {
	Is       string          `json:"is"`   // persona
	Kind     string          `json:"kind"` // of world/kinds.json; default: the persona's
	Identity json.RawMessage `json:"identity"`
	Name     string          `json:"name"` // value of ${me}, with its own identity
	ARN      string          `json:"arn"`  // value of ${myArn}
	Via      string          `json:"via"`  // of world/access.json
	IP       string          `json:"ip"`   // default: the access's
	Agent    string          `json:"agent"`
}

type stepFile struct {
	Step       string          `json:"step"` // its purpose; default: the last step's
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
	Record     json.RawMessage `json:"record"` // the whole record, if it has another form
	Error      *errorFile      `json:"error"`  // {} is the call's usual denial
}

// scenarioActor is a compiled scenarioActorFile.
type scenarioActor struct {
	file      scenarioActorFile
	identity  template
	name, arn template
	ip, agent template
}

// step is a compiled stepFile.
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

// scenarioEvent is the part of an event that its scenario defines.
type scenarioEvent struct {
	attack        string // empty for a routine
	step          string
	who           *actor
	self          template // of identity, if the actor has no persona
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

func loadScenarios(files fs.FS, folder string, words vocabulary, calls catalogue) ([]*scenario, error) {
	var all []*scenario
	err := eachFile(files, folder, func(name string, b []byte) error {
		s := &scenario{name: name}
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

func (st *scenario) compile(words vocabulary, calls catalogue) error {
	if len(st.file.Steps) == 0 {
		return fmt.Errorf("no steps")
	}
	words = words.withVariables(append(slices.Collect(maps.Keys(st.file.Vars)), "peer", "shared"))
	st.vars, st.actors = map[string]template{}, map[string]*scenarioActor{}
	for name, value := range st.file.Vars {
		t, err := newCompiler(words).compileText(escape(value))
		if err != nil {
			return err
		}
		st.vars[name] = t
	}
	for name, f := range st.file.Actors {
		p, err := newScenarioActor(f, words)
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

func newScenarioActor(f scenarioActorFile, words vocabulary) (*scenarioActor, error) {
	p := &scenarioActor{file: f}
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

// newStep compiles the step's bodies. Missing ones are the call's.
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

// withVariables returns v with these variables.
func (v vocabulary) withVariables(names []string) vocabulary {
	out := maps.Clone(v)
	for _, name := range names {
		fill := scenarioVariable(name)
		out["$"+name] = func([]string) (filler, error) { return fill, nil }
	}
	return out
}

// AttackScenario describes an attack that can be simulated.
type AttackScenario struct {
	Name      string   `json:"name"`
	Title     string   `json:"title"`
	Summary   string   `json:"summary"`
	Technique []string `json:"technique"` // of MITRE ATT&CK
}

// Attacks lists the attack scenarios by name.
func Attacks() ([]AttackScenario, error) {
	var list []AttackScenario
	err := eachFile(data, "attacks", func(name string, b []byte) error {
		var f scenarioFile
		if err := decodeStrict(b, &f); err != nil {
			return err
		}
		list = append(list, AttackScenario{name, f.Title, f.Summary, f.Technique})
		return nil
	})
	return list, err
}

// UnknownAttackError reports a name in Options.Attacks that is not an attack.
type UnknownAttackError struct {
	Name  string
	Known []string
}

func (e *UnknownAttackError) Error() string {
	return fmt.Sprintf("find attack %q: no such attack; there are %s", e.Name, strings.Join(e.Known, ", "))
}

// choose returns the scenarios with these names, each once, sorted by name. With one
// account, "all" leaves out those that need a second one.
func choose(scenarios []*scenario, names []string, accounts int) ([]*scenario, error) {
	var known []string
	for _, s := range scenarios {
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
		case scenarios[i].needsPeer() && accounts < 2:
			return nil, &OptionError{"attack", fmt.Sprintf("%s needs two accounts", name)}
		}
	}
	return slices.DeleteFunc(slices.Clone(scenarios), func(s *scenario) bool {
		return !slices.Contains(names, s.name) && (!all || s.needsPeer() && accounts < 2)
	}), nil
}

// needsPeer reports whether part of st is recorded in a second account.
func (st *scenario) needsPeer() bool {
	return slices.ContainsFunc(st.steps, func(s step) bool { return s.file.In == "peer" })
}
