package permissions

import (
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/policy"
)

func alarms(spec trail.Spec, place trail.Place, names trail.Names) []rights {
	if !spec.Alarms.Enabled {
		return nil
	}
	on := policy.Values{alarmARN(spec, place)}
	return []rights{{
		sid: "MetricFilters", service: "logs", on: policy.Values{names.LogGroupARN, names.LogGroupARN + ":*"},
		read:   "DescribeMetricFilters",
		write:  "DeleteMetricFilter PutMetricFilter",
		remove: "DeleteMetricFilter",
	}, {
		sid: "Alarms", service: "cloudwatch", on: policy.Values{everything},
		read: "DescribeAlarms",
	}, {
		sid: "Alarm", service: "cloudwatch", on: on,
		read:   "ListTagsForResource",
		write:  "DeleteAlarms TagResource",
		remove: "DeleteAlarms",
		repair: "EnableAlarmActions",
	}, {
		// An alarm can stop machines and call functions: these only publish to the topic.
		sid: "AlarmActions", service: "cloudwatch", on: on,
		when:  policy.Conditions{"ForAllValues:StringEquals": {"cloudwatch:AlarmActions": {names.AlarmTopicARN}}},
		write: "PutMetricAlarm",
	}}
}

// detection is what other services watch the trail with.
func detection(spec trail.Spec, place trail.Place, names trail.Names) (list []rights) {
	if spec.ConfigRules.Enabled {
		list = append(list, configRules(place, names)...)
	}
	var services []string
	if spec.GuardDuty {
		list = append(list, guardDuty(place, names)...)
		services = append(services, "guardduty.amazonaws.com")
	}
	if spec.SecurityHub.Enabled {
		list = append(list, securityHub(spec, place)...)
		services = append(services, "securityhub.amazonaws.com")
	}
	if services != nil {
		list = append(list, serviceRoles(place, "DetectionRoles", services...))
	}
	return list
}

// configRules have ids that AWS makes up. PutConfigRule takes a name, and looks for
// tags only in the request.
func configRules(place trail.Place, names trail.Names) []rights {
	on := policy.Values{place.ARN("config", "config-rule/*")}
	return []rights{{
		sid: "Config", service: "config", on: policy.Values{everything},
		read: "DescribeConfigRules DescribeConfigurationRecorderStatus",
	}, {
		sid: "ConfigRules", service: "config", on: on,
		read: "ListTagsForResource",
	}, {
		sid: "NewConfigRules", service: "config", on: on,
		when:  ours("Request", names),
		write: "PutConfigRule TagResource",
	}, {
		sid: "OwnConfigRules", service: "config", on: on,
		when:  ours("Resource", names),
		write: "DeleteConfigRule", remove: "DeleteConfigRule",
	}}
}

// guardDuty may turn on a detector that was there before, which has no tag of ours.
func guardDuty(place trail.Place, names trail.Names) []rights {
	on := policy.Values{place.ARN("guardduty", "detector/*")}
	return []rights{{
		sid: "Detectors", service: "guardduty", on: policy.Values{everything},
		read: "ListDetectors", write: "CreateDetector",
	}, {
		sid: "NewDetectorTags", service: "guardduty", on: on,
		when:  ours("Request", names),
		write: "TagResource",
	}, {
		sid: "Detector", service: "guardduty", on: on,
		read:  "GetDetector",
		write: "UpdateDetector",
	}, {
		sid: "OwnDetector", service: "guardduty", on: on,
		when:   ours("Resource", names),
		remove: "DeleteDetector",
	}}
}

func securityHub(spec trail.Spec, place trail.Place) []rights {
	hub := rights{
		sid: "SecurityHub", service: "securityhub", on: policy.Values{place.ARN("securityhub", "hub/default")},
		read:   "DescribeHub ListTagsForResource",
		write:  "BatchDisableStandards EnableSecurityHub GetEnabledStandards TagResource UntagResource",
		remove: "BatchDisableStandards DisableSecurityHub GetEnabledStandards UntagResource",
	}
	var list []rights
	if len(spec.SecurityHub.Standards) > 0 {
		hub.read += " GetEnabledStandards"
		hub.write += " BatchEnableStandards"
		list = append(list, rights{
			sid: "SecurityHubStandards", service: "securityhub", on: policy.Values{everything},
			read: "DescribeStandards",
		})
	}
	return append(list, hub)
}
