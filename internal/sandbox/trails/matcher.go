package trails

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
)

// globalRegion is the Region of the events of global services. Since November 2021
// only trails that cover this Region get them, whatever IncludeGlobalServiceEvents
// says in other Regions.
const globalRegion = "us-east-1"

// Matcher decides which events a trail wants. It is not safe for concurrent use.
type Matcher struct {
	// Member reports whether another account is in the organization of an
	// organization trail. If it is nil, every account is.
	Member func(account string) bool

	earlier   []scopeMatcher
	now       scopeMatcher
	resources resourceList
}

// scopeMatcher matches events by the selectors of one span of time.
type scopeMatcher struct {
	until    time.Time
	trail    Trail
	classic  []EventSelector
	advanced []advancedMatcher
}

// NewMatcher returns a matcher for the trail's current and earlier configurations.
func NewMatcher(t Trail) *Matcher {
	m := &Matcher{now: newScopeMatcher(t)}
	for _, s := range t.Earlier {
		earlier := newScopeMatcher(s.in(t))
		earlier.until = s.Until
		m.earlier = append(m.earlier, earlier)
	}
	return m
}

func newScopeMatcher(t Trail) scopeMatcher {
	m := scopeMatcher{trail: t}
	if len(t.AdvancedSelectors) == 0 {
		m.classic = t.classicSelectors()
		return m
	}
	for _, s := range t.AdvancedSelectors {
		m.advanced = append(m.advanced, newAdvancedMatcher(s))
	}
	return m
}

// Wants reports whether the trail's configuration at e.Time selects the event, by its
// account, Region and content. r is the decoded e.Record. It does not check whether
// the trail was logging; see LoggedAt.
func (m *Matcher) Wants(e *journal.Entry, r *event.Record) bool {
	m.resources.decoded = false
	for i := range m.earlier {
		if !e.Time.After(m.earlier[i].until) {
			return m.earlier[i].wants(e, r, m)
		}
	}
	return m.now.wants(e, r, m)
}

func (s *scopeMatcher) wants(e *journal.Entry, r *event.Record, m *Matcher) bool {
	if !s.covers(e, r, m.Member) {
		return false
	}
	category := e.Category
	if category == "" {
		category = categoryManagement // records before eventVersion 1.07 have no category
	}
	if category == categoryInsight {
		return s.wantsInsight(r)
	}
	for i := range s.advanced {
		if s.advanced[i].wants(category, r, &m.resources) {
			return true
		}
	}
	readOnly, _ := r.Get(event.ReadOnly).Bool() // an event without readOnly is a write
	return slices.ContainsFunc(s.classic, func(s EventSelector) bool {
		return s.reads(readOnly) && s.wants(category, r, &m.resources)
	})
}

func (s *scopeMatcher) covers(e *journal.Entry, r *event.Record, member func(account string) bool) bool {
	t := &s.trail
	if e.Account != t.Account && (t.OrganizationID == "" || member != nil && !member(e.Account)) {
		return false
	}
	if t.MultiRegion {
		return true
	}
	return e.Region == t.Region && (t.GlobalEvents || e.Region != globalRegion || !isGlobal(r))
}

// isGlobal reports whether an event in us-east-1 is of a global service. Of STS only
// calls to its global endpoint are, not those to the Region's endpoint.
func isGlobal(r *event.Record) bool {
	switch string(r.Text(event.EventSource)) {
	case "iam.amazonaws.com", "cloudfront.amazonaws.com", "route53.amazonaws.com", "organizations.amazonaws.com":
		return true
	case "sts.amazonaws.com":
		return memberText(r.Get(event.TLSDetails), "clientProvidedHostHeader") != "sts."+globalRegion+".amazonaws.com"
	}
	return false
}

// memberText returns a string member of an object, "" if there is none.
func memberText(object event.Value, member string) (text string) {
	object.Members(func(name []byte, v event.Value) {
		if string(name) == member {
			value, _ := v.Text()
			text = string(value)
		}
	})
	return text
}

// wantsInsight reports whether the trail has this type of Insights turned on for the
// category of its source events.
func (s *scopeMatcher) wantsInsight(r *event.Record) bool {
	details := r.Get(event.InsightDetails)
	kind := memberText(details, "insightType")
	source := cmp.Or(memberText(details, "sourceEventCategory"), categoryManagement)
	return slices.ContainsFunc(s.trail.InsightSelectors, func(s InsightSelector) bool {
		return s.InsightType == kind && slices.Contains(s.EventCategories, source)
	})
}

func (s EventSelector) reads(readOnly bool) bool {
	return s.ReadWriteType == readWriteAll || s.ReadWriteType == readWriteReads && readOnly ||
		s.ReadWriteType == readWriteWrites && !readOnly
}

func (s EventSelector) wants(category string, r *event.Record, list *resourceList) bool {
	switch category {
	case categoryManagement:
		return s.IncludeManagementEvents &&
			!slices.Contains(s.ExcludeManagementEventSources, string(r.Text(event.EventSource)))
	case categoryData:
		return slices.ContainsFunc(s.DataResources, func(d DataResource) bool {
			return slices.ContainsFunc(list.of(r), d.wants)
		})
	}
	return false
}

