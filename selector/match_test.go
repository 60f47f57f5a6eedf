package selector_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/recordtest"
	"github.com/cerpac/trailkeeper/selector"
)

// Match says what a plain reading of the documentation says, of random selectors and
// records.
func TestMatchAgreesWithAPlainReading(t *testing.T) {
	matched, missed := 0, 0
	recordtest.Rounds(t, 20, func(t *testing.T, random *rand.Rand) {
		var records []string
		for n := range 100 {
			records = append(records, recordtest.Selectable(random, n))
		}
		for range 20 {
			set := recordtest.Selectors(random)
			p := set.Predicate()
			for _, record := range records {
				r, plain := decode(t, record)
				got, want := p.Match(r), plain.selected(set)
				if got != want {
					text, _ := json.Marshal(set)
					t.Fatalf("match is %t\n%s\n%s\n%s", got, text, record, p)
				}
				if got {
					matched++
				} else {
					missed++
				}
			}
		}
	})
	if matched == 0 || missed == 0 {
		t.Errorf("%d events matched and %d not: nothing was compared", matched, missed)
	}
}

func decode(t *testing.T, record string) (*event.Record, plainEvent) {
	t.Helper()
	r := new(event.Record)
	if _, err := r.Decode([]byte(record)); err != nil {
		t.Fatal(err)
	}
	var plain plainEvent
	if err := json.Unmarshal([]byte(record), &plain); err != nil {
		t.Fatal(err)
	}
	return r, plain
}

// plainEvent is an event as encoding/json has it.
type plainEvent struct {
	EventCategory, EventName, EventSource, EventType string
	SessionCredentialFromConsole, VpcEndpointID      string
	ErrorCode                                        string
	ReadOnly                                         bool
	UserIdentity                                     struct{ ARN string }
	Resources                                        []plainResource
}

type plainResource struct{ ARN, ARNPrefix, Type string }

func (r plainResource) name() string {
	if r.ARN == "" {
		return r.ARNPrefix
	}
	return r.ARN
}

func (e plainEvent) category() string {
	if e.EventCategory == "" {
		return "Management"
	}
	return e.EventCategory
}

func (e plainEvent) selected(s selector.Set) bool {
	if len(s.EventSelectors)+len(s.AdvancedEventSelectors) == 0 {
		return e.category() == "Management"
	}
	return slices.ContainsFunc(s.EventSelectors, e.basic) || slices.ContainsFunc(s.AdvancedEventSelectors, e.advanced)
}

func (e plainEvent) basic(b selector.Basic) bool {
	switch b.ReadWriteType {
	case "ReadOnly":
		if !e.ReadOnly {
			return false
		}
	case "WriteOnly":
		if e.ReadOnly {
			return false
		}
	}
	switch e.category() {
	case "Management":
		include := b.IncludeManagementEvents == nil || *b.IncludeManagementEvents
		return include && !slices.Contains(b.ExcludeManagementEventSources, e.EventSource)
	case "Data":
		for _, r := range e.Resources {
			for _, d := range b.DataResources {
				for _, value := range d.Values {
					if d.Type == r.Type && (allOfType(d.Type, value) || value == r.name() ||
						d.Type == "AWS::S3::Object" && strings.HasPrefix(r.name(), value)) {
						return true
					}
				}
			}
		}
	}
	return false
}

func allOfType(kind, value string) bool {
	return map[string]string{"arn:aws:s3": "AWS::S3::Object", "arn:aws:s3:::": "AWS::S3::Object",
		"arn:aws:lambda": "AWS::Lambda::Function", "arn:aws:dynamodb": "AWS::DynamoDB::Table"}[value] == kind
}

func (e plainEvent) advanced(a selector.Advanced) bool {
	aboutResources := false
	for _, f := range a.FieldSelectors {
		if strings.HasPrefix(f.Field, "resources.") {
			aboutResources = true
		} else if !passes(f, e.value(f.Field)) {
			return false
		}
	}
	return !aboutResources || slices.ContainsFunc(e.Resources, func(r plainResource) bool {
		for _, f := range a.FieldSelectors {
			if f.Field == "resources.type" && !passes(f, r.Type) || f.Field == "resources.ARN" && !passes(f, r.name()) {
				return false
			}
		}
		return true
	})
}

func (e plainEvent) value(field string) string {
	return map[string]string{
		"eventCategory": e.category(), "readOnly": map[bool]string{true: "true", false: "false"}[e.ReadOnly],
		"eventName": e.EventName, "eventSource": e.EventSource, "eventType": e.EventType,
		"userIdentity.arn": e.UserIdentity.ARN, "sessionCredentialFromConsole": e.SessionCredentialFromConsole,
		"vpcEndpointId": e.VpcEndpointID, "errorCode": e.ErrorCode,
	}[field]
}

func passes(f selector.FieldSelector, value string) bool {
	positive, passed := false, false
	for _, o := range f.Operators() {
		for _, wanted := range o.Values {
			fits := map[string]bool{
				"Equals": value == wanted, "StartsWith": strings.HasPrefix(value, wanted), "EndsWith": strings.HasSuffix(value, wanted),
			}[strings.TrimPrefix(o.Name, "Not")]
			if strings.HasPrefix(o.Name, "Not") {
				if fits {
					return false
				}
				continue
			}
			positive, passed = true, passed || fits
		}
	}
	return passed || !positive
}
