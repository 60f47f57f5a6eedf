package supplement

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

const cloudWatch = "GraniteServiceVersion20100801."

// alarmSettings is what PutMetricAlarm takes of what DescribeAlarms gives.
const alarmSettings = `AlarmName AlarmDescription ActionsEnabled OKActions AlarmActions InsufficientDataActions MetricName
	Namespace Statistic ExtendedStatistic Dimensions Period Unit EvaluationPeriods DatapointsToAlarm Threshold
	ComparisonOperator TreatMissingData EvaluateLowSampleCountPercentile Metrics ThresholdMetricId`

func enableAlarmActions(c *call)  { c.setAlarmActions("EnableAlarmActions", true) }
func disableAlarmActions(c *call) { c.setAlarmActions("DisableAlarmActions", false) }

// setAlarmActions puts the alarms again, with actions enabled or not, and then in
// the state they were in. As with AWS, names without an alarm are no error.
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

// alarmNames reads the parameter of any of the three protocols CloudWatch speaks.
func (c *call) alarmNames() (names []string, err error) {
	var p struct{ AlarmNames []string }
	switch {
	case c.isCBOR():
		err = cbor.Unmarshal(c.body, &p)
	case isForm(c.r):
		var form url.Values
		form, err = url.ParseQuery(string(c.body))
		for i := 1; form.Has(member(i)); i++ {
			p.AlarmNames = append(p.AlarmNames, form.Get(member(i)))
		}
	default:
		err = json.Unmarshal(c.body, &p)
	}
	return p.AlarmNames, err
}

func member(i int) string { return "AlarmNames.member." + strconv.Itoa(i) }

func (c *call) isCBOR() bool { return c.r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" }

func (c *call) replyEmpty(operation string) {
	switch {
	case c.isCBOR():
		c.w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		c.send(http.StatusOK, "application/cbor", []byte{0xa0}) // an empty map
	case isForm(c.r):
		c.send(http.StatusOK, "text/xml", []byte("<"+operation+
			`Response xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"></`+operation+"Response>"))
	default:
		c.reply(struct{}{})
	}
}