// wants reports whether the resource has the type and matches a value. A value
// without a resource part, such as arn:aws:s3, matches all resources of the type.
func (d DataResource) wants(r resource) bool {
	if r.Type != d.Type {
		return false
	}
	arn := r.arn()
	return slices.ContainsFunc(d.Values, func(value string) bool {
		if wholeType(value) != "" {
			return true
		}
		// Objects match by prefix, functions and tables exactly.
		if d.Type == typeObject {
			return len(arn) >= len(value) && arn[:len(value)] == value
		}
		return arn == value
	})
}

// resource is an element of a record's resources.
type resource struct {
	Type      string `json:"type"`
	ARN       string `json:"ARN"`
	ARNPrefix string `json:"ARNPrefix"` // of listings and multi-object deletes
}

func (r resource) arn() string {
	if r.ARN != "" {
		return r.ARN
	}
	return r.ARNPrefix
}

// resourceList decodes a record's resources on first use: only selectors of data
// events use them.
type resourceList struct {
	decoded bool
	list    []resource
}

func (l *resourceList) of(r *event.Record) []resource {
	if !l.decoded {
		l.decoded, l.list = true, nil
		// A value that is not a list of objects has no resources.
		if json.Unmarshal(r.Get(event.Resources).Raw, &l.list) != nil {
			l.list = nil
		}
	}
	return l.list
}

// advancedMatcher is an advanced selector with its values as bytes, so that matching
// does not allocate.
type advancedMatcher struct {
	fields []fieldMatcher
	// If byResource is set, one resource must match both kind and arn.
	byResource bool
	kind, arn  fieldMatcher
}

func newAdvancedMatcher(s AdvancedSelector) advancedMatcher {
	var m advancedMatcher
	for _, f := range s.FieldSelectors {
		switch field := newFieldMatcher(f); f.Field {
		case fieldResourceType:
			m.byResource, m.kind = true, field
		case fieldResourceARN:
			m.byResource, m.arn = true, field
		default:
			m.fields = append(m.fields, field)
		}
	}
	return m
}

func (m *advancedMatcher) wants(category string, r *event.Record, list *resourceList) bool {
	for i := range m.fields {
		if !m.fields[i].fits(fieldValue(m.fields[i].name, category, r)) {
			return false
		}
	}
	return !m.byResource || slices.ContainsFunc(list.of(r), func(r resource) bool {
		return m.kind.fits([]byte(r.Type)) && m.arn.fits([]byte(r.arn()))
	})
}

// fieldValue returns an event's value of a field, empty if it has none.
func fieldValue(field, category string, r *event.Record) []byte {
	switch field {
	case fieldCategory:
		return []byte(category)
	case fieldReadOnly:
		readOnly, _ := r.Get(event.ReadOnly).Bool()
		return strconv.AppendBool(nil, readOnly)
	case fieldName:
		return r.Text(event.EventName)
	case fieldSource:
		return r.Text(event.EventSource)
	case fieldType:
		return r.Text(event.EventType)
	case fieldConsole:
		return r.Text(event.SessionCredentialFromConsole)
	case fieldEndpoint:
		return r.Text(event.VPCEndpointID)
	case fieldErrorCode:
		return r.Text(event.ErrorCode)
	case fieldIdentity:
		var id event.Identity
		id.Decode(r.Get(event.UserIdentity))
		return id.ARN
	}
	return nil
}

// fieldMatcher matches a FieldSelector. The zero value matches everything.
type fieldMatcher struct {
	name                   string
	equals, starts, ends   [][]byte
	not, notStart, notEnds [][]byte
}

func newFieldMatcher(f FieldSelector) fieldMatcher {
	return fieldMatcher{
		name: f.Field, equals: texts(f.Equals), starts: texts(f.StartsWith), ends: texts(f.EndsWith),
		not: texts(f.NotEquals), notStart: texts(f.NotStartsWith), notEnds: texts(f.NotEndsWith),
	}
}

func texts(values []string) [][]byte {
	list := make([][]byte, len(values))
	for i, v := range values {
		list[i] = []byte(v)
	}
	return list
}

// fits reports whether v matches no negative value and, if there are positive values,
// at least one of them.
func (f *fieldMatcher) fits(v []byte) bool {
	if anyFits(bytes.Equal, v, f.not) || anyFits(bytes.HasPrefix, v, f.notStart) || anyFits(bytes.HasSuffix, v, f.notEnds) {
		return false
	}
	if len(f.equals)+len(f.starts)+len(f.ends) == 0 {
		return true
	}
	return anyFits(bytes.Equal, v, f.equals) || anyFits(bytes.HasPrefix, v, f.starts) || anyFits(bytes.HasSuffix, v, f.ends)
}

func anyFits(test func(v, with []byte) bool, v []byte, values [][]byte) bool {
	return slices.ContainsFunc(values, func(with []byte) bool { return test(v, with) })
}
