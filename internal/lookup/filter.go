package lookup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/event"
)

// Attributes are the keys LookupEvents searches by.
func Attributes() []string {
	return []string{"AccessKeyId", "EventId", "EventName", "EventSource", "ReadOnly", "ResourceName", "ResourceType", "Username"}
}

// Filter is what an event must have: for each attribute one of its values. The
// zero Filter matches every event.
type Filter map[string][]string

// Add puts another value to an attribute's. The key is spelled as LookupEvents
// spells it.
func (f Filter) Add(key, value string) error {
	if !slices.Contains(Attributes(), key) {
		return fmt.Errorf("unknown attribute %q: expected one of %s", key, strings.Join(Attributes(), ", "))
	}
	if value == "" {
		return fmt.Errorf("attribute %s has no value", key)
	}
	if key == "ReadOnly" && value != "true" && value != "false" {
		return fmt.Errorf("attribute ReadOnly is %q: expected true or false", value)
	}
	f[key] = append(f[key], value)
	return nil
}

// Match reports whether the event matches the filter.
func (f Filter) Match(e Event) bool {
	for key, wanted := range f {
		if !slices.ContainsFunc(wanted, func(value string) bool { return e.has(key, value) }) {
			return false
		}
	}
	return true
}

func (e Event) has(key, value string) bool {
	switch key {
	case "AccessKeyId":
		return e.AccessKeyID == value
	case "EventId":
		return e.ID == value
	case "EventName":
		return e.Name == value
	case "EventSource":
		return e.Source == value
	case "ReadOnly":
		return e.ReadOnly == value
	case "Username":
		return e.Username == value
	case "ResourceName":
		return slices.ContainsFunc(e.Resources, func(r event.Resource) bool { return r.Name == value })
	case "ResourceType":
		return slices.ContainsFunc(e.Resources, func(r event.Resource) bool { return r.Type == value })
	}
	return false
}

// Asked is what there is to ask with [Filter.Condition].
type Asked struct {
	// Insights says that Insights events are wanted. Their name and their source
	// are inside of their details, where looking for them takes ten times as long.
	Insights bool

	// Lists says that every event has the columns resource_names and
	// resource_types. Parts of the first schema lack them.
	Lists bool
}

// Exact reports whether Condition alone decides: the filter uses nothing that
// has to be derived from the record.
func (f Filter) Exact(asked Asked) bool {
	return asked.Lists || len(f["ResourceName"]) == 0 && len(f["ResourceType"]) == 0
}

// Condition returns an SQL condition over the columns of a lake, and its
// parameters, that holds for every event the filter matches. It holds for more
// unless the filter is Exact: Match has the last word then.
func (f Filter) Condition(asked Asked) (sql string, params map[string]any) {
	c := conditions{params: map[string]any{}, asked: asked}
	for _, key := range Attributes() {
		if len(f[key]) == 0 {
			continue
		}
		var anyOf []string
		for _, value := range f[key] {
			anyOf = append(anyOf, c.of(key, value))
		}
		c.all = append(c.all, "("+strings.Join(anyOf, " OR ")+")")
	}
	if c.all == nil {
		return "true", c.params
	}
	return strings.Join(c.all, " AND "), c.params
}

type conditions struct {
	all    []string
	params map[string]any
	asked  Asked
}

// bind adds a value as a parameter and returns its placeholder.
func (c *conditions) bind(value string) string {
	name := fmt.Sprintf("lookup_%d", len(c.params))
	c.params[name] = value
	return "$" + name
}

func (c *conditions) of(key, value string) string {
	switch key {
	case "AccessKeyId":
		return "identity_access_key_id = " + c.bind(value)
	case "EventId":
		return "event_id = " + c.bind(value)
	case "EventName":
		return c.orInsight("event_name", "eventName", value)
	case "EventSource":
		return c.orInsight("event_source", "eventSource", value)
	case "ReadOnly":
		return "read_only = " + value // checked by Add
	case "Username":
		return "username = " + c.bind(value)
	case "ResourceType":
		if c.asked.Lists {
			return "list_contains(resource_types, " + c.bind(value) + ")"
		}
		return c.resourceType(value)
	}
	if c.asked.Lists {
		return "list_contains(resource_names, " + c.bind(value) + ")"
	}
	return c.mentioned(value)
}

func (c *conditions) orInsight(column, member, value string) string {
	v := c.bind(value)
	equal := column + " = " + v
	if c.asked.Insights {
		equal += fmt.Sprintf(" OR json_extract_string(insight_details, '$.%s') = %s", member, v)
	}
	return equal
}

// textColumns are where a record names resources.
var textColumns = [...]string{"resources", "request_parameters", "response_elements"}

// mentioned holds where the text of a record has a value anywhere. A value that
// JSON writes with escapes could stand there in more than one way.
func (c *conditions) mentioned(value string) string {
	value = longestPlain(value)
	if value == "" {
		return "true"
	}
	v := c.bind(value)
	var anyOf []string
	for _, column := range textColumns {
		anyOf = append(anyOf, "contains("+column+", "+v+")")
	}
	return "(" + strings.Join(anyOf, " OR ") + ")"
}

// longestPlain returns the longest run of characters that JSON writes in one
// way only.
func longestPlain(value string) string {
	longest := ""
	for _, run := range strings.FieldsFunc(value, func(r rune) bool {
		return r < ' ' || r > '~' || strings.ContainsRune(`"\`, r)
	}) {
		if len(run) > len(longest) {
			longest = run
		}
	}
	return longest
}

// resourceType holds where the record lists the type itself, or has a member
// that names a resource of the type.
func (c *conditions) resourceType(kind string) string {
	anyOf := []string{"contains(resources, " + c.bind(longestPlain(kind)) + ")"}
	for _, rule := range event.ResourceRules() {
		if rule.Type != kind {
			continue
		}
		member := c.bind(`"` + rule.Member)
		for _, column := range textColumns[1:] {
			anyOf = append(anyOf, "contains("+column+", "+member+")")
		}
	}
	return "(" + strings.Join(anyOf, " OR ") + ")"
}
