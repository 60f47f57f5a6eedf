package resources

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	alarmtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	filtertypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/cerpac/trailkeeper/controls"
	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// watched is what the alarms stand on, and the alarms.
func (s *Set) watched() []converge.Resource { return slices.Concat(s.logGroup(), s.alarms()) }

func alarming(change func(*trail.Alarms)) func(*trail.Spec) {
	return func(spec *trail.Spec) {
		spec.Alarms.Enabled = true
		if change != nil {
			change(&spec.Alarms)
		}
	}
}

// filterNames and alarmNames are what is there, of anybody.
func (s *Set) filterNames(t *testing.T) (names []string) {
	t.Helper()
	out, err := s.Account.Logs.DescribeMetricFilters(t.Context(), &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: &s.Names.LogGroup})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range out.MetricFilters {
		names = append(names, *f.FilterName)
	}
	slices.Sort(names)
	return names
}

func (s *Set) alarmNames(t *testing.T) (names []string) {
	t.Helper()
	out, err := s.Account.Alarms.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range out.MetricAlarms {
		names = append(names, *a.AlarmName)
	}
	slices.Sort(names)
	return names
}

func (s *Set) somebodysFilter(ctx context.Context, name string) error {
	_, err := s.Account.Logs.PutMetricFilter(ctx, &cloudwatchlogs.PutMetricFilterInput{
		LogGroupName: &s.Names.LogGroup, FilterName: &name, FilterPattern: aws.String("ERROR"),
		MetricTransformations: []filtertypes.MetricTransformation{{MetricName: aws.String("Errors"), MetricNamespace: aws.String("App"), MetricValue: aws.String("1")}},
	})
	return err
}

// somebodysAlarm puts an alarm that never goes off, over one of that name too.
func (s *Set) somebodysAlarm(ctx context.Context, name string, change func(*cloudwatch.PutMetricAlarmInput)) error {
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("App"), MetricName: aws.String("Errors"), Statistic: alarmtypes.StatisticMinimum,
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), Threshold: aws.Float64(1e9),
		ComparisonOperator: alarmtypes.ComparisonOperatorLessThanThreshold,
	}
	if change != nil {
		change(in)
	}
	_, err := s.Account.Alarms.PutMetricAlarm(ctx, in)
	return err
}

