package simulate

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// persona is a kind of caller: its IAM identity, how many there are, when they work and
// what they do.
type persona struct {
	name     string
	kind     *kind
	file     personaFile
	fields   map[string]template // of file: the name of each actor
	rhythm   rhythm
	activity []activity
	// chooser draws an activity. anywhere leaves out activities with calls of global
	// services only, which are recorded in us-east-1 alone.
	chooser, anywhere chooser
}

// activity is a sequence of calls within seconds or minutes.
type activity struct {
	via      string
	burst    [2]int
	gap      float64 // mean seconds between calls
	calls    []*call
	chooser  chooser
	anywhere chooser // without calls to global services
}

// personaFile is the JSON of personas/NAME.json.
type personaFile struct {
	Kind    string  `json:"kind"`    // of world/kinds.json
	Name    string  `json:"name"`    // of each actor; people have their own
	Role    string  `json:"role"`    // for kinds that are roles
	Roles   int     `json:"roles"`   // how many roles the actors share, default 1
	Service string  `json:"service"` // service principal, for services
	Count   int     `json:"count"`   // actors in an account, or in a Region
	Scope   string  `json:"scope"`   // account (default) or region
	Share   float64 `json:"share"`   // of an account's events on a working day
	Rhythm  string  `json:"rhythm"`  // office, traffic, cron or flat
	Denied  float64 `json:"denied"`  // fraction of calls refused for lack of permission
	// OnlyIn limits the persona to the accounts at these positions (0 is the
	// management account).
	OnlyIn     []int          `json:"onlyIn"`
	Activities []activityFile `json:"activities"`
}

type activityFile struct {
	Via    string             `json:"via"` // of world/access.json
	Weight float64            `json:"weight"`
	Burst  [2]int             `json:"burst"`
	Gap    float64            `json:"gap"`
	Calls  map[string]float64 `json:"calls"`
}

// kind is a kind of caller in IAM, with its form in CloudTrail records.
type kind struct {
	name     string
	identity template
	file     kindFile
	path     template
	arn      template
}

// kindFile is an entry of world/kinds.json.
type kindFile struct {
	ID       string          `json:"id"`  // prefix of the unique id: AIDA, AROA
	Key      string          `json:"key"` // permanent, session or none
	Hours    int64           `json:"hours"`
	Path     string          `json:"path"`
	ARN      string          `json:"arn"`
	People   bool            `json:"people"`
	Identity json.RawMessage `json:"identity"`
}

func loadKinds(files fs.FS, words vocabulary) (map[string]*kind, error) {
	b, err := fs.ReadFile(files, "world/kinds.json")
	if err != nil {
		return nil, fmt.Errorf("read simulation data: %w", err)
	}
	var entries map[string]kindFile
	if err := decodeStrict(b, &entries); err != nil {
		return nil, fmt.Errorf("load world/kinds.json: %w", err)
	}
	kinds := map[string]*kind{}
	for name, f := range entries {
		k := &kind{name: name, file: f}
		if k.identity, err = newCompiler(words).compile(f.Identity); err != nil {
			return nil, fmt.Errorf("load kind %q: %w", name, err)
		}
		if k.path, err = newCompiler(words).compileText(f.Path); err != nil {
			return nil, fmt.Errorf("load kind %q: %w", name, err)
		}
		if k.arn, err = newCompiler(words).compileText(f.ARN); err != nil {
			return nil, fmt.Errorf("load kind %q: %w", name, err)
		}
		kinds[name] = k
	}
	return kinds, nil
}

func loadPersonas(files fs.FS, words vocabulary, kinds map[string]*kind, calls catalogue) ([]*persona, error) {
	var all []*persona
	err := eachFile(files, "personas", func(name string, b []byte) error {
		p := &persona{name: name}
		if err := decodeStrict(b, &p.file); err != nil {
			return err
		}
		if err := p.resolve(words, kinds, calls); err != nil {
			return err
		}
		all = append(all, p)
		return nil
	})
	return all, err
}

func (p *persona) resolve(words vocabulary, kinds map[string]*kind, calls catalogue) error {
	var ok bool
	if p.kind, ok = kinds[p.file.Kind]; !ok {
		return fmt.Errorf("no kind %q", p.file.Kind)
	}
	if p.rhythm, ok = rhythms()[p.file.Rhythm]; !ok {
		return fmt.Errorf("no rhythm %q", p.file.Rhythm)
	}
	p.fields = map[string]template{}
	for field, text := range map[string]string{"name": p.file.Name, "role": p.file.Role, "service": p.file.Service} {
		t, err := newCompiler(words).compileText(text)
		if err != nil {
			return err
		}
		p.fields[field] = t
	}
	var weights, anywhere []float64
	for _, af := range p.file.Activities {
		a, err := newActivity(af, calls)
		if err != nil {
			return err
		}
		p.activity = append(p.activity, a)
		weights = append(weights, af.Weight)
		if a.anywhere.total() == 0 {
			af.Weight = 0
		}
		anywhere = append(anywhere, af.Weight)
	}
	p.chooser, p.anywhere = newChooser(weights), newChooser(anywhere)
	if p.chooser.total() <= 0 {
		return fmt.Errorf("no activities")
	}
	return nil
}

func newActivity(af activityFile, calls catalogue) (activity, error) {
	a := activity{via: af.Via, burst: af.Burst, gap: af.Gap}
	if a.burst[0] < 1 || a.burst[1] < a.burst[0] {
		return a, fmt.Errorf("burst %v: want two numbers, from 1 up", af.Burst)
	}
	var weights, anywhere []float64
	for _, name := range slices.Sorted(maps.Keys(af.Calls)) {
		c, err := calls.call(name)
		if err != nil {
			return a, err
		}
		weight := af.Calls[name]
		a.calls = append(a.calls, c)
		weights = append(weights, weight)
		if c.global {
			weight = 0
		}
		anywhere = append(anywhere, weight)
	}
	a.chooser, a.anywhere = newChooser(weights), newChooser(anywhere)
	return a, nil
}
