package main

import (
	"bufio"
	"maps"
	"slices"
	"strings"
)

// body is the name under which the whole of an input or an output is filed, and the
// body of a REST request or answer that is one member.
const body = "@"

// secrets are the members of a service: by name, and by the side of an operation,
// such as PutThing< for its input and PutThing> for its output.
type secrets map[string]map[string]*occurrences

// occurrences are the members above a member, "" at the top: those below which the
// model marks it as sensitive, and those below which it does not.
type occurrences struct{ marked, plain map[string]bool }

func (s secrets) see(name, side, parent string, marked bool) {
	if s[name] == nil {
		s[name] = map[string]*occurrences{}
	}
	o := s[name][side]
	if o == nil {
		o = &occurrences{map[string]bool{}, map[string]bool{}}
		s[name][side] = o
	}
	if marked {
		o.marked[parent] = true
	} else {
		o.plain[parent] = true
	}
}

// add files all members of an input or an output, as they are named on the wire.
func (s secrets) add(m model, side string, ref reference) {
	top, ok := m.Shapes[ref.Shape]
	if !ok {
		return
	}
	payload, held := top.Members[top.Payload]
	s.see(body, side, "", top.Sensitive || held && m.Metadata.rest() && m.marked(payload))
	w := walker{secrets: s, model: m, side: side, seen: map[string]bool{}}
	w.members(ref.Shape, "")
	if held {
		w.members(payload.Shape, "") // which is the body itself
	}
}

type walker struct {
	secrets
	model model
	side  string
	seen  map[string]bool // shape and parent
}

func (w *walker) members(name, parent string) {
	if w.seen[name+" "+parent] {
		return
	}
	w.seen[name+" "+parent] = true
	switch s := w.model.Shapes[name]; s.Type {
	case "list":
		w.members(s.Member.Shape, parent)
	case "map":
		w.members(s.Value.Shape, parent)
	case "structure":
		for member, ref := range s.Members {
			marked := w.model.marked(ref)
			for _, name := range w.names(member, ref) {
				w.see(name, w.side, parent, marked)
				if !marked {
					w.members(ref.Shape, name)
				}
			}
		}
	}
}

// names are those a member has on the wire. Those of EC2 differ between the sides.
func (w *walker) names(member string, ref reference) []string {
	name := member
	if ref.LocationName != "" {
		name = ref.LocationName
	}
	if w.model.Metadata.Protocol != "ec2" || strings.HasSuffix(w.side, ">") {
		return []string{name}
	}
	if ref.QueryName != "" {
		return []string{ref.QueryName}
	}
	return []string{strings.ToUpper(name[:1]) + name[1:]}
}

// marked reports whether a member is sensitive, or a list or map of what is.
func (m model) marked(ref reference) bool {
	s := m.Shapes[ref.Shape]
	switch {
	case ref.Sensitive || s.Sensitive:
		return true
	case s.Type == "list":
		return m.marked(s.Member)
	case s.Type == "map":
		return m.marked(s.Key) || m.marked(s.Value)
	}
	return false
}

// split sorts the sides of operations by what a name is there: a secret, none, or
// both, at different places.
func (s secrets) split(name string) (secret, plain, both []string) {
	for side, o := range s[name] {
		maps.DeleteFunc(o.plain, func(parent string, _ bool) bool { return o.marked[parent] })
		switch {
		case len(o.marked) == 0:
			plain = append(plain, side)
		case len(o.plain) == 0:
			secret = append(secret, side)
		default:
			both = append(both, side)
		}
	}
	return secret, plain, both
}

// everywhere are the names that are secrets wherever they occur.
func (s secrets) everywhere() []string {
	var names []string
	for name := range s {
		if secret, plain, both := s.split(name); len(plain)+len(both) == 0 && len(secret) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// write prints a line for each name that is a secret of some operations only: hidden
// with the operations where it is one, or shown with those where it is none, if they
// are fewer. Members above it follow a side where it depends on them.
func (s secrets) write(w *bufio.Writer) {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		secret, plain, both := s.split(name)
		if len(secret)+len(both) == 0 || len(plain)+len(both) == 0 {
			continue
		}
		verb, sides := "hidden", secret
		if len(secret) > len(plain) {
			verb, sides = "shown", plain
		}
		for _, side := range both {
			parents := s[name][side].marked
			if verb == "shown" {
				parents = s[name][side].plain
			}
			above := slices.Sorted(maps.Keys(parents))
			if above[0] == "" {
				above[0] = "."
			}
			sides = append(sides, side+strings.Join(above, ","))
		}
		slices.Sort(sides)
		w.WriteString(verb + " " + name + " " + strings.Join(sides, " ") + "\n")
	}
}