func TestAlarms(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	s := b.set(alarming(func(a *trail.Alarms) { a.Tamper = true }))
	mustApply(t, s.logGroup())
	for _, err := range []error{
		s.somebodysFilter(t.Context(), "Errors"),
		s.somebodysAlarm(t.Context(), "somebodys-errors", nil),
		s.somebodysAlarm(t.Context(), "test-trail-cis-somebodys", nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	mustApply(t, s.watched())

	var filters, alarms []string
	for _, c := range s.controls {
		filters = append(filters, c.Filter)
		alarms = append(alarms, "test-trail-cis-"+c.ID)
	}
	slices.Sort(filters)
	theirs := []string{"somebodys-errors", "test-trail-cis-somebodys"}
	if got, want := s.filterNames(t), slices.Sorted(slices.Values(append(filters, "Errors"))); !slices.Equal(got, want) {
		t.Errorf("filters %q, want %q", got, want)
	}
	if got, want := s.alarmNames(t), slices.Sorted(slices.Values(append(alarms, theirs...))); !slices.Equal(got, want) {
		t.Errorf("alarms %q, want %q", got, want)
	}
	out, err := b.Alarms.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"test-trail-cis-root-account-usage"}})
	if err != nil {
		t.Fatal(err)
	}
	if a := out.MetricAlarms[0]; *a.AlarmDescription != "CIS 4.3 - Root account usage" || !slices.Equal(a.AlarmActions, []string{s.Names.AlarmTopicARN}) {
		t.Errorf("%q notifies %q", *a.AlarmDescription, a.AlarmActions)
	}

	t.Run("some no longer wanted", func(t *testing.T) {
		s := b.set(alarming(func(a *trail.Alarms) { a.Disabled = []string{"vpc-changes", "organizations-changes"} }))
		var deleted []string
		for _, change := range mustPlan(t, s.watched()).Changes() {
			if change.Action == converge.Delete {
				deleted = append(deleted, change.Name)
			}
		}
		want := []string{
			"OrganizationsChanges", "test-trail-cis-organizations-changes", "TrailTampering", "test-trail-cis-trail-tampering",
			"VPCChanges", "test-trail-cis-vpc-changes",
		}
		if !slices.Equal(deleted, want) {
			t.Errorf("the plan deletes %q, want %q", deleted, want)
		}
		mustApply(t, s.watched())
		left := slices.Concat(s.filterNames(t), s.alarmNames(t))
		for _, name := range want {
			if slices.Contains(left, name) {
				t.Errorf("%s is still there", name)
			}
		}
		mustApply(t, b.set(alarming(nil)).watched())
	})

	t.Run("log group of others", func(t *testing.T) {
		own := func(trailName string) {
			_, err := b.Logs.TagResource(t.Context(), &cloudwatchlogs.TagResourceInput{
				ResourceArn: &s.Names.LogGroupARN, Tags: map[string]string{trail.OwnerTag: trailName},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		own("other-trail")
		before := s.filterNames(t)
		mustDestroy(t, s.watched())
		if got := s.filterNames(t); !slices.Equal(got, before) {
			t.Errorf("after destroy the filters are %q, were %q", got, before)
		}
		own(s.Names.Trail)
		mustApply(t, s.watched())
	})

	watched := s.watched()
	watched[0].Delete, watched[0].Stays = nil, "for its filters to be looked at"
	mustDestroy(t, watched)
	if got := s.filterNames(t); !slices.Equal(got, []string{"Errors"}) {
		t.Errorf("after destroy the filters are %q", got)
	}
	if got := s.alarmNames(t); !slices.Equal(got, theirs) {
		t.Errorf("after destroy the alarms are %q", got)
	}
	if topics, err := b.SNS.ListTopics(t.Context(), &sns.ListTopicsInput{}); err != nil || len(topics.Topics) > 0 {
		t.Errorf("after destroy the topics are %+v (%v)", topics, err)
	}
}

func mustDestroy(t *testing.T, resources []converge.Resource) *converge.Result {
	t.Helper()
	result, err := converge.Destroy(t.Context(), resources, hurried())
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAlarmDrift(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	s := b.set(alarming(nil))
	w := s.watches()[slices.IndexFunc(s.watches(), func(w watch) bool { return w.ID == "root-account-usage" })]
	name := s.alarmName(w)

	// Everything but one field as it should be.
	filter := func(change func(*cloudwatchlogs.PutMetricFilterInput)) func(context.Context) error {
		return func(ctx context.Context) error {
			in := &cloudwatchlogs.PutMetricFilterInput{
				LogGroupName: &s.Names.LogGroup, FilterName: &w.Filter, FilterPattern: &w.Pattern,
				MetricTransformations: []filtertypes.MetricTransformation{{
					MetricNamespace: &s.Spec.Alarms.Namespace, MetricName: &w.Metric, MetricValue: aws.String("1"), DefaultValue: aws.Float64(0),
				}},
			}
			change(in)
			_, err := b.Logs.PutMetricFilter(ctx, in)
			return err
		}
	}
	transformation := func(change func(*filtertypes.MetricTransformation)) func(context.Context) error {
		return filter(func(in *cloudwatchlogs.PutMetricFilterInput) { change(&in.MetricTransformations[0]) })
	}
	alarm := func(change func(*cloudwatch.PutMetricAlarmInput)) func(context.Context) error {
		return func(ctx context.Context) error {
			return s.somebodysAlarm(ctx, name, func(in *cloudwatch.PutMetricAlarmInput) {
				*in = *s.alarmInput(w)
				in.Tags = nil
				change(in)
			})
		}
	}
	other := []string{"arn:aws:sns:eu-west-2:123456789012:elsewhere"}
	one := slices.Concat(s.logGroup(), []converge.Resource{s.metricFilter(w), s.alarm(w)})
	mends(t, one, []drift{
		{"pattern", filter(func(in *cloudwatchlogs.PutMetricFilterInput) { in.FilterPattern = aws.String("{ $.never = 1 }") }), []string{"pattern"}},
		{"metric name", transformation(func(m *filtertypes.MetricTransformation) { m.MetricName = aws.String("Elsewhere") }), []string{"metric.name"}},
		{"namespace", transformation(func(m *filtertypes.MetricTransformation) { m.MetricNamespace = aws.String("Elsewhere") }), []string{"metric.namespace"}},
		{"value", transformation(func(m *filtertypes.MetricTransformation) { m.MetricValue = aws.String("0") }), []string{"metric.value"}},
		{"default value", transformation(func(m *filtertypes.MetricTransformation) { m.DefaultValue = nil }), []string{"metric.default"}},
		{"filter deleted", func(ctx context.Context) error {
			_, err := b.Logs.DeleteMetricFilter(ctx, &cloudwatchlogs.DeleteMetricFilterInput{LogGroupName: &s.Names.LogGroup, FilterName: &w.Filter})
			return err
		}, []string{"metric.default", "metric.name", "metric.namespace", "metric.value", "pattern", "transformed_logs"}},

		{"actions disabled", func(ctx context.Context) error {
			_, err := b.Alarms.DisableAlarmActions(ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{name}})
			return err
		}, []string{"actions.enabled"}},
		{"no action", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = nil }), []string{"actions.alarm"}},
		{"other action", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = other }), []string{"actions.alarm"}},
		{"one action more", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = append(in.AlarmActions, other...) }), []string{"actions.alarm"}},
		{"action when well", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.OKActions = other }), []string{"actions.ok"}},
		{"action without data", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.InsufficientDataActions = other }), []string{"actions.insufficient_data"}},
		{"alarm's metric", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.MetricName = aws.String("Elsewhere") }), []string{"metric.name"}},
		{"alarm's namespace", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.Namespace = aws.String("Elsewhere") }), []string{"metric.namespace"}},
		{"dimensions", alarm(func(in *cloudwatch.PutMetricAlarmInput) {
			in.Dimensions = []alarmtypes.Dimension{{Name: aws.String("a"), Value: aws.String("b")}}
		}), []string{"metric.dimensions"}},
		{"unit", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.Unit = alarmtypes.StandardUnitSeconds }), []string{"metric.unit"}},
		{"statistic", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.Statistic = alarmtypes.StatisticMinimum }), []string{"statistic"}},
		{"period", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(86400) }), []string{"period"}},
		{"evaluation periods", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(5) }), []string{"datapoints_to_alarm", "evaluation_periods"}},
		{"threshold", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = aws.Float64(1000) }), []string{"threshold"}},
		{"comparison", alarm(func(in *cloudwatch.PutMetricAlarmInput) {
			in.ComparisonOperator = alarmtypes.ComparisonOperatorLessThanThreshold
		}), []string{"comparison"}},
		{"missing data", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("ignore") }), []string{"treat_missing_data"}},
		{"datapoints", alarm(func(in *cloudwatch.PutMetricAlarmInput) {
			in.EvaluationPeriods, in.DatapointsToAlarm = aws.Int32(5), aws.Int32(4)
		}), []string{"datapoints_to_alarm", "evaluation_periods"}},
		{"percentile", alarm(func(in *cloudwatch.PutMetricAlarmInput) {
			in.Statistic, in.ExtendedStatistic = "", aws.String("p1")
		}), []string{"statistic"}},
		{"expression", alarm(func(in *cloudwatch.PutMetricAlarmInput) {
			in.MetricName, in.Namespace, in.Statistic, in.Period = nil, nil, "", nil
			in.Metrics = []alarmtypes.MetricDataQuery{{Id: aws.String("m"), Expression: aws.String("TIME_SERIES(0)"), ReturnData: aws.Bool(true)}}
		}), []string{"metric.expressions", "metric.name", "metric.namespace", "period", "statistic"}},
		{"description", alarm(func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmDescription = nil }), []string{"description"}},
		{"tag", func(ctx context.Context) error {
			_, err := b.Alarms.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: s.alarmARN(name), TagKeys: []string{"team"}})
			return err
		}, []string{"tags"}},
	})

	t.Run("not ours", func(t *testing.T) {
		_, err := b.Alarms.UntagResource(t.Context(), &cloudwatch.UntagResourceInput{ResourceARN: s.alarmARN(name), TagKeys: []string{trail.OwnerTag}})
		if err != nil {
			t.Fatal(err)
		}
		refuses(t, one, "does not carry our tag")
		mustDestroy(t, one)
		if got := s.alarmNames(t); !slices.Equal(got, []string{name}) {
			t.Errorf("after destroy the alarms are %q", got)
		}
	})
}

