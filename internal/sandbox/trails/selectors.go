package trails

import (
	"context"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
)

const (
	categoryManagement = "Management"
	categoryData       = "Data"
	categoryNetwork    = "NetworkActivity"
	categoryInsight    = "Insight"

	readWriteAll    = "All"
	readWriteReads  = "ReadOnly"
	readWriteWrites = "WriteOnly"

	typeObject   = "AWS::S3::Object"
	typeFunction = "AWS::Lambda::Function"
	typeTable    = "AWS::DynamoDB::Table"

	maxSelectors     = 5
	maxDataResources = 250
)

type putSelectorsRequest struct {
	TrailName              string
	EventSelectors         []selectorRequest
	AdvancedEventSelectors []AdvancedSelector
}

// selectorRequest is an EventSelector with optional members.
type selectorRequest struct {
	ReadWriteType                 *string
	IncludeManagementEvents       *bool
	DataResources                 []DataResource
	ExcludeManagementEventSources []string
}

// complete returns the selector with defaults for missing members. Its lists are
// never nil: CloudTrail shows empty lists too.
func (r selectorRequest) complete() EventSelector {
	s := defaultSelector()
	if r.ReadWriteType != nil {
		s.ReadWriteType = *r.ReadWriteType
	}
	if r.IncludeManagementEvents != nil {
		s.IncludeManagementEvents = *r.IncludeManagementEvents
	}
	for _, d := range r.DataResources {
		d.Values = append([]string{}, d.Values...)
		s.DataResources = append(s.DataResources, d)
	}
	s.ExcludeManagementEventSources = append(s.ExcludeManagementEventSources, r.ExcludeManagementEventSources...)
	return s
}

// defaultSelector returns the selector of a trail that was given none.
func defaultSelector() EventSelector {
	return EventSelector{
		ReadWriteType: readWriteAll, IncludeManagementEvents: true,
		DataResources: []DataResource{}, ExcludeManagementEventSources: []string{},
	}
}

func (s EventSelector) isDefault() bool {
	return s.ReadWriteType == readWriteAll && s.IncludeManagementEvents &&
		len(s.DataResources) == 0 && len(s.ExcludeManagementEventSources) == 0
}

// classicSelectors returns the trail's classic selectors, or the default one.
func (t Trail) classicSelectors() []EventSelector {
	if len(t.EventSelectors) > 0 {
		return t.EventSelectors
	}
	return []EventSelector{defaultSelector()}
}

func (t Trail) hasCustomSelectors() bool {
	classic := t.classicSelectors()
	return len(t.AdvancedSelectors) > 0 || len(classic) > 1 || !classic[0].isDefault()
}

// selectorsView is the answer of PutEventSelectors and GetEventSelectors: classic or
// advanced selectors, not both.
type selectorsView struct {
	TrailARN               string
	EventSelectors         []EventSelector    `json:",omitempty"`
	AdvancedEventSelectors []AdvancedSelector `json:",omitempty"`
}

func (t Trail) selectorsView() selectorsView {
	if len(t.AdvancedSelectors) > 0 {
		return selectorsView{TrailARN: t.ARN, AdvancedEventSelectors: t.AdvancedSelectors}
	}
	return selectorsView{TrailARN: t.ARN, EventSelectors: t.classicSelectors()}
}

// putEventSelectors replaces all selectors of the trail, classic and advanced.
func (s *Store) putEventSelectors(ctx context.Context, c Call, in putSelectorsRequest) (any, error) {
	t, err := s.own(ctx, c, in.TrailName)
	if err != nil {
		return nil, err
	}
	t.EventSelectors, t.AdvancedSelectors = nil, in.AdvancedEventSelectors
	for _, r := range in.EventSelectors {
		t.EventSelectors = append(t.EventSelectors, r.complete())
	}
	switch classic, advanced := len(t.EventSelectors) > 0, len(t.AdvancedSelectors) > 0; {
	case classic && advanced:
		err = refuseSelectors("Only one of event selectors and advanced event selectors can be specified.")
	case classic:
		err = checkClassic(t.EventSelectors)
	case advanced:
		err = checkAdvanced(t.AdvancedSelectors)
	default:
		err = refuseSelectors("At least one event selector must be specified.")
	}
	if err != nil {
		return nil, err
	}
	return t.selectorsView(), s.put(t)
}

func (s *Store) getEventSelectors(ctx context.Context, c Call, in struct{ TrailName string }) (any, error) {
	t, err := s.find(ctx, c, in.TrailName)
	if err != nil {
		return nil, err
	}
	return t.selectorsView(), nil
}

func refuseSelectors(format string, args ...any) error {
	return refuse("InvalidEventSelectorsException", format, args...)
}

// checkClassic refuses classic selectors that CloudTrail does not accept.
func checkClassic(selectors []EventSelector) error {
	if len(selectors) > maxSelectors {
		return refuseSelectors("The number of event selectors, %d, exceeds the maximum of %d.", len(selectors), maxSelectors)
	}
	resources := 0
	for _, s := range selectors {
		if !slices.Contains([]string{readWriteAll, readWriteReads, readWriteWrites}, s.ReadWriteType) {
			return refuseSelectors("Value %s for ReadWriteType is invalid.", s.ReadWriteType)
		}
		for _, source := range s.ExcludeManagementEventSources {
			if !slices.Contains(excludableSources(), source) {
				return refuseSelectors("Value %s for ExcludeManagementEventSources is invalid.", source)
			}
		}
		for _, d := range s.DataResources {
			if err := checkDataResource(d); err != nil {
				return err
			}
			for _, value := range d.Values {
				if wholeType(value) == "" {
					resources++
				}
			}
		}
	}
	if resources > maxDataResources {
		return refuseSelectors("The number of data resources, %d, exceeds the maximum of %d.", resources, maxDataResources)
	}
	return nil
}

// excludableSources returns the only services whose management events a trail can
// exclude.
func excludableSources() []string {
	return []string{"kms.amazonaws.com", "rdsdata.amazonaws.com"}
}

func checkDataResource(d DataResource) error {
	var fits func(arn.ARN) bool
	service := ""
	switch d.Type {
	case typeObject:
		service, fits = "s3", func(a arn.ARN) bool {
			bucket, _, hasKey := strings.Cut(a.Resource, "/")
			return a.Region == "" && a.AccountID == "" && hasKey && checkBucket(bucket) == nil
		}
	case typeFunction:
		service, fits = "lambda", func(a arn.ARN) bool {
			return a.Region != "" && isAccount(a.AccountID) && strings.HasPrefix(a.Resource, "function:")
		}
	case typeTable:
		service, fits = "dynamodb", func(a arn.ARN) bool {
			return a.Region != "" && isAccount(a.AccountID) && strings.HasPrefix(a.Resource, "table/")
		}
	default:
		return refuseSelectors("Value %s for DataResources.Type is invalid.", d.Type)
	}
	for _, value := range d.Values {
		if wholeType(value) == service {
			continue
		}
		if a, err := arn.Parse(value); err != nil || a.Service != service || !fits(a) {
			return refuseSelectors("Value %s for DataResources.Values is invalid.", value)
		}
	}
	return nil
}

// wholeType returns the service if the value of a data resource means all its
// resources: arn:aws:s3, arn:aws:s3:::, arn:aws:lambda or arn:aws:dynamodb. Otherwise
// it returns "".
func wholeType(value string) string {
	a, err := arn.ParseStart(value)
	all := err == nil && a == arn.ARN{Partition: a.Partition, Service: a.Service}
	if all && (a.Service == "s3" || strings.Count(value, ":") == 2) {
		return a.Service
	}
	return ""
}
