package sigma

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cerpac/trailkeeper/predicate"
)

// item is a field with modifiers and values while it is read.
type item struct {
	field  string // "" for keywords
	values []value
	kind   itemKind
	// Of any kind: all values must match, in the case as written, or not.
	all, cased, negated bool
	flags               string             // of expression
	before, after       bool               // of expression and fieldReference: text may be around it
	anchored            bool               // of expression and fieldReference: there was startswith or endswith
	order               predicate.Op       // of order
	part                predicate.TimePart // of timePart
}

// itemKind is what the values of an item are.
type itemKind string

const (
	texts          itemKind = "texts"
	expression     itemKind = "re"
	network        itemKind = "cidr"
	existence      itemKind = "exists"
	fieldReference itemKind = "fieldref"
	order          itemKind = "order"
	timePart       itemKind = "time part"
)

// value is one value of an item.
type value struct {
	raw   string    // as in the rule
	tag   string    // of YAML: !!str, !!int, !!float, !!bool or !!null
	texts []pattern // one of them must match
	// changed reports that texts are not raw any more.
	changed bool
}

// item reads a member of a search.
func (d *document) item(m member) *predicate.Predicate {
	parts := strings.Split(m.name, "|")
	it := &item{field: strings.TrimSpace(parts[0]), kind: texts}
	if m.value != m.key && it.field == "" && len(parts) == 1 {
		d.fail(m.key, "a field has no name")
		return predicate.Any()
	}
	for _, n := range listOf(m.value) {
		v, err := valueOf(n)
		if err != nil {
			d.fail(n, "field %q: %w", m.name, err)
			return predicate.Any()
		}
		it.values = append(it.values, v)
	}
	if len(it.values) == 0 {
		d.fail(m.value, "field %q: the list of values is empty", m.name)
		return predicate.Any()
	}
	for _, modifier := range parts[1:] {
		if err := it.modify(modifier, d.options); err != nil {
			d.fail(m.key, "field %q: modifier %q: %w", m.name, modifier, err)
			return predicate.Any()
		}
	}
	p, err := it.predicate()
	if err != nil {
		d.fail(m.value, "field %q: %w", m.name, err)
		return predicate.Any()
	}
	return p
}

func valueOf(n *yaml.Node) (value, error) {
	if n.Kind != yaml.ScalarNode {
		return value{}, fmt.Errorf("a value is a list or a map")
	}
	v := value{raw: n.Value, tag: n.Tag}
	text := literal(n.Value)
	switch n.Tag {
	case "!!str":
		text = parsePattern(n.Value)
	case "!!timestamp": // a date without quotes
		v.tag = "!!str"
	case "!!int", "!!float":
		if _, ok := number(n.Value); !ok {
			v.tag = "!!str"
		}
	case "!!bool":
		text = literal(strings.ToLower(n.Value))
	case "!!null":
	default:
		return value{}, fmt.Errorf("a value has the type %s", n.Tag)
	}
	v.texts = []pattern{text}
	return v, nil
}

// number parses a number as YAML writes it.
func number(text string) (float64, bool) {
	if n, ok := predicate.ParseDecimal(text); ok {
		return n, true
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 0, 64)
	return float64(n), err == nil
}

// predicate returns the condition of the whole item.
func (it *item) predicate() (*predicate.Predicate, error) {
	var tests []predicate.Test
	var parts []*predicate.Predicate
	path := it.path(true)
	for _, v := range it.values {
		some, alone, err := it.one(v)
		switch {
		case err != nil:
			return nil, err
		case it.all:
			parts = append(parts, predicate.Any(append(wheres(path, some), alone...)...))
		default:
			tests, parts = merged(tests, some), append(parts, alone...)
		}
	}
	parts = append(parts, wheres(path, tests)...)
	p := predicate.Any(parts...)
	if it.all {
		p = predicate.All(parts...)
	}
	if it.negated {
		p = predicate.Not(p)
	}
	return p, nil
}

func wheres(path predicate.Path, tests []predicate.Test) []*predicate.Predicate {
	var parts []*predicate.Predicate
	for _, test := range tests {
		parts = append(parts, predicate.Where(path, test))
	}
	return parts
}

// merged adds tests to others of the same path, one of which must pass. Tests of
// texts by the same operation become one.
func merged(tests, more []predicate.Test) []predicate.Test {
	for _, test := range more {
		same := func(other predicate.Test) bool { return other.Op == test.Op && len(other.Texts) > 0 && test.OfText() }
		if i := slices.IndexFunc(tests, same); i >= 0 {
			tests[i].Texts = append(tests[i].Texts, test.Texts...)
		} else {
			tests = append(tests, test)
		}
	}
	return tests
}

