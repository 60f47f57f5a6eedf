package resources

import (
	"fmt"
	"slices"

	"github.com/cerpac/trailkeeper/controls"
	"github.com/cerpac/trailkeeper/filterpattern"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// watch is a control, and whether the spec wants it.
type watch struct {
	controls.Control
	unwanted  bool
	threshold float64
	period    int
}

// alarms come after the log group that their metric filters belong to.
func (s *Set) alarms() []converge.Resource {
	if !s.Spec.Alarms.Enabled {
		return append(s.leftoverAlarms(), s.leftoverAlarmTopic()...)
	}
	var list []converge.Resource
	if s.Spec.CreatesAlarmTopic() {
		list = append(list, snsTopic{
			s, s.Names.AlarmTopic, s.Names.AlarmTopicARN, s.Spec.AlarmTopicPolicy(s.Account.Place), s.Spec.Alarms.Subscriptions,
		}.resource("alarm topic"))
	}
	for _, w := range s.watches() {
		list = append(list, s.metricFilter(w), s.alarm(w))
	}
	return append(list, s.leftoverAlarmTopic()...)
}

// watches lists all controls of the catalogue.
func (s *Set) watches() (list []watch) {
	options := s.Spec.Alarms
	for _, c := range s.controls {
		w := watch{Control: c, threshold: 1, period: 300}
		w.unwanted = c.Set == controls.Tamper && !options.Tamper || slices.Contains(options.Disabled, c.ID)
		override := options.Overrides[c.ID]
		if override.Pattern != "" {
			w.Pattern = override.Pattern
		}
		if override.Threshold != 0 {
			w.threshold = override.Threshold
		}
		if override.Period != 0 {
			w.period = override.Period
		}
		list = append(list, w)
	}
	return list
}

// check returns the error that CloudWatch Logs would return.
func (w watch) check() error {
	if _, err := filterpattern.Parse(w.Pattern); err != nil {
		return fmt.Errorf("pattern of alarm %s: %w", w.ID, err)
	}
	return nil
}

// alarmName is unique in the Region, where other trails may have the same alarms.
func (s *Set) alarmName(w watch) string { return s.alarmPrefix() + w.ID }

func (s *Set) alarmPrefix() string { return s.Spec.Env + "-" + s.Spec.ProjectID + "-cis-" }
