package converge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/policy"
)

// documentLines lists the statements that are removed, added and changed. Statements
// with the same meaning in both documents are left out; a statement is changed if both
// documents have one of its name.
func documentLines(before, after policy.Document) []string {
	var lines []string
	if v, w := before.Canonical().Version, after.Canonical().Version; v != w && len(before.Statements) > 0 && len(after.Statements) > 0 {
		lines = append(lines, "~ Version "+plain(before.Version)+" -> "+plain(after.Version))
	}
	come := without(after, before)
	for _, old := range without(before, after) {
		i := slices.IndexFunc(come, func(s policy.Statement) bool { return s.Sid == old.Sid && s.Sid != "" })
		if i < 0 {
			lines = append(lines, statementLines("-", old)...)
			continue
		}
		lines = append(lines, changeLines(old, come[i])...)
		come = slices.Delete(come, i, i+1)
	}
	for _, s := range come {
		lines = append(lines, statementLines("+", s)...)
	}
	return lines
}

// without returns the statements of d whose meaning no statement of other has.
func without(d, other policy.Document) []policy.Statement {
	alone := func(d policy.Document, s policy.Statement) policy.Document {
		return policy.Document{Version: d.Version, Statements: []policy.Statement{s}}
	}
	var left []policy.Statement
	for _, s := range d.Statements {
		if !slices.ContainsFunc(other.Statements, func(o policy.Statement) bool {
			return policy.Equal(alone(d, s), alone(other, o))
		}) {
			left = append(left, s)
		}
	}
	return left
}

func title(s policy.Statement) string {
	if s.Sid == "" {
		return "statement"
	}
	return "statement " + plain(s.Sid)
}

func statementLines(sign string, s policy.Statement) []string {
	lines := []string{sign + " " + title(s)}
	for _, e := range elements(s) {
		values := make([]string, len(e.values))
		for i, v := range e.values {
			values[i] = plain(v)
		}
		lines = append(lines, fmt.Sprintf("    %s: %s", e.name, strings.Join(values, ", ")))
	}
	return lines
}

func changeLines(before, after policy.Statement) []string {
	lines := []string{"~ " + title(after)}
	old, names := map[string][]string{}, []string{}
	for _, e := range elements(before) {
		old[strings.ToLower(e.name)] = e.values
		names = append(names, e.name)
	}
	new := map[string][]string{}
	for _, e := range elements(after) {
		new[strings.ToLower(e.name)] = e.values
		if _, was := old[strings.ToLower(e.name)]; !was {
			names = append(names, e.name)
		}
	}
	for _, name := range names {
		if changed := valueLines(old[strings.ToLower(name)], new[strings.ToLower(name)], plain); changed != nil {
			lines = append(lines, "    "+name)
			for _, line := range changed {
				lines = append(lines, "      "+line)
			}
		}
	}
	return lines
}

// element is one value of a statement, such as one of Condition StringEquals
// aws:SourceArn.
type element struct {
	name   string
	values []string
}

func elements(s policy.Statement) []element {
	all := []element{{"Effect", []string{string(s.Effect)}}}
	add := func(name string, values policy.Values) {
		if values != nil {
			all = append(all, element{name, Set(values).sorted()})
		}
	}
	principals := func(name string, p policy.Principals) {
		for _, kind := range slices.Sorted(maps.Keys(p)) {
			add(strings.TrimSuffix(name+" "+kind, " *"), p[kind]) // "*", everyone, has no kind
		}
	}
	principals("Principal", s.Principal)
	principals("NotPrincipal", s.NotPrincipal)
	add("Action", s.Action)
	add("NotAction", s.NotAction)
	add("Resource", s.Resource)
	add("NotResource", s.NotResource)
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
			add("Condition "+operator+" "+key, s.Condition[operator][key])
		}
	}
	return all
}
