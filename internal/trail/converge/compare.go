package converge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/policy"
)

// FieldChange is a field that differs. Its values have the types of State.
type FieldChange struct {
	Path     string
	Old, New any
}

// compare lists the fields that differ from what is wanted, sorted by path.
func compare(want, have State, parts []Part) ([]FieldChange, error) {
	var changes []FieldChange
	for _, path := range compared(want, have, parts) {
		for _, value := range []any{want[path], have[path]} {
			if !isValue(value) {
				return nil, fmt.Errorf("field %q: values of type %T cannot be compared", path, value)
			}
		}
		if !same(want[path], have[path]) {
			changes = append(changes, FieldChange{Path: path, Old: have[path], New: want[path]})
		}
	}
	return changes, nil
}

// compared lists, in order, the wanted paths and the existing ones below a prefix that
// a part writes and that has a wanted path.
func compared(want, have State, parts []Part) []string {
	paths := slices.Collect(maps.Keys(want))
	for path := range have {
		for _, part := range parts {
			if slices.ContainsFunc(part.Fields, func(field string) bool { return covers(field, path) && touches(field, want) }) {
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// covers reports whether path is the field of a part, or below it if the field is a
// prefix.
func covers(field, path string) bool {
	return path == field || strings.HasSuffix(field, ".") && strings.HasPrefix(path, field)
}

func touches(field string, want State) bool {
	for path := range want {
		if covers(field, path) {
			return true
		}
	}
	return false
}

func (p Part) writes(path string) bool {
	return slices.ContainsFunc(p.Fields, func(field string) bool { return covers(field, path) })
}

// of returns the changes that the part makes.
func (p Part) of(changes []FieldChange) []FieldChange {
	var mine []FieldChange
	for _, change := range changes {
		if p.writes(change.Path) {
			mine = append(mine, change)
		}
	}
	return mine
}

func isValue(value any) bool {
	switch value.(type) {
	case nil, bool, int, float64, string, []string, Set, map[string]string, policy.Document, Unknown:
		return true
	}
	return false
}

// same reports whether two values are equal, by the type of the wanted one. An empty
// collection equals a missing one.
func same(want, have any) bool {
	if isEmpty(want) || isEmpty(have) {
		return isEmpty(want) && isEmpty(have)
	}
	switch want := want.(type) {
	case Unknown:
		return false
	case []string:
		have, ok := have.([]string)
		return ok && slices.Equal(want, have)
	case Set:
		have, ok := have.(Set)
		return ok && slices.Equal(want.sorted(), have.sorted())
	case map[string]string:
		have, ok := have.(map[string]string)
		return ok && maps.Equal(want, have)
	case policy.Document:
		have, ok := have.(policy.Document)
		return ok && policy.Equal(want, have)
	}
	return want == have // two scalars, or values of different types
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case []string:
		return len(value) == 0
	case Set:
		return len(value) == 0
	case map[string]string:
		return len(value) == 0
	}
	return false
}

func (s Set) sorted() []string {
	return slices.Compact(slices.Sorted(slices.Values(s)))
}
