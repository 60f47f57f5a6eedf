package trail

import (
	"fmt"
	"strings"
)

// Warnings lists valid settings that may not do what is meant, one sentence each.
func (s Spec) Warnings() []string {
	w := &warnings{}
	w.retention(s)
	w.selection(s)
	w.alarms(s)
	return w.list
}

type warnings struct{ list []string }

func (w *warnings) when(condition bool, format string, args ...any) {
	if condition {
		w.list = append(w.list, fmt.Sprintf(format, args...))
	}
}

func (w *warnings) retention(s Spec) {
	longest := acceptedRetentionDays()[len(acceptedRetentionDays())-1]
	w.when(s.LogGroupRetentionDays == nil && s.RetentionDays > longest,
		"the log group keeps events for ever, and charges for them for ever: CloudWatch Logs accepts at most %d days, and retention_days is %d; set log_group_retention_days if fewer are enough",
		longest, s.RetentionDays)
	w.when(s.ForceDestroy, "force_destroy is on: destroy deletes the bucket with every log in it")
	if lock := s.ObjectLock; lock != nil {
		w.when(lock.Mode == compliance, "for %d days nobody, not even root, can delete a log or its bucket: object_lock.mode is %s", lock.Days, compliance)
		w.when(s.ForceDestroy, "destroy leaves the bucket while logs in it are locked, whatever force_destroy says")
	}
	const charged = 90
	w.when(s.GlacierAfterDays > 0, "few logs will move to Glacier: most log files are smaller than the 128 KB below which S3 leaves them where they are")
	w.when(s.GlacierAfterDays > 0 && s.RetentionDays-s.GlacierAfterDays < charged,
		"what moves to Glacier is charged for %d days there, and retention_days %d deletes it after %d", charged, s.RetentionDays, s.RetentionDays-s.GlacierAfterDays)
}

func (w *warnings) selection(s Spec) {
	for _, readOnly := range []bool{true, false} {
		w.when(!s.Selectors().SelectsManagement(readOnly),
			"no selector gets all management events that %s: CIS wants reads and writes, and alarms see only what the trail records", map[bool]string{true: "read", false: "write"}[readOnly])
	}
	if excluded := s.Selectors().Excluded(); len(excluded) > 0 {
		w.when(true, "management events of %s are excluded, and alarms cannot see them", strings.Join(excluded, " and "))
	}
}

func (w *warnings) alarms(s Spec) {
	a := s.Alarms
	w.when(a.Enabled && a.TopicARN == "" && len(a.Subscriptions) == 0, "nobody receives the alarms: set alarms.subscriptions, or alarms.topic_arn to a topic with subscribers")
	for _, id := range sortedKeys(a.Overrides) {
		w.when(a.Overrides[id].Pattern != "", "auditors that compare strings will not find the control %s: alarms.overrides changes its pattern", id)
	}
	const idle = "%s is not enabled, so its other settings have no effect"
	w.when(!a.Enabled && (a.TopicARN != "" || len(a.Subscriptions)+len(a.Disabled)+len(a.Overrides) > 0 || a.Tamper), idle, "alarms")
	w.when(!s.ConfigRules.Enabled && len(s.ConfigRules.Rules) > 0, idle, "config_rules")
	w.when(!s.SecurityHub.Enabled && len(s.SecurityHub.Standards) > 0, idle, "security_hub")
}
