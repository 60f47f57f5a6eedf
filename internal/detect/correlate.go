package detect

import (
	"slices"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/sigma"
)

// correlate returns what correlations are true of, given the hits of single rules. All
// hits of a run are needed, in any order.
func (rs *Rules) correlate(hits []hit) []hit {
	c := &correlator{rules: rs, hits: map[int][]hit{}}
	for _, h := range hits {
		c.hits[h.rule] = append(c.hits[h.rule], h)
	}
	var found []hit
	for i := range rs.set.Correlations {
		found = append(found, c.of(len(rs.set.Rules)+i)...)
	}
	return found
}

// correlator evaluates correlations, those that others refer to first.
type correlator struct {
	rules *Rules
	hits  map[int][]hit // by rule or correlation, when it is known
}

// of returns the hits of a rule or a correlation.
func (c *correlator) of(number int) []hit {
	if found, known := c.hits[number]; known || number < len(c.rules.set.Rules) {
		return found
	}
	correlation := c.rules.set.Correlations[number-len(c.rules.set.Rules)]
	found := []hit{} // known from now on, even if there are none
	groups := c.groups(correlation)
	keys := make([]string, 0, len(groups))
	for key := range groups {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		for _, members := range matches(correlation, groups[key]) {
			found = append(found, c.joined(number, members))
		}
	}
	c.hits[number] = found
	return found
}

// member is a hit that is correlated: the place of its rule in Correlation.Of, and its
// values of Correlation.Field.
type member struct {
	hit
	place  int
	values []fieldValue
}

// first and last are the times that the events of a member span.
func (m *member) first() time.Time {
	if len(m.events) > 0 {
		return m.events[0].Time
	}
	return m.event.Time
}

func (m *member) last() time.Time { return m.event.Time }

// groups returns the hits that a correlation is about, by the values that they are grouped by
// and in order of time.
func (c *correlator) groups(correlation *sigma.Correlation) map[string][]member {
	groups := map[string][]member{}
	for place, of := range correlation.Of {
		number := c.rules.number(of)
		for _, h := range c.of(number) {
			keys, grouped := c.values(h, number, of, correlation.GroupBy)
			if !grouped {
				continue
			}
			values, _ := c.values(h, number, of, correlation.Field)
			groups[groupKey(keys)] = append(groups[groupKey(keys)], member{h, place, values})
		}
	}
	for _, members := range groups {
		slices.SortStableFunc(members, func(a, b member) int {
			if a.last().Equal(b.last()) && a.place != b.place {
				return a.place - b.place // a second is as exact as times are
			}
			return order(a.event, b.event)
		})
	}
	return groups
}

func groupKey(values []fieldValue) string {
	var b strings.Builder
	for _, v := range values {
		b.WriteString(strings.ReplaceAll(v.text, "\x00", "\x00\x01"))
		b.WriteString("\x00\x00")
	}
	return b.String()
}

// values returns the values of fields of a hit; all reports whether it has each of them.
func (c *correlator) values(h hit, number int, of sigma.Reference, names []string) (values []fieldValue, all bool) {
	all = true
	for _, name := range names {
		if field, ok := of.Aliases[name]; ok {
			name = field
		}
		var v fieldValue
		if at := slices.Index(c.rules.fields[number], name); at >= 0 && at < len(h.values) {
			v = h.values[at]
		}
		values, all = append(values, v), all && v.present
	}
	return values, all
}

// joined returns the hit of a correlation that is true of members. Its values are those
// of the last event.
func (c *correlator) joined(number int, members []member) hit {
	var events []*seenEvent
	for _, m := range members {
		if m.events != nil {
			events = append(events, m.events...)
		} else {
			events = append(events, m.event)
		}
	}
	slices.SortFunc(events, order)
	events = slices.CompactFunc(events, func(a, b *seenEvent) bool { return order(a, b) == 0 })
	last := members[len(members)-1]
	of := c.rules.set.Correlations[number-len(c.rules.set.Rules)].Of[last.place]
	values, _ := c.values(last.hit, c.rules.number(of), of, c.rules.fields[number])
	return hit{rule: number, event: events[len(events)-1], events: events, values: values}
}
