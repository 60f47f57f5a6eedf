package selector

import (
	"slices"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/predicate"
)

// Predicate returns the condition on the records of the events that a trail with
// these selectors gets. The selectors must be ones that Check accepts.
//
// A record without eventCategory, as before eventVersion 1.07, is of a management
// event, and one without readOnly is of a write. Insights events are not selected
// this way. A member that an event lacks is different from every value, so that only
// the operators with Not pass it.
func (s Set) Predicate() *predicate.Predicate {
	var selected []*predicate.Predicate
	for _, a := range s.AdvancedEventSelectors {
		selected = append(selected, a.predicate())
	}
	basic := s.EventSelectors
	if len(basic)+len(s.AdvancedEventSelectors) == 0 {
		basic = Default().EventSelectors
	}
	for _, b := range basic {
		selected = append(selected, b.predicate())
	}
	return predicate.Any(selected...)
}

// Match reports whether a trail with these selectors gets the event of a record. Use
// [Set.Predicate] to ask about many.
func (s Set) Match(r *event.Record) bool { return s.Predicate().Match(r) }

func (b Basic) predicate() *predicate.Predicate {
	var categories []*predicate.Predicate
	if b.management() {
		source := predicate.Where(member(event.EventSource), predicate.Equal(b.ExcludeManagementEventSources...))
		categories = append(categories, predicate.All(inCategory(Management), predicate.Not(source)))
	}
	var resources []*predicate.Predicate
	for _, d := range b.DataResources {
		resources = append(resources, d.predicate())
	}
	if len(resources) > 0 {
		one := predicate.Some(member(event.Resources).Each(), predicate.Any(resources...))
		categories = append(categories, predicate.All(inCategory(Data), one))
	}
	selected := predicate.Any(categories...)
	if b.kind() == All {
		return selected
	}
	return predicate.All(reads(b.kind() == ReadOnly), selected)
}

// predicate returns the condition on an element of a record's resources.
func (d DataResource) predicate() *predicate.Predicate {
	kind := predicate.Where(predicate.At("type"), predicate.Equal(d.Type))
	switch {
	case slices.ContainsFunc(d.Values, func(value string) bool { return whole(value) != "" }):
		return kind
	case d.Type == Object:
		return predicate.All(kind, ofResource(predicate.HasPrefix(d.Values...)))
	}
	return predicate.All(kind, ofResource(predicate.Equal(d.Values...)))
}

func (a Advanced) predicate() *predicate.Predicate {
	var conditions, resource []*predicate.Predicate
	for _, f := range a.FieldSelectors {
		switch f.Field {
		case fieldResourceType:
			resource = append(resource, f.predicate(func(t predicate.Test) *predicate.Predicate {
				return predicate.Where(predicate.At("type"), t)
			}))
		case fieldResourceARN:
			resource = append(resource, f.predicate(ofResource))
		default:
			conditions = append(conditions, f.predicate(ask(f.Field)))
		}
	}
	if len(resource) > 0 { // one resource has the type and the ARN
		conditions = append(conditions, predicate.Some(member(event.Resources).Each(), predicate.All(resource...)))
	}
	return predicate.All(conditions...)
}

// predicate joins what its operators ask of the field.
func (f FieldSelector) predicate(ask func(predicate.Test) *predicate.Predicate) *predicate.Predicate {
	var one, none []*predicate.Predicate
	add := func(to *[]*predicate.Predicate, test func(...string) predicate.Test, values []string) {
		if len(values) > 0 {
			*to = append(*to, ask(test(values...)))
		}
	}
	add(&one, predicate.Equal, f.Equals)
	add(&one, predicate.HasPrefix, f.StartsWith)
	add(&one, predicate.HasSuffix, f.EndsWith)
	add(&none, predicate.Equal, f.NotEquals)
	add(&none, predicate.HasPrefix, f.NotStartsWith)
	add(&none, predicate.HasSuffix, f.NotEndsWith)
	passes := predicate.Not(predicate.Any(none...))
	if len(one) == 0 {
		return passes
	}
	return predicate.All(predicate.Any(one...), passes)
}

// ask returns the way to test a field of a record.
func ask(field string) func(predicate.Test) *predicate.Predicate {
	switch field {
	case fieldCategory:
		return func(t predicate.Test) *predicate.Predicate { return categoryPasses(t) }
	case fieldReadOnly:
		return func(t predicate.Test) *predicate.Predicate {
			return predicate.Any(onlyIf(t.Fits("true"), reads(true)), onlyIf(t.Fits("false"), reads(false)))
		}
	}
	path := predicate.At(field)
	if field == fieldIdentity {
		path = predicate.At(event.UserIdentity.String(), "arn")
	}
	return func(t predicate.Test) *predicate.Predicate { return predicate.Where(path, t) }
}

func onlyIf(fits bool, p *predicate.Predicate) *predicate.Predicate {
	if fits {
		return p
	}
	return predicate.Any()
}

func member(f event.Field) predicate.Path { return predicate.At(f.String()) }

// hasText is true of a value with a text that is not empty.
func hasText() predicate.Test { return predicate.Equal("").Unlike() }

func inCategory(category string) *predicate.Predicate {
	return categoryPasses(predicate.Equal(category))
}

// categoryPasses tests the category of an event, Management if the record has none.
func categoryPasses(t predicate.Test) *predicate.Predicate {
	path := member(event.EventCategory)
	absent := predicate.Not(predicate.Where(path, hasText()))
	return predicate.Any(predicate.Where(path, t), onlyIf(t.Fits(Management), absent))
}

// reads is true of events that read, or of all others.
func reads(readOnly bool) *predicate.Predicate {
	reads := predicate.Where(member(event.ReadOnly), predicate.IsTrue())
	if readOnly {
		return reads
	}
	return predicate.Not(reads)
}

// ofResource tests the ARN of a resource. Listings and deletions of many objects have
// an ARNPrefix instead.
func ofResource(t predicate.Test) *predicate.Predicate {
	name, start := predicate.At("ARN"), predicate.At("ARNPrefix")
	noName := predicate.Not(predicate.Where(name, hasText()))
	return predicate.Any(predicate.Where(name, t), predicate.All(noName, predicate.Where(start, t)))
}
