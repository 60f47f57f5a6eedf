package trail

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	yaml "github.com/goccy/go-yaml"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
	"github.com/cerpac/trailkeeper/policy"
	"github.com/cerpac/trailkeeper/selector"
)

// somePlaces are where trails may be, an organization's among them.
func somePlaces() []Place {
	return []Place{
		london(),
		{Partition: "aws-us-gov", Account: "123456789012", Region: "us-gov-west-1"},
		{Partition: "aws-cn", Account: "123456789012", Region: "cn-north-1"},
		{Partition: "aws-eusc", Account: "123456789012", Region: "eusc-de-east-1"},
		{Partition: "aws-iso-b", Account: "123456789012", Region: "us-isob-east-1"},
		{Partition: "aws", Account: "123456789012", Region: "us-east-1", Organization: "o-exampleorg", Management: "999999999999"},
	}
}

// What is accepted is accepted by AWS, as far as its rules are known: names by the
// patterns of its API, documents by the language of policies, trails, selectors and
// Insights by CloudTrail as the sandbox has it. And it is the same when it was written
// down and read.
func TestAcceptedIsAcceptedByAWS(t *testing.T) {
	m := maker{rand.New(rand.NewPCG(1, 2))}
	accepted := map[bool]int{}
	rounds := exhaustive.Or(200, 3000)
	for range rounds {
		s, p := m.spec(), pick(m, somePlaces()...)
		ok := s.Validate() == nil && s.Fits(p) == nil
		if accepted[ok]++; !ok {
			continue
		}
		checkNames(t, s, p)
		for name, document := range documents(s, p) {
			text, err := json.Marshal(document)
			if err != nil {
				t.Fatal(err)
			}
			if parsed, err := policy.Parse(text); err != nil || !policy.Equal(parsed, document) {
				t.Errorf("%s: %v\n%s", name, err, text)
			}
		}
		checkWithCloudTrail(t, s, p)
		checkWrittenDown(t, s)
		s.Warnings()
		s.Output(p, "")
	}
	if accepted[true] < rounds/6 || accepted[false] < rounds/6 {
		t.Errorf("accepted and refused: %v; neither says much of the other", accepted)
	}
}

// checkNames holds names against the patterns and lengths of the APIs.
func checkNames(t *testing.T, s Spec, p Place) {
	t.Helper()
	n := s.Names(p)
	const bucket = `[a-z0-9]([a-z0-9-]|\.[a-z0-9])+`
	type name struct {
		text, pattern string
		most          int
	}
	names := []name{
		{n.Trail, `[A-Za-z0-9]([._-]?[A-Za-z0-9])+`, 128},
		{n.Bucket, bucket, 63},
		{n.LogGroup, `[.\-_/#A-Za-z0-9]+`, 512},
		{n.Role, `[\w+=,.@-]+`, 64},
		{n.RolePolicy, `[\w+=,.@-]+`, 128},
		{n.KeyAlias, `alias/[a-zA-Z0-9/_-]+`, 256},
		{n.Topic, `[A-Za-z0-9_-]+`, 256},
		{n.AlarmTopic, `[A-Za-z0-9_-]+`, 256},
	}
	if s.LogsAccess() {
		names = append(names, name{n.AccessLogBucket, bucket, 63})
	}
	for _, c := range names {
		if !isLike(c.pattern, c.text) || len(c.text) < 3 || len(c.text) > c.most {
			t.Errorf("name %q", c.text)
		}
	}
	for key, value := range s.AllTags(p) {
		if len([]rune(key)) > 128 || len([]rune(value)) > 256 || strings.HasPrefix(key, "aws:") {
			t.Errorf("tag %q: %q", key, value)
		}
	}
}

