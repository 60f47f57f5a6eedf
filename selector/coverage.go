package selector

import "slices"

// SelectsManagement reports whether some selector gets management events that read,
// or those that write, of services that are not excluded.
func (s Set) SelectsManagement(readOnly bool) bool {
	if len(s.EventSelectors)+len(s.AdvancedEventSelectors) == 0 {
		return true
	}
	kind, value := WriteOnly, "false"
	if readOnly {
		kind, value = ReadOnly, "true"
	}
	return slices.ContainsFunc(s.EventSelectors, func(b Basic) bool {
		return b.management() && (b.kind() == All || b.kind() == kind)
	}) || slices.ContainsFunc(s.AdvancedEventSelectors, func(a Advanced) bool {
		f, limited := a.field(fieldReadOnly)
		return a.Category() == Management && (!limited || slices.Contains(f.Equals, value))
	})
}

// Excluded returns the services whose management events no selector for management
// events gets.
func (s Set) Excluded() (sources []string) {
	var without [][]string // by selector
	for _, b := range s.EventSelectors {
		if b.management() {
			without = append(without, b.ExcludeManagementEventSources)
		}
	}
	for _, a := range s.AdvancedEventSelectors {
		if a.Category() == Management {
			f, _ := a.field(fieldSource)
			without = append(without, f.NotEquals)
		}
	}
	for _, source := range Excludable() {
		gets := func(list []string) bool { return !slices.Contains(list, source) }
		if len(without) > 0 && !slices.ContainsFunc(without, gets) {
			sources = append(sources, source)
		}
	}
	return sources
}

// RecordsManagement reports whether a single selector gets all management events,
// which is what the managed rules of AWS Config look for.
func (s Set) RecordsManagement() bool {
	if len(s.EventSelectors)+len(s.AdvancedEventSelectors) == 0 {
		return true
	}
	return slices.ContainsFunc(s.EventSelectors, func(b Basic) bool {
		return b.kind() == All && b.management() && len(b.ExcludeManagementEventSources) == 0
	}) || slices.ContainsFunc(s.AdvancedEventSelectors, func(a Advanced) bool {
		return len(a.FieldSelectors) == 1 && a.Category() == Management
	})
}

// IsDefault reports whether the set is [Default] or means the same by one basic
// selector. CloudTrail says of all others that the trail has custom event selectors.
func (s Set) IsDefault() bool {
	return len(s.AdvancedEventSelectors) == 0 &&
		(len(s.EventSelectors) == 0 || len(s.EventSelectors) == 1 && s.EventSelectors[0].isDefault())
}
