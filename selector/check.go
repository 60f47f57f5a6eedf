package selector

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
)

// Limits of a trail: the CloudTrail user guide, "Quotas".
const (
	maxSelectors     = 5
	maxDataResources = 250
	maxConditions    = 500
	maxName          = 1000
)

// Check returns what CloudTrail refuses about the selectors, in the order in which
// they are written. An empty set is fine here, though PutEventSelectors refuses it.
func (s Set) Check() []Problem {
	var c checker
	if len(s.EventSelectors) > 0 && len(s.AdvancedEventSelectors) > 0 {
		c.add(Problem{Path: "EventSelectors", Kind: BothKinds})
	}
	c.basic(s.EventSelectors)
	c.advanced(s.AdvancedEventSelectors)
	return c.problems
}

type checker struct{ problems []Problem }

func (c *checker) add(p Problem) { c.problems = append(c.problems, p) }

// oneOf adds a problem if the value is not allowed.
func (c *checker) oneOf(path, value string, allowed []string) {
	if !slices.Contains(allowed, value) {
		c.add(Problem{Path: path, Kind: BadValue, Value: value, Allowed: allowed})
	}
}

func at(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func (c *checker) basic(selectors []Basic) {
	const path = "EventSelectors"
	if n := len(selectors); n > maxSelectors {
		c.add(Problem{Path: path, Kind: TooManySelectors, Count: n, Limit: maxSelectors})
	}
	resources := 0
	for i, s := range selectors {
		path := at(path, i)
		c.oneOf(path+".ReadWriteType", s.kind(), []string{All, ReadOnly, WriteOnly})
		for j, source := range s.ExcludeManagementEventSources {
			c.oneOf(at(path+".ExcludeManagementEventSources", j), source, Excludable())
		}
		for j, d := range s.DataResources {
			c.dataResource(at(path+".DataResources", j), d)
			resources += d.individual()
		}
	}
	if resources > maxDataResources {
		c.add(Problem{Path: path, Kind: TooManyResources, Count: resources, Limit: maxDataResources})
	}
}

func (c *checker) dataResource(path string, d DataResource) {
	service := d.service()
	if service == "" {
		c.add(Problem{Path: path + ".Type", Kind: BadValue, Value: d.Type, Allowed: []string{Table, Function, Object}})
		return
	}
	for i, value := range d.Values {
		if a, err := arn.Parse(value); whole(value) != service && (err != nil || !d.takes(a)) {
			c.add(Problem{Path: at(path+".Values", i), Kind: BadResource, Value: value, Type: d.Type})
		}
	}
}

// service returns the service of the type, "" if basic selectors do not have it.
func (d DataResource) service() string {
	switch d.Type {
	case Object:
		return "s3"
	case Function:
		return "lambda"
	case Table:
		return "dynamodb"
	}
	return ""
}

// takes reports whether an ARN is one of the type, or the start of one of an object.
func (d DataResource) takes(a arn.ARN) bool {
	regional := like(`[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}`, a.Region) && like(`[0-9]{12}`, a.AccountID)
	switch {
	case a.Service != d.service():
		return false
	case d.Type == Object:
		bucket, _, hasKey := strings.Cut(a.Resource, "/")
		return a.Region == "" && a.AccountID == "" && hasKey && isBucket(bucket)
	case d.Type == Function:
		return regional && like(`function:.+`, a.Resource)
	}
	return regional && like(`table/.+`, a.Resource)
}

func like(pattern, text string) bool {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(text)
}

func isBucket(name string) bool {
	_, err := netip.ParseAddr(name)
	return like(`[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`, name) && !strings.Contains(name, "..") && err != nil
}

// individual returns the number of values that are not all resources of the type,
// which the limit does not count.
func (d DataResource) individual() (n int) {
	for _, value := range d.Values {
		if whole(value) == "" {
			n++
		}
	}
	return n
}

// whole returns the service if the value of a data resource means all its resources:
// arn:aws:s3, arn:aws:s3:::, arn:aws:lambda or arn:aws:dynamodb. Otherwise it returns
// "".
func whole(value string) string {
	a, err := arn.ParseStart(value)
	all := err == nil && a == arn.ARN{Partition: a.Partition, Service: a.Service}
	if all && (a.Service == "s3" || strings.Count(value, ":") == 2) {
		return a.Service
	}
	return ""
}

func (c *checker) advanced(selectors []Advanced) {
	const path = "AdvancedEventSelectors"
	conditions := 0
	for i, s := range selectors {
		if n := len(s.Name); n > maxName {
			c.add(Problem{Path: at(path, i) + ".Name", Kind: LongName, Value: s.Name, Count: n, Limit: maxName})
		}
		c.fields(at(path, i), s)
		for _, f := range s.FieldSelectors {
			for _, o := range f.Operators() {
				conditions += len(o.Values)
			}
		}
	}
	if conditions > maxConditions {
		c.add(Problem{Path: path, Kind: TooManyConditions, Count: conditions, Limit: maxConditions})
	}
}

// fields checks the conditions of one selector by the rules for its category.
func (c *checker) fields(path string, s Advanced) {
	category := s.Category()
	rules := rules(category)
	if rules == nil {
		c.add(Problem{Path: path, Kind: NoCategory})
		return
	}
	var names []string
	for _, r := range rules {
		names = append(names, r.field)
	}
	seen := map[string]bool{}
	for i, f := range s.FieldSelectors {
		path := at(path+".FieldSelectors", i)
		known := slices.Index(names, f.Field)
		switch {
		case known < 0:
			c.add(Problem{Path: path + ".Field", Kind: UnknownField, Value: f.Field, Field: f.Field, Category: category, Allowed: names})
		case seen[f.Field]:
			c.add(Problem{Path: path + ".Field", Kind: RepeatedField, Value: f.Field, Field: f.Field, Category: category})
		default:
			c.field(path, f, rules[known])
		}
		seen[f.Field] = true
	}
	for _, r := range rules {
		if r.required && !seen[r.field] {
			c.add(Problem{Path: path, Kind: MissingField, Field: r.field, Category: category})
		}
	}
}

func (c *checker) field(path string, f FieldSelector, r rule) {
	count := 0
	for _, o := range f.Operators() {
		count += len(o.Values)
		path := path + "." + o.Name
		if r.allowed != nil && !slices.Contains(r.allowed, o.Name) {
			c.add(Problem{Path: path, Kind: BadOperator, Field: f.Field, Allowed: r.allowed})
		}
		for i, value := range o.Values {
			if value == "" || r.values != nil && !slices.Contains(r.values, value) {
				c.add(Problem{Path: at(path, i), Kind: BadFieldValue, Value: value, Field: f.Field, Allowed: r.values})
			}
		}
	}
	switch {
	case count == 0:
		c.add(Problem{Path: path, Kind: NoCondition, Field: f.Field})
	case r.single && count > 1:
		c.add(Problem{Path: path, Kind: OneValueOnly, Field: f.Field})
	}
}
