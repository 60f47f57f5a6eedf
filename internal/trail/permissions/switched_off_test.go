package permissions_test

import (
	"testing"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/permissions"
	"github.com/cerpac/trailkeeper/policy"
)

// switchedOff is everything() after what watches the trail was switched off.
func switchedOff() trail.Spec {
	spec := everything()
	spec.Alarms, spec.ConfigRules, spec.SecurityHub = trail.Default().Alarms, trail.Default().ConfigRules, trail.Default().SecurityHub
	spec.GuardDuty = false
	return spec
}

// The policy of the configuration that has it off is enough to take away what was on.
func TestRightsToSwitchOff(t *testing.T) {
	for _, job := range []permissions.Job{permissions.Apply, permissions.Destroy} {
		box := deploytest.Open(t)
		set := box.Set(t, everything())
		record(t, set.Account.Config)
		box.Apply(t, everything())
		spec := switchedOff()
		recorded := box.Recorded(t)
		recorded()
		if job == permissions.Apply {
			box.Apply(t, spec)
		} else {
			box.Destroy(t, spec)
		}
		document, deleted := permissions.For(job, spec, set.Account.Place), map[string]bool{}
		for _, e := range recorded() {
			for _, r := range requests(e, set.Names) {
				deleted[r.Action] = true
				if d := policy.Evaluate([]policy.Document{document}, r); !d.Allowed() {
					t.Errorf("%s calls %s, which needs %s on %s: %s", job, e.Call(), r.Action, r.Resource, d.Why)
				}
			}
		}
		for _, action := range []string{
			"logs:DeleteMetricFilter", "cloudwatch:DeleteAlarms", "sns:DeleteTopic", "config:DeleteConfigRule", "guardduty:DeleteDetector",
			"securityhub:DisableSecurityHub",
		} {
			if !deleted[action] {
				t.Errorf("%s does not call %s", job, action)
			}
		}
	}
}
