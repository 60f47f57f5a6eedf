package supplement

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const cloudWatch = "GraniteServiceVersion20100801."

// alarmSettings lists the members of DescribeAlarms that PutMetricAlarm accepts.
const alarmSettings = `AlarmName AlarmDescription ActionsEnabled OKActions AlarmActions InsufficientDataActions MetricName
	Namespace Statistic ExtendedStatistic Dimensions Period Unit EvaluationPeriods DatapointsToAlarm Threshold
	ComparisonOperator TreatMissingData EvaluateLowSampleCountPercentile Metrics ThresholdMetricId`

func enableAlarmActions(c *call)  { c.setAlarmActions("EnableAlarmActions", true) }
func disableAlarmActions(c *call) { c.setAlarmActions("DisableAlarmActions", false) }

// setAlarmActions puts the alarms again, with actions enabled or disabled, and restores
// their state. As in AWS, names without an alarm are no error.
func (c *call) setAlarmActions(operation string, enabled bool) {
	names, err := c.alarmNames()
	if err != nil {
		c.refuse(http.StatusBadRequest, "InvalidParameterValue", err.Error())
		return
	}
	var described struct{ MetricAlarms []map[string]any }
	if len(names) > 0 && !c.askJSON(cloudWatch+"DescribeAlarms", map[string]any{"AlarmNames": names}).read(c, &described) {
		return
	}
	for _, alarm := range described.MetricAlarms {
		settings := map[string]any{}
		for name := range strings.FieldsSeq(alarmSettings) {
			if value, ok := alarm[name]; ok && value != nil {
				settings[name] = value
			}
		}
		settings["ActionsEnabled"] = enabled
		state := map[string]any{
			"AlarmName": alarm["AlarmName"], "StateValue": alarm["StateValue"],
			"StateReason": alarm["StateReason"], "StateReasonData": alarm["StateReasonData"],
		}
		if !c.askJSON(cloudWatch+"PutMetricAlarm", settings).read(c, &struct{}{}) ||
			!c.askJSON(cloudWatch+"SetAlarmState", state).read(c, &struct{}{}) {
			return
		}
	}
	c.replyEmpty(operation)
}

// alarmNames decodes the names from a form or JSON.
func (c *call) alarmNames() (names []string, err error) {
	if !isForm(c.r) {
		var p struct{ AlarmNames []string }
		err := json.Unmarshal(c.body, &p)
		return p.AlarmNames, err
	}
	form, err := url.ParseQuery(string(c.body))
	member := func(i int) string { return "AlarmNames.member." + strconv.Itoa(i) }
	for i := 1; form.Has(member(i)); i++ {
		names = append(names, form.Get(member(i)))
	}
	return names, err
}

func (c *call) replyEmpty(operation string) {
	if !isForm(c.r) {
		c.reply(struct{}{})
		return
	}
	c.send(http.StatusOK, "text/xml", fmt.Appendf(nil, `<%[1]sResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"></%[1]sResponse>`, operation))
}
