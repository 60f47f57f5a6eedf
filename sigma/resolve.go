package sigma

import (
	"fmt"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/cerpac/trailkeeper/predicate"
)

// named reports whether a reference in a correlation or filter is to the document.
func (m Meta) named(reference string) bool {
	return reference != "" && (m.ID == reference || m.Name == reference)
}

// place returns where a document is, for errors about another one.
func (m Meta) place() string {
	return fmt.Sprintf("%s:%d", path.Join(m.Source, m.File), m.Line)
}

// resolve applies filters and connects correlations with rules.
func (l *loader) resolve() {
	l.dropRepeated()
	for _, f := range l.filters {
		l.apply(f)
	}
	for _, p := range l.correlations {
		l.connect(p)
	}
	for _, p := range l.correlations {
		if l.follow(p) == sound {
			l.set.Correlations = append(l.set.Correlations, p.Correlation)
		}
	}
	for _, both := range []bool{false, true} {
		for _, p := range l.correlations {
			for _, of := range p.Of {
				if p.fate == sound && p.both == both {
					of.setAlone(both)
				}
			}
		}
	}
}

func (r Reference) setAlone(alone bool) {
	if r.Rule != nil {
		r.Rule.Alone = alone
	} else {
		r.Correlation.Alone = alone
	}
}

// dropRepeated drops documents whose id another one has already.
func (l *loader) dropRepeated() {
	first := map[string]Meta{}
	again := func(m Meta) bool {
		if m.ID == "" {
			return false
		}
		other, repeated := first[m.ID]
		if !repeated {
			first[m.ID] = m
			return false
		}
		l.fail(m, "its id %q is that of %q in %s, too", m.ID, other.Title, other.place())
		return true
	}
	rules := l.set.Rules[:0]
	for _, r := range l.set.Rules {
		if !again(r.Meta) {
			rules = append(rules, r)
		}
	}
	l.set.Rules = rules
	correlations := l.correlations[:0]
	for _, p := range l.correlations {
		if !again(p.Meta) {
			correlations = append(correlations, p)
		}
	}
	l.correlations = correlations
}

// fail notes a problem of a document as a whole.
func (l *loader) fail(m Meta, format string, args ...any) {
	d := document{source: m.Source, file: m.File, title: m.Title}
	d.fail(&yaml.Node{Line: m.Line, Column: 1}, format, args...)
	l.problems = append(l.problems, d.problems...)
}

// apply adds a filter to the rules that it names.
func (l *loader) apply(f *filter) {
	for _, reference := range f.rules {
		used := f.any
		for _, r := range l.set.Rules {
			if f.any || r.named(reference) || r.Title == reference {
				r.Matches = predicate.All(r.Matches, f.matches)
				used = true
			}
		}
		for _, r := range l.others {
			used = used || r.named(reference) || r.Title == reference
		}
		if !used {
			f.doc.problems = nil
			f.doc.fail(f.at, "there is no rule %q to filter", reference)
			l.problems = append(l.problems, f.doc.problems...)
		}
		if f.any {
			return
		}
	}
}

// fate is what becomes of a correlation.
type fate int

const (
	unknown fate = iota
	asked        // while those that it refers to are looked at
	sound
	otherLog // it refers to rules about another log
	unsound
)

// connect finds what a correlation refers to.
func (l *loader) connect(p *pending) {
	for _, name := range p.named {
		found := l.lookUp(name)
		switch {
		case len(found) == 0:
			l.unsound(p, "there is no rule %q", name)
		case len(found) > 1:
			l.unsound(p, "%q is the id or name of %d rules", name, len(found))
		case found[0].broken:
			l.unsound(p, "the rule %q has a mistake", name)
		case found[0].other:
			if p.fate == unknown {
				p.fate = otherLog
			}
		default:
			of := Reference{Named: name, Rule: found[0].rule, Aliases: map[string]string{}}
			if found[0].correlation != nil {
				of.Correlation = found[0].correlation.Correlation
				p.below = append(p.below, found[0].correlation)
			}
			for alias, fields := range p.aliases {
				if field, ok := fields[name]; ok {
					of.Aliases[alias] = field
				}
			}
			p.Of = append(p.Of, of)
		}
	}
	for alias, fields := range p.aliases {
		for name := range fields {
			if !slices.Contains(p.named, name) {
				l.unsound(p, "the alias %q is for %q, which is none of its rules", alias, name)
			}
		}
	}
}

// unsound notes a problem of a correlation's references.
func (l *loader) unsound(p *pending, format string, args ...any) {
	p.fate = unsound
	p.document.problems = nil
	p.document.fail(p.at, format, args...)
	l.problems = append(l.problems, p.document.problems...)
}

// candidate is a document that a reference may mean.
type candidate struct {
	rule          *Rule
	correlation   *pending
	other, broken bool
}

func (l *loader) lookUp(reference string) (found []candidate) {
	for _, r := range l.set.Rules {
		if r.named(reference) {
			found = append(found, candidate{rule: r})
		}
	}
	for _, p := range l.correlations {
		if p.Meta.named(reference) {
			found = append(found, candidate{correlation: p})
		}
	}
	for _, r := range l.others {
		if r.named(reference) {
			found = append(found, candidate{other: true})
		}
	}
	for _, m := range l.broken {
		if m.named(reference) {
			found = append(found, candidate{broken: true})
		}
	}
	return found
}

// follow decides about a correlation by those that it refers to.
func (l *loader) follow(p *pending) fate {
	switch p.fate {
	case asked:
		l.unsound(p, "it refers to itself")
		return unsound
	case unknown:
	default:
		return p.fate
	}
	p.fate = asked
	result := sound
	for _, below := range p.below {
		switch l.follow(below) {
		case otherLog:
			result = max(result, otherLog)
		case unsound:
			if p.fate == asked {
				l.unsound(p, "the correlation %q that it refers to has a mistake", below.Title)
			}
			result = unsound
		}
	}
	p.fate = max(result, p.fate)
	return p.fate
}