// path returns the path to the field. With spread, the elements of an array at its end
// are at the path, too.
func (it *item) path(spread bool) predicate.Path {
	if it.field == "" {
		return predicate.Path{}.Leaves()
	}
	return fieldPath(it.field, spread)
}

// FieldPath returns the path to the values of a field, as rules mean it.
func FieldPath(field string) predicate.Path { return fieldPath(field, true) }

// fieldPath returns the path to a field. Arrays on the way are passed through.
func fieldPath(field string, spread bool) predicate.Path {
	var path predicate.Path
	names := strings.Split(field, ".")
	for i, name := range names {
		path = path.Member(name)
		if i < len(names)-1 || spread {
			path = path.Spread()
		}
	}
	return path
}

// one returns what must be true of one value: that one of some tests passes, or one
// of the conditions that a test cannot say.
func (it *item) one(v value) (tests []predicate.Test, alone []*predicate.Predicate, err error) {
	var test predicate.Test
	var condition *predicate.Predicate
	switch it.kind {
	case texts:
		tests, alone = it.text(v)
		return tests, alone, nil
	case existence:
		condition, err = it.existence(v)
		return nil, []*predicate.Predicate{condition}, err
	case fieldReference:
		condition, err = it.reference(v)
		return nil, []*predicate.Predicate{condition}, err
	case expression:
		test, err = it.expression(v)
	case network:
		prefix, wrong := netip.ParsePrefix(v.raw)
		if wrong != nil {
			err = fmt.Errorf("%q is no network, such as 10.0.0.0/8", v.raw)
		}
		test = predicate.Within(prefix)
	case order:
		n, ok := number(v.raw)
		if !ok {
			err = fmt.Errorf("%q is no number", v.raw)
		}
		test = predicate.Number(it.order, n)
	case timePart:
		n, wrong := strconv.Atoi(v.raw)
		if wrong != nil {
			err = fmt.Errorf("%q is no whole number", v.raw)
		}
		test = predicate.HasPart(it.part, n)
	}
	return []predicate.Test{test}, nil, err
}

// text is one for values that are compared.
func (it *item) text(v value) (tests []predicate.Test, alone []*predicate.Predicate) {
	exists := predicate.Where(it.path(false), predicate.Exists())
	null := predicate.Where(it.path(false), predicate.IsNull())
	switch {
	case v.tag == "!!null":
		return nil, []*predicate.Predicate{predicate.Not(exists), null}
	case it.field != "" && (v.tag == "!!int" || v.tag == "!!float"):
		n, _ := number(v.raw)
		return []predicate.Test{predicate.NumberOrGlob(n, predicate.Literal(v.raw))}, nil
	}
	for _, text := range v.texts {
		if it.field == "" {
			text = text.open(true, true)
		} else if text.any() {
			alone = append(alone, predicate.All(exists, predicate.Not(null)))
			continue
		}
		test := text.test()
		if !it.cased {
			test = test.Fold()
		}
		tests = append(tests, test)
	}
	return tests, alone
}

func (it *item) expression(v value) (predicate.Test, error) {
	text := v.raw
	if it.anchored {
		text = "(?:" + text + ")"
		if !it.before {
			text = "^" + text
		}
		if !it.after {
			text += "$"
		}
	}
	if it.flags != "" {
		text = "(?" + it.flags + ")" + text
	}
	compiled, err := regexp.Compile(text)
	if err != nil {
		return predicate.Test{}, fmt.Errorf("regular expression %q: RE2 cannot read it: %w", v.raw, err)
	}
	return predicate.Matches(compiled), nil
}

func (it *item) existence(v value) (*predicate.Predicate, error) {
	exists := predicate.Where(it.path(false), predicate.Exists())
	switch strings.ToLower(v.raw) {
	case "true", "yes", "on":
		return exists, nil
	case "false", "no", "off":
		return predicate.Not(exists), nil
	}
	return nil, fmt.Errorf("%q is neither true nor false", v.raw)
}

func (it *item) reference(v value) (*predicate.Predicate, error) {
	if v.tag != "!!str" || v.raw == "" {
		return nil, fmt.Errorf("%q is no field", v.raw)
	}
	op := predicate.OpEqual
	switch {
	case it.before && it.after:
		op = predicate.OpContains
	case it.before:
		op = predicate.OpSuffix
	case it.after:
		op = predicate.OpPrefix
	}
	return predicate.Compare(it.path(false), op, fieldPath(v.raw, false), !it.cased), nil
}
