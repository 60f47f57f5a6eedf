package predicate

import (
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/event"
)

// Path leads from a record to values in it, step by step. The first step names a member
// of the record.
type Path struct{ steps []Step }

// Step is one step of a path.
type Step struct {
	Kind  StepKind
	Name  string
	Index int
}

// StepKind is a kind of step.
type StepKind string

// The kinds of steps.
const (
	Member  StepKind = "member"  // the member Name of an object
	Element StepKind = "element" // the element at Index of an array, from 0
	Each    StepKind = "each"    // all members of an object, all elements of an array
	Spread  StepKind = "spread"  // the value itself, and all elements if it is an array
	Leaves  StepKind = "leaves"  // strings, numbers, booleans and nulls, at any depth
)

// At returns the path to a member by the names of the members it is in.
func At(names ...string) Path {
	var p Path
	for _, name := range names {
		p = p.Member(name)
	}
	return p
}

// Member returns the path to the member of that name at the end of p.
func (p Path) Member(name string) Path { return p.with(Step{Kind: Member, Name: name}) }

// Element returns the path to an element, counted from 0.
func (p Path) Element(index int) Path { return p.with(Step{Kind: Element, Index: index}) }

// Each returns the path to all members or elements at the end of p.
func (p Path) Each() Path { return p.with(Step{Kind: Each}) }

// Spread returns the path to what is at the end of p, and to its elements if it is an
// array.
func (p Path) Spread() Path { return p.with(Step{Kind: Spread}) }

// Leaves returns the path to all strings, numbers, booleans and nulls at the end of p
// and in it, at any depth. Names of members are not among them.
func (p Path) Leaves() Path { return p.with(Step{Kind: Leaves}) }

// Steps returns the steps of the path.
func (p Path) Steps() []Step { return p.steps }

// with copies the steps: two paths may extend the same one.
func (p Path) with(s Step) Path {
	steps := make([]Step, len(p.steps), len(p.steps)+1)
	copy(steps, p.steps)
	return Path{append(steps, s)}
}

// String returns the path as filter patterns write selectors.
func (p Path) String() string {
	var b strings.Builder
	b.WriteByte('$')
	for _, s := range p.steps {
		switch {
		case s.Kind == Element:
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		case s.Kind == Each:
			b.WriteString("[*]")
		case s.Kind == Spread:
			b.WriteString("[]")
		case s.Kind == Leaves:
			b.WriteString("..")
		case plain(s.Name):
			b.WriteString("." + s.Name)
		default:
			b.WriteString(".[" + strconv.Quote(s.Name) + "]")
		}
	}
	return b.String()
}

func plain(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

// Text returns the text of the first value at the path that has one.
func (p Path) Text(r *event.Record) (text string, ok bool) {
	return firstText(&p, func(path *Path, visit visit) bool { return path.find(r, visit) })
}

// visit is called with a value and reports whether the search ends there. written
// reports whether a number has the text as written; otherwise its text is its shortest
// form.
type visit func(v event.Value, written bool) bool

// find calls visit for the values at the path until it returns true, and reports
// whether it did.
func (p Path) find(r *event.Record, visit visit) bool {
	if len(p.steps) == 0 {
		return false
	}
	switch first := p.steps[0]; first.Kind {
	case Member:
		v, written := member(r, first.Name)
		return find(v, p.steps[1:], visit, written)
	case Each:
		return findInEach(r, p.steps[1:], visit)
	case Leaves:
		return findInEach(r, p.steps, visit)
	}
	return false
}

// member returns a member of the record, the zero Value if there is none, and whether
// numbers in it have their text as written.
func member(r *event.Record, name string) (v event.Value, written bool) {
	f, documented := event.FieldNamed(name)
	if !documented {
		return r.OtherNamed(name), false
	}
	v = r.Get(f)
	if f == event.EventID && !v.IsString() {
		if id := r.Get(event.AggregatedEventID); id.IsString() {
			return id, true
		}
	}
	return v, f.IsText()
}

func findInEach(r *event.Record, steps []Step, visit visit) bool {
	for f := range event.Field(event.NumFields) {
		if find(r.Get(f), steps, visit, f.IsText()) {
			return true
		}
	}
	for _, m := range r.Other() {
		if find(m.Value, steps, visit, false) {
			return true
		}
	}
	return false
}

// find calls visit for the values that the steps lead to from v.
func find(v event.Value, steps []Step, visit visit, written bool) bool {
	if !v.Present() {
		return false
	}
	if len(steps) == 0 {
		return visit(v, written)
	}
	switch s := steps[0]; s.Kind {
	case Member:
		return find(v.First(s.Name), steps[1:], visit, false)
	case Element:
		at, found := 0, event.Value{}
		v.Elements(func(element event.Value) bool {
			found = element
			at++
			return at <= s.Index
		})
		return at == s.Index+1 && find(found, steps[1:], visit, false)
	case Spread:
		return find(v, steps[1:], visit, written) || inElements(v, steps[1:], visit)
	case Leaves:
		return inLeaves(v, steps[1:], visit, written)
	}
	return inElements(v, steps[1:], visit) || inMembers(v, steps[1:], visit)
}

// inElements is find for each element of an array.
func inElements(v event.Value, steps []Step, visit visit) (found bool) {
	v.Elements(func(element event.Value) bool {
		found = find(element, steps, visit, false)
		return !found
	})
	return found
}

// inLeaves is find for each leaf of a value. Only a value that is a leaf itself has
// its numbers as written.
func inLeaves(v event.Value, steps []Step, visit visit, written bool) (found bool) {
	v.Leaves(func(leaf event.Value) bool {
		found = find(leaf, steps, visit, written && len(leaf.Raw) == len(v.Raw))
		return !found
	})
	return found
}

// inMembers is find for each member of an object.
func inMembers(v event.Value, steps []Step, visit visit) (found bool) {
	v.Members(func(_ []byte, child event.Value) {
		found = found || find(child, steps, visit, false)
	})
	return found
}