func TestWatches(t *testing.T) {
	list, err := controls.All()
	if err != nil {
		t.Fatal(err)
	}
	set := func(change func(*trail.Alarms)) *Set {
		spec := trail.Default()
		spec.Env, spec.ProjectID = "test", "trail"
		alarming(change)(&spec)
		return &Set{Spec: &spec, Account: nowhere(), Names: spec.Names(nowhere().Place), controls: list}
	}
	find := func(s *Set, id string) watch {
		all := s.watches()
		return all[slices.IndexFunc(all, func(w watch) bool { return w.ID == id })]
	}
	s := set(func(a *trail.Alarms) {
		a.Overrides = map[string]trail.AlarmOverride{
			"unauthorized-api-calls": {Threshold: 5, Period: 60},
			"root-account-usage":     {Pattern: `{ $.x = 1 }`},
		}
	})
	if w := find(s, "unauthorized-api-calls"); w.threshold != 5 || w.period != 60 || !strings.Contains(w.Pattern, "UnauthorizedOperation") {
		t.Errorf("%+v", w)
	}
	if w := find(s, "root-account-usage"); w.threshold != 1 || w.period != 300 || w.Pattern != `{ $.x = 1 }` {
		t.Errorf("%+v", w)
	}
	if !find(s, "trail-tampering").unwanted || find(set(func(a *trail.Alarms) { a.Tamper = true }), "trail-tampering").unwanted {
		t.Error("trail-tampering is wanted without tamper, or not with it")
	}

	wrong := set(func(a *trail.Alarms) {
		a.Overrides = map[string]trail.AlarmOverride{"root-account-usage": {Pattern: `{ $.x = }`}}
	})
	if _, err := wrong.metricFilter(find(wrong, "root-account-usage")).Want(); err == nil || !strings.Contains(err.Error(), "root-account-usage") {
		t.Errorf("a wrong pattern: %v", err)
	}

	const given = "arn:aws:sns:eu-west-2:123456789012:alerts"
	s = set(func(a *trail.Alarms) { a.TopicARN = given })
	for _, r := range s.alarms() {
		if strings.Contains(r.Kind, "topic") && !r.Unwanted {
			t.Errorf("a topic %s is made beside the given one", r.Name)
		}
	}
	if got := s.alarmInput(find(s, "root-account-usage")).AlarmActions; !slices.Equal(got, []string{given}) {
		t.Errorf("the alarm notifies %q", got)
	}
}

// What the sandbox does not keep of a filter.
func TestFilterFields(t *testing.T) {
	state := describeFilter(filtertypes.MetricFilter{
		FilterPattern: aws.String("{ $.a = 1 }"), ApplyOnTransformedLogs: true,
		FieldSelectionCriteria: aws.String(`@aws.region = "eu-west-3"`), EmitSystemFieldDimensions: []string{"@aws.account"},
		MetricTransformations: []filtertypes.MetricTransformation{{Dimensions: map[string]string{"user": "$.user"}}},
	})
	for field, want := range map[string]any{
		"transformed_logs": true, "field_selection": `@aws.region = "eu-west-3"`,
		"metric.dimensions": map[string]string{"user": "$.user", "@aws.account": ""}, "metric.default": nil,
	} {
		if !reflect.DeepEqual(state[field], want) {
			t.Errorf("%s is %v, want %v", field, state[field], want)
		}
	}
}
