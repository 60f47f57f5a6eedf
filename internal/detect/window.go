package detect

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/sigma"
)

// matches returns the runs of members, in order of time, that a correlation is true of.
// No member is in two of them.
//
// A condition that stays true when events are added, such as "at least ten", is tested
// at each event, over the span that ends with it. The members for which it stays true are
// one run. Any other condition is tested over whole spans. A span begins with the first
// event that is in no earlier one.
func matches(c *sigma.Correlation, members []member) [][]member {
	switch {
	case c.Type == sigma.TemporalOrdered:
		return ordered(c, members)
	case grows(c):
		return sliding(c, members)
	}
	var found [][]member
	for start := 0; start < len(members); {
		end := start + 1
		for end < len(members) && within(members[start].first(), members[end].last(), c.Timespan) {
			end++
		}
		w := newWindow(c)
		for _, m := range members[start:end] {
			w.add(m)
		}
		if w.holds() {
			found = append(found, members[start:end])
		}
		start = end
	}
	return found
}

// grows reports whether more events never make the condition false.
func grows(c *sigma.Correlation) bool {
	switch c.Type {
	case sigma.ValueAverage, sigma.ValuePercentile, sigma.ValueMedian, sigma.ValueSum:
		return false
	}
	lower := !slices.ContainsFunc(c.Bounds, func(b sigma.Bound) bool { return b.Op != sigma.More && b.Op != sigma.AtLeast })
	return lower && (c.Expression == nil || !negates(c.Expression))
}

func negates(e *sigma.Expression) bool {
	return e.Op == sigma.Not || slices.ContainsFunc(e.Parts, negates)
}

func sliding(c *sigma.Correlation, members []member) (found [][]member) {
	w := newWindow(c)
	start, begun := 0, -1 // of the span, of the run that is true
	for i, m := range members {
		w.add(m)
		for !within(members[start].first(), m.last(), c.Timespan) && start < i {
			w.remove(members[start])
			start++
		}
		switch holds := w.holds(); {
		case holds && begun < 0:
			begun = start
		case !holds && begun >= 0:
			found = append(found, members[begun:i])
			w, start, begun = newWindow(c), i, -1
			w.add(m)
			if w.holds() {
				begun = i
			}
		}
	}
	if begun >= 0 {
		found = append(found, members[begun:])
	}
	return found
}

// window is what is counted of the members in a span.
type window struct {
	of      *sigma.Correlation
	places  []int          // how many members of each rule
	values  map[string]int // how many members have each value
	numbers []float64      // of a value that is computed with
	count   int
}

func newWindow(c *sigma.Correlation) *window {
	return &window{of: c, places: make([]int, len(c.Of)), values: map[string]int{}}
}

func (w *window) add(m member) {
	w.count++
	w.places[m.place]++
	if len(w.of.Field) == 0 {
		return
	}
	if w.of.Type == sigma.ValueCount {
		if slices.ContainsFunc(m.values, func(v fieldValue) bool { return v.present }) {
			w.values[groupKey(m.values)]++
		}
		return
	}
	if n, err := strconv.ParseFloat(strings.TrimSpace(m.values[0].text), 64); err == nil && m.values[0].present {
		w.numbers = append(w.numbers, n)
	}
}

// remove takes back an add, of conditions that are asked of sliding spans.
func (w *window) remove(m member) {
	w.count--
	w.places[m.place]--
	key := groupKey(m.values)
	if w.values[key]--; w.values[key] <= 0 {
		delete(w.values, key)
	}
}

// holds reports whether the condition is true.
func (w *window) holds() bool {
	c := w.of
	switch c.Type {
	case sigma.Temporal:
		return w.temporal()
	case sigma.EventCount:
		return bounded(c, float64(w.count))
	case sigma.ValueCount:
		return bounded(c, float64(len(w.values)))
	}
	if len(w.numbers) == 0 {
		return false
	}
	return bounded(c, computed(c, w.numbers))
}

func bounded(c *sigma.Correlation, n float64) bool {
	return !slices.ContainsFunc(c.Bounds, func(b sigma.Bound) bool { return !b.Holds(n) })
}

func (w *window) temporal() bool {
	kinds := 0
	present := map[string]bool{}
	for place, n := range w.places {
		if n > 0 {
			kinds++
			present[w.of.Of[place].Named] = true
		}
	}
	switch {
	case w.of.Expression != nil:
		return truth(w.of.Expression, present)
	case len(w.of.Bounds) > 0:
		return bounded(w.of, float64(kinds))
	}
	return kinds == len(w.of.Of)
}

func truth(e *sigma.Expression, present map[string]bool) bool {
	is := func(part *sigma.Expression) bool { return truth(part, present) }
	switch e.Op {
	case sigma.Named:
		return present[e.Name]
	case sigma.Not:
		return !is(e.Parts[0])
	case sigma.All:
		return !slices.ContainsFunc(e.Parts, func(part *sigma.Expression) bool { return !is(part) })
	}
	return slices.ContainsFunc(e.Parts, is)
}

// computed returns the sum, the mean or a percentile. A percentile is the least number
// that at least that many percent of the numbers are at most.
func computed(c *sigma.Correlation, numbers []float64) float64 {
	sum := 0.0
	for _, n := range numbers {
		sum += n
	}
	percentile := c.Percentile
	switch c.Type {
	case sigma.ValueSum:
		return sum
	case sigma.ValueAverage:
		return sum / float64(len(numbers))
	case sigma.ValueMedian:
		percentile = 50
	}
	sorted := slices.Sorted(slices.Values(numbers))
	if c.Type == sigma.ValueMedian && len(sorted)%2 == 0 {
		return (sorted[len(sorted)/2-1] + sorted[len(sorted)/2]) / 2
	}
	const percent = 100
	rank := int(percentile*float64(len(sorted))+percent-1) / percent
	return sorted[max(0, min(len(sorted), rank)-1)]
}

// step is a member of a sequence, with the one before it.
type step struct {
	member
	before *step
	start  *step
}

// ordered returns the sequences in which each rule hits at or after the one before it.
func ordered(c *sigma.Correlation, members []member) (found [][]member) {
	// Of the sequences of the first k rules, the one that began last can become
	// a whole one within the span if any can. The best one but that is for the
	// event with which the best one ends: it is not in a sequence twice.
	best, second := make([]*step, len(c.Of)), make([]*step, len(c.Of))
	for _, m := range members {
		s := &step{member: m}
		if m.place == 0 {
			s.start = s
		} else {
			before := best[m.place-1]
			if before != nil && order(before.event, m.event) == 0 {
				before = second[m.place-1]
			}
			if before == nil || before.last().After(m.first()) {
				continue
			}
			s.before, s.start = before, before.start
		}
		if old := best[m.place]; old == nil || !s.start.first().Before(old.start.first()) {
			best[m.place], second[m.place] = s, old
		}
		if m.place < len(c.Of)-1 || !within(s.start.first(), m.last(), c.Timespan) {
			continue
		}
		var sequence []member
		for at := s; at != nil; at = at.before {
			sequence = append(sequence, at.member)
		}
		slices.Reverse(sequence)
		found = append(found, sequence)
		best, second = make([]*step, len(c.Of)), make([]*step, len(c.Of)) // no event is in two of them
	}
	return found
}

// within reports whether two times are at most a span apart.
func within(first, last time.Time, span time.Duration) bool { return last.Sub(first) <= span }
