package permissions

import (
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/policy"
)

// switchedOff is for what an earlier configuration had on: no file tells, so it is
// looked for, and taken away by apply.
func switchedOff(spec trail.Spec, place trail.Place, names trail.Names) (list []rights) {
	if !spec.Alarms.Enabled {
		list = append(list, alarmsOff(spec, place, names)...)
	}
	if !spec.ConfigRules.Enabled {
		on := policy.Values{place.ARN("config", "config-rule/*")}
		list = append(list, rights{
			sid: "Config", service: "config", on: policy.Values{everything},
			read: "DescribeConfigRules",
		}, rights{
			sid: "ConfigRules", service: "config", on: on,
			read: "ListTagsForResource",
		}, rights{
			sid: "OwnConfigRules", service: "config", on: on,
			when:  ours("Resource", names),
			write: "DeleteConfigRule", remove: "DeleteConfigRule",
		})
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

func alarmsOff(spec trail.Spec, place trail.Place, names trail.Names) []rights {
	return []rights{{
		sid: "MetricFilters", service: "logs", on: policy.Values{names.LogGroupARN, names.LogGroupARN + ":*"},
		read:  "DescribeMetricFilters",
		write: "DeleteMetricFilter", remove: "DeleteMetricFilter",
	}, {
		sid: "Alarms", service: "cloudwatch", on: policy.Values{everything},
		read: "DescribeAlarms",
	}, {
		sid: "Alarm", service: "cloudwatch", on: policy.Values{alarmARN(spec, place)},
		read:  "ListTagsForResource",
		write: "DeleteAlarms", remove: "DeleteAlarms",
	}}
}

func alarmARN(spec trail.Spec, place trail.Place) string {
	return place.ARN("cloudwatch", "alarm:"+spec.Env+"-"+spec.ProjectID+"-cis-*")
}
