package permissions

import (
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/policy"
)

// switchedOff lets apply find and delete what only an earlier configuration wanted. No
// state file lists it.
func switchedOff(spec trail.Spec, place trail.Place, names trail.Names) (list []rights) {
	if !spec.Alarms.Enabled {
		list = append(list, ownAlarms(spec, place, names)...)
	}
	if !spec.ConfigRules.Enabled {
		list = append(list, ownConfigRules(place, names)...)
	}
	if !spec.GuardDuty {
		on := policy.Values{place.ARN("guardduty", "detector/*")}
		list = append(list, rights{
			sid: "Detectors", service: "guardduty", on: policy.Values{everything},
			read: "ListDetectors",
		}, rights{
			sid: "Detector", service: "guardduty", on: on,
			read: "GetDetector",
		}, rights{
			sid: "OwnDetector", service: "guardduty", on: on,
			when:  ours("Resource", names),
			write: "DeleteDetector", remove: "DeleteDetector",
		})
	}
	if !spec.SecurityHub.Enabled {
		const off = "BatchDisableStandards DisableSecurityHub UntagResource"
		list = append(list, rights{
			sid: "SecurityHub", service: "securityhub", on: policy.Values{place.ARN("securityhub", "hub/default")},
			read:  "DescribeHub ListTagsForResource",
			write: off + " GetEnabledStandards", remove: off + " GetEnabledStandards",
		})
	}
	return list
}
