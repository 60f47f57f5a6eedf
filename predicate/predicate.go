// Package predicate is a condition on one CloudTrail record: a tree of all, any,
// not and some over tests of the values at a path. It can be evaluated on a record,
// and written as SQL for an engine. Both give the same answer.
//
// These rules hold for every language over events:
//
//   - A condition is true or false, never unknown. A test is true when one value
//     at its path passes it. A missing member has no value, so every test of it is
//     false, those of [Test.Unlike] too; [Not] makes it true.
//   - Null is a value. Only [Exists] and [IsNull] pass it.
//   - A string, a number, true and false have a text; null, objects and arrays
//     have none. The text of a number is its shortest form, 1.5 for 1.50 and
//     1000.0 for 1e3. Numbers without fraction and exponent keep their text, and
//     so do all numbers in a member that is usually a string, such as apiVersion.
//   - [Less] and the other orders are for numbers alone. [NumberEqual] also passes
//     a string that is a decimal number.
//   - Comparisons are case-sensitive, unless a test is made by [Test.Fold]: then
//     both texts are compared in lower case, character by character.
//   - An array is not its elements: a path selects them by an index or by [Path.Each].
//   - Two tests with a path to each element may be true for different elements.
//     [Some] requires one element for which a whole condition is true.
//   - Of repeated members the last one counts in the record itself, and the first
//     one in objects below it, as in the lake.
//   - eventID is the record's id under either of the names that CloudTrail gives it.
package predicate

import (
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/event"
)

// Predicate is a condition on a record. It is immutable, and safe for concurrent use.
type Predicate struct {
	join  join
	parts []*Predicate
	path  Path
	test  Test
	visit visit // the test's, compiled once
	other Path  // of compared
}

type join string

const (
	leaf   join = ""
	all    join = "AND"
	either join = "OR"
	not    join = "NOT"
	some   join = "SOME"

	compared join = "COMPARED"
)

// Where is true when a value at the path passes the test.
func Where(path Path, test Test) *Predicate {
	return &Predicate{path: path, test: test, visit: test.passes}
}

// All is true when each part is; without parts it is true.
func All(parts ...*Predicate) *Predicate { return joined(all, parts) }

// Any is true when one of the parts is; without parts it is false.
func Any(parts ...*Predicate) *Predicate { return joined(either, parts) }

func joined(by join, parts []*Predicate) *Predicate {
	if len(parts) == 1 {
		return parts[0]
	}
	return &Predicate{join: by, parts: parts}
}

// Not is true when p is false.
func Not(p *Predicate) *Predicate { return &Predicate{join: not, parts: []*Predicate{p}} }

// Some is true when p is true for a value at the path. The paths in p start at that
// value; the empty [Path] is the value itself.
func Some(path Path, p *Predicate) *Predicate {
	visit := func(v event.Value, written bool) bool { return p.matchValue(v, written) }
	return &Predicate{join: some, path: path, parts: []*Predicate{p}, visit: visit}
}

// Compare is true when the text at a path passes a test whose text is the one at the
// other path. op is one of texts, such as [OpEqual]. Both texts are compared in lower
// case if fold is set. Of a path to several values, the first one with a text counts.
func Compare(path Path, op Op, other Path, fold bool) *Predicate {
	return &Predicate{join: compared, path: path, other: other, test: Test{Op: op, Folded: fold}}
}

// Match reports whether the condition is true for a record.
func (p *Predicate) Match(r *event.Record) bool {
	return p.holds(func(path *Path, visit visit) bool { return path.find(r, visit) })
}

// matchValue is Match for a value in a record; written is that of visit.
func (p *Predicate) matchValue(v event.Value, written bool) bool {
	return p.holds(func(path *Path, visit visit) bool { return find(v, path.steps, visit, written) })
}

// finder calls visit for the values at a path, as [Path.find] does.
type finder func(path *Path, visit visit) bool

// holds joins the answers of the tests at their paths.
func (p *Predicate) holds(ask finder) bool {
	switch p.join {
	case all:
		for _, part := range p.parts {
			if !part.holds(ask) {
				return false
			}
		}
		return true
	case either:
		for _, part := range p.parts {
			if part.holds(ask) {
				return true
			}
		}
		return false
	case not:
		return !p.parts[0].holds(ask)
	case compared:
		text, ok := firstText(&p.path, ask)
		wanted, both := firstText(&p.other, ask)
		return ok && both && p.passes(text, wanted)
	}
	return ask(&p.path, p.visit)
}

// passes reports whether a text passes the test of a comparison with another one.
func (p *Predicate) passes(text, wanted string) bool {
	test := p.test
	test.Texts = []string{wanted}
	if test.Folded {
		test = test.Fold()
	}
	return test.Fits(text)
}

func firstText(path *Path, ask finder) (text string, ok bool) {
	ask(path, func(v event.Value, written bool) bool {
		var found []byte
		found, ok = textOf(v, written)
		text = string(found)
		return ok
	})
	return text, ok
}

// Dialect writes tests in the SQL of an engine.
type Dialect interface {
	// Where returns an SQL condition on a row that is true when a value at the
	// path passes the test, and false or NULL when none does.
	Where(Path, Test) (string, error)
	// Some returns an SQL condition on a row that is true when a value at the path
	// makes a condition true. inner returns that condition in a dialect whose paths
	// start at the value.
	Some(path Path, inner func(Dialect) (string, error)) (string, error)
}

// SQL returns the condition in a dialect: an expression that is true for the rows whose
// records Match, and false or NULL for others. The error says what the dialect cannot
// express.
func (p *Predicate) SQL(d Dialect) (string, error) {
	switch p.join {
	case leaf:
		return d.Where(p.path, p.test)
	case some:
		return d.Some(p.path, p.parts[0].SQL)
	case not:
		part, err := p.parts[0].SQL(d)
		return "(" + part + ") IS NOT TRUE", err
	case compared:
		return "", fmt.Errorf("write condition as SQL: it compares %q with %q of the same record", p.path, p.other)
	}
	if len(p.parts) == 0 {
		return map[join]string{all: "true", either: "false"}[p.join], nil
	}
	texts := make([]string, len(p.parts))
	for i, part := range p.parts {
		text, err := part.SQL(d)
		if err != nil {
			return "", err
		}
		texts[i] = "(" + text + ")"
	}
	return strings.Join(texts, " "+string(p.join)+" "), nil
}

// String returns the condition for people to read.
func (p *Predicate) String() string {
	switch p.join {
	case leaf:
		return fmt.Sprintf("%s %s", p.path, p.test)
	case compared:
		return fmt.Sprintf("%s %s %s", p.path, p.test.Op, p.other)
	}
	texts := make([]string, len(p.parts))
	for i, part := range p.parts {
		texts[i] = part.String()
		if p.join == some || part.join != leaf && part.join != not && part.join != compared {
			texts[i] = "(" + texts[i] + ")"
		}
	}
	switch p.join {
	case not:
		return "NOT " + texts[0]
	case some:
		return fmt.Sprintf("SOME %s %s", p.path, texts[0])
	}
	if len(texts) == 0 {
		return map[join]string{all: "TRUE", either: "FALSE"}[p.join]
	}
	return strings.Join(texts, " "+string(p.join)+" ")
}
