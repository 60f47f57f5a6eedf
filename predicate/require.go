package predicate

import (
	"slices"
	"strings"
)

// Requires returns texts in lower case, one of which a member of the record must have
// for the condition to be true: of the value itself, or of one of its elements if it is
// an array. ok is false when the condition can be true without any of them, or when
// it is true of a number by its value.
func (p *Predicate) Requires(member string) (texts []string, ok bool) {
	switch p.join {
	case leaf:
		return p.test.requires(), p.path.leadsTo(member) && p.test.requires() != nil
	case all:
		for _, part := range p.parts { // the fewest, of those that are known
			if some, known := part.Requires(member); known && (!ok || len(some) < len(texts)) {
				texts, ok = some, true
			}
		}
		return texts, ok
	case either:
		for _, part := range p.parts {
			some, known := part.Requires(member)
			if !known {
				return nil, false
			}
			texts = append(texts, some...)
		}
		slices.Sort(texts)
		return slices.Compact(texts), true
	}
	return nil, false
}

// requires returns the texts of which a value must have one in lower case, nil if that
// is not known.
func (t *Test) requires() []string {
	if t.Op != OpEqual || t.Negated {
		return nil
	}
	lower := make([]string, len(t.Texts))
	for i, text := range t.Texts {
		lower[i] = strings.ToLower(text)
	}
	return lower
}

// leadsTo reports whether the path is to a member of the record, or to it and its
// elements.
func (p Path) leadsTo(member string) bool {
	switch len(p.steps) {
	case 2:
		if p.steps[1].Kind != Spread {
			return false
		}
	case 1:
	default:
		return false
	}
	return p.steps[0].Kind == Member && p.steps[0].Name == member
}
