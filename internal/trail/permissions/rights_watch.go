package permissions

import (
	"slices"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/policy"
)

func alarms(spec trail.Spec, place trail.Place, names trail.Names) []rights {
	if !spec.Alarms.Enabled {
		return nil
	}
	list := ownAlarms(spec, place, names)
	filters, alarm := &list[0], &list[2]
	filters.write += " PutMetricFilter"
	alarm.write += " TagResource"
	alarm.repair = "EnableAlarmActions"
	return append(list, rights{
		// An alarm can stop machines and call functions. These alarms may only publish
		// to the topic.
		sid: "AlarmActions", service: "cloudwatch", on: alarm.on,
		when:  policy.Conditions{"ForAllValues:StringEquals": {"cloudwatch:AlarmActions": {names.AlarmTopicARN}}},
		write: "PutMetricAlarm",
	})
}

// ownAlarms lets apply find and delete the trail's metric filters and alarms.
func ownAlarms(spec trail.Spec, place trail.Place, names trail.Names) []rights {
	return []rights{{
		sid: "MetricFilters", service: "logs", on: policy.Values{names.LogGroupARN, names.LogGroupARN + ":*"},
		read:  "DescribeMetricFilters",
		write: "DeleteMetricFilter", remove: "DeleteMetricFilter",
	}, {
		sid: "Alarms", service: "cloudwatch", on: policy.Values{everything},
		read: "DescribeAlarms",
	}, {
		sid: "Alarm", service: "cloudwatch", on: policy.Values{place.ARN("cloudwatch", "alarm:"+spec.Env+"-"+spec.ProjectID+"-cis-*")},
		read:  "ListTagsForResource",
		write: "DeleteAlarms", remove: "DeleteAlarms",
	}}
}

// detection is for the services that watch the trail.
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

// configRules have ids that AWS assigns. PutConfigRule takes a name, and checks tags
// only in the request.
func configRules(place trail.Place, names trail.Names) []rights {
	list := ownConfigRules(place, names)
	list[0].read += " DescribeConfigurationRecorderStatus"
	return slices.Insert(list, 2, rights{
		sid: "NewConfigRules", service: "config", on: list[1].on,
		when:  ours("Request", names),
		write: "PutConfigRule TagResource",
	})
}

// ownConfigRules lets apply find the trail's rules by their tags and delete them.
func ownConfigRules(place trail.Place, names trail.Names) []rights {
	on := policy.Values{place.ARN("config", "config-rule/*")}
	return []rights{{
		sid: "Config", service: "config", on: policy.Values{everything},
		read: "DescribeConfigRules",
	}, {
		sid: "ConfigRules", service: "config", on: on,
		read: "ListTagsForResource",
	}, {
		sid: "OwnConfigRules", service: "config", on: on,
		when:  ours("Resource", names),
		write: "DeleteConfigRule", remove: "DeleteConfigRule",
	}}
}

// guardDuty may enable a detector that existed before and does not have our tag.
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
