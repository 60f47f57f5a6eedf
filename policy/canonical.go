package policy

import (
	"maps"
	"slices"
	"strings"
)

// Equal reports whether two documents mean the same. Sids, order and repetition do not
// matter. It does not detect that two statements together equal a third one, or that
// one value covers another.
func Equal(a, b Document) bool {
	return a.Canonical().String() == b.Canonical().String()
}

// Canonical returns the same form for all documents that are Equal: without Id and
// Sids, sorted, in one case and spelling.
func (d Document) Canonical() Document {
	c := Document{Version: Version2012, Statements: []Statement{}}
	byText := map[string]Statement{}
	for _, s := range d.Statements {
		s = s.canonical()
		text, _ := s.MarshalJSON() // encoding strings cannot fail
		byText[string(text)] = s
		if d.Version != Version2012 && strings.Contains(string(text), "${") {
			c.Version = version2008 // which has no variables
		}
	}
	for _, text := range slices.Sorted(maps.Keys(byText)) {
		c.Statements = append(c.Statements, byText[text])
	}
	return c
}

func (s Statement) canonical() Statement {
	return Statement{
		Effect:       s.Effect,
		Principal:    s.Principal.canonical(),
		NotPrincipal: s.NotPrincipal.canonical(),
		Action:       s.Action.canonical(strings.ToLower),
		NotAction:    s.NotAction.canonical(strings.ToLower),
		Resource:     s.Resource.canonical(exact),
		NotResource:  s.NotResource.canonical(exact),
		Condition:    s.Condition.canonical(),
	}
}

// canonical keeps nil, a missing element, as nil.
func (v Values) canonical(spell func(string) string) Values {
	if v == nil {
		return nil
	}
	c := make(Values, len(v))
	for i, value := range v {
		c[i] = spell(value)
	}
	slices.Sort(c)
	return slices.Compact(c)
}

func (p Principals) canonical() Principals {
	if p == nil {
		return nil
	}
	if p.all() {
		return Everyone()
	}
	c := Principals{}
	for kind, names := range p {
		c[kind] = names.canonical(func(name string) string {
			if account := accountOf(name); kind == kindAWS && account != "" {
				return account
			}
			return name
		})
	}
	return c
}

func (c Conditions) canonical() Conditions {
	result := Conditions{}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		o, known := parseOperator(name)
		spell := exact
		if o.foldsCase() {
			spell = strings.ToLower
		}
		keys := map[string]Values{}
		for _, key := range slices.Sorted(maps.Keys(c[name])) {
			put(keys, key, strings.ToLower(key), c[name][key].canonical(spell))
		}
		if len(keys) == 0 {
			continue
		}
		if known {
			put(result, name, o.String(), keys)
		} else {
			result[name] = keys
		}
	}
	return result
}

// put stores a value under its canonical key. Two spellings of the same key are two
// conditions that must both hold, so the second one keeps its spelling.
func put[V any](m map[string]V, key, canonical string, value V) {
	if _, taken := m[canonical]; taken {
		canonical = key
	}
	m[canonical] = value
}