func checkWithCloudTrail(t *testing.T, s Spec, p Place) {
	t.Helper()
	store, err := trails.Open(trails.Config{Dir: t.TempDir(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	call := func(operation string, body any) {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		answer := store.Handle(t.Context(), cloudtrail.Call{Operation: operation, Account: p.Account, Region: p.Region, Body: text})
		if answer.Status != http.StatusOK {
			t.Errorf("%s %s: %s", operation, text, answer.Body)
		}
	}
	n := s.Names(p)
	call("CreateTrail", map[string]any{
		"Name": n.Trail, "S3BucketName": n.Bucket, "S3KeyPrefix": s.KeyPrefix, "SnsTopicName": n.TopicARN, "IsMultiRegionTrail": true,
	})
	classic, advanced := []any{}, []any{}
	for _, e := range s.EventSelectors {
		selector := map[string]any{"IncludeManagementEvents": e.IncludeManagementEvents, "DataResources": e.DataResources, "ExcludeManagementEventSources": e.ExcludeManagementEventSources}
		if e.ReadWriteType != "" {
			selector["ReadWriteType"] = e.ReadWriteType
		}
		classic = append(classic, selector)
	}
	for _, a := range s.AdvancedEventSelectors {
		advanced = append(advanced, a)
	}
	if len(classic)+len(advanced) > 0 {
		call("PutEventSelectors", map[string]any{"TrailName": n.Trail, "EventSelectors": classic, "AdvancedEventSelectors": advanced})
	}
	insights := []any{}
	for _, kind := range s.Insights {
		insights = append(insights, map[string]any{"InsightType": kind})
	}
	call("PutInsightSelectors", map[string]any{"TrailName": n.Trail, "InsightSelectors": insights})
}

func checkWrittenDown(t *testing.T, s Spec) {
	t.Helper()
	text, err := yaml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Read("written", text); err != nil || !reflect.DeepEqual(got, s) {
		t.Fatalf("%v\n%s\n%+v\nwant\n%+v", err, text, got, s)
	}
}

// maker makes configurations of which some make sense.
type maker struct{ *rand.Rand }

// pick returns one of a few.
func pick[T any](m maker, list ...T) T { return list[m.IntN(len(list))] }

// some returns some of a few, in any order, and perhaps one twice.
func some[T any](m maker, list ...T) (chosen []T) {
	for m.IntN(3) > 0 && len(chosen) < 4 {
		chosen = append(chosen, pick(m, list...))
	}
	return chosen
}

// rarely sets a field now and then.
func rarely[T any](m maker, field *T, values ...T) {
	if m.IntN(8) == 0 {
		*field = pick(m, values...)
	}
}

func (m maker) spec() Spec {
	s := Default()
	s.Env = pick(m, "production", "a", "dev-1", "sthree", strings.Repeat("long", m.IntN(9)+1))
	s.ProjectID = pick(m, "cerpac", "1", "x-y-z", strings.Repeat("b", m.IntN(20)+1))
	rarely(m, &s.RetentionDays, 1, 30, 2555, 36500, 0, 4000)
	rarely(m, &s.BucketName, "my.bucket", "192.168.5.4", strings.Repeat("n", m.IntN(70)), "a..b", "x--s3")
	rarely(m, &s.KeyPrefix, "p", "a/b", strings.Repeat("p", m.IntN(300)), "AWSLogs", "/a", "a-b_c")
	rarely(m, &s.KMS, create, "arn:aws:kms:eu-west-2:111111111111:key/1", "arn:aws-cn:kms:cn-north-1:111111111111:key/2", "alias/x")
	rarely(m, &s.ObjectLock, &ObjectLock{governance, 30}, &ObjectLock{compliance, 90}, &ObjectLock{"x", 0})
	rarely(m, &s.ForceDestroy, true)
	rarely(m, &s.GlacierAfterDays, 1, 29, 90, -1)
	rarely(m, &s.AccessLogging, create, "their-bucket", "X")
	rarely(m, &s.LogGroupRetentionDays, new(0), new(3653), new(2555))
	rarely(m, &s.SNS, create, "arn:aws:sns:us-east-1:111111111111:topic", "arn:aws:sns:us-east-1:111111111111:t.fifo")
	rarely(m, &s.Insights, some(m, "ApiCallRateInsight", "ApiErrorRateInsight"))
	rarely(m, &s.Accounts, some(m, "111111111111", "222222222222", "123456789012", "1"))
	rarely(m, &s.Tags, map[string]string{"Team": "a"}, map[string]string{"Ünïcode key": "=+- _.:/@"}, map[string]string{"aws:x": ""}, map[string]string{"a": "#"})
	rarely(m, &s.Organization, true)
	rarely(m, &s.Alarms, Alarms{Enabled: true, Namespace: "A/b", Overrides: map[string]AlarmOverride{"root-account-usage": {Threshold: 2.5, Period: 60}}})
	switch m.IntN(4) {
	case 0:
		s.EventSelectors = m.classic()
	case 1:
		s.AdvancedEventSelectors = m.advanced()
	}
	return s
}

func (m maker) classic() (list []selector.Basic) {
	for range m.IntN(3) + 1 {
		var e selector.Basic
		rarely(m, &e.ReadWriteType, selector.All, selector.ReadOnly, selector.WriteOnly, "x")
		rarely(m, &e.IncludeManagementEvents, new(true), new(false))
		rarely(m, &e.ExcludeManagementEventSources, selector.Excludable(), []string{"s3.amazonaws.com"})
		if m.IntN(2) == 0 {
			kind := pick(m, "AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table")
			e.DataResources = []selector.DataResource{{Type: kind, Values: some(m,
				"arn:aws:s3", "arn:aws:s3:::", "arn:aws:s3:::a-bucket/", "arn:aws:s3:::a-bucket/x*y", "arn:aws:s3:::a-bucket", "arn:aws:s3:::*", "arn:aws-cn:s3:::b-b/",
				"arn:aws:lambda", "arn:aws:lambda:eu-west-2:111111111111:function:f", "arn:aws:lambda:*",
				"arn:aws:dynamodb", "arn:aws:dynamodb:eu-west-2:111111111111:table/t", "arn:aws:dynamodb:eu-west-2:1:table/t",
			)}}
		}
		list = append(list, e)
	}
	return list
}

func (m maker) advanced() (list []selector.Advanced) {
	for i := range m.IntN(3) + 1 {
		a := selector.Advanced{Name: fmt.Sprint("selector ", i)}
		a.FieldSelectors = []selector.FieldSelector{{Field: "eventCategory", Equals: []string{pick(m, "Management", "Data", "NetworkActivity", "Insight")}}}
		if m.IntN(2) == 0 {
			a.FieldSelectors = append(a.FieldSelectors, selector.FieldSelector{Field: "resources.type", Equals: []string{"AWS::S3::Object"}})
		}
		for range m.IntN(3) {
			f := selector.FieldSelector{Field: pick(m, "readOnly", "eventName", "eventSource", "resources.ARN", "errorCode", "vpcEndpointId", "nothing")}
			rarely(m, &f.Equals, []string{"true"}, []string{"VpceAccessDenied"}, []string{"s3.amazonaws.com"}, []string{""})
			rarely(m, &f.NotEquals, selector.Excludable(), []string{"x", "y"})
			rarely(m, &f.StartsWith, []string{"Get"})
			rarely(m, &f.NotEndsWith, []string{"s"})
			a.FieldSelectors = append(a.FieldSelectors, f)
		}
		list = append(list, a)
	}
	return list
}
