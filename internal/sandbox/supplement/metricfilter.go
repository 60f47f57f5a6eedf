package supplement

import (
	"net/http"

	"github.com/cerpac/trailkeeper/filterpattern"
)

func testMetricFilter(c *call) {
	var p struct {
		FilterPattern    string
		LogEventMessages []string
	}
	if !c.read(&p) {
		return
	}
	if n := len(p.LogEventMessages); n < 1 || n > 50 {
		c.refuse(http.StatusBadRequest, "InvalidParameterException", "logEventMessages must have 1 to 50 members")
		return
	}
	pattern := c.pattern(p.FilterPattern)
	if pattern == nil {
		return
	}
	type match struct {
		EventNumber     int               `json:"eventNumber"`
		EventMessage    string            `json:"eventMessage"`
		ExtractedValues map[string]string `json:"extractedValues"`
	}
	matches := []match{}
	for i, message := range p.LogEventMessages {
		if pattern.Match([]byte(message)) {
			matches = append(matches, match{i + 1, message, pattern.Extract([]byte(message))})
		}
	}
	c.reply(map[string]any{"matches": matches})
}

// pattern parses a filter pattern. If it cannot, it answers the caller.
func (c *call) pattern(text string) *filterpattern.Pattern {
	pattern, err := filterpattern.Parse(text)
	if err != nil {
		c.refuse(http.StatusBadRequest, "InvalidParameterException", "Invalid metric filter pattern: "+err.Error())
		return nil
	}
	return pattern
}

// putMetricFilter first deletes the filter of the same name, as moto would keep both. It
// restores it if moto refuses the new one.
func putMetricFilter(c *call) {
	var p struct {
		FilterName    string
		FilterPattern string
		LogGroupName  string
	}
	if !c.read(&p) || c.find(p.LogGroupName) == nil || c.pattern(p.FilterPattern) == nil {
		return
	}
	var described struct{ MetricFilters []map[string]any }
	filter := map[string]any{"logGroupName": p.LogGroupName, "filterNamePrefix": p.FilterName}
	if !c.askJSON(cloudWatchLogs+"DescribeMetricFilters", filter).read(c, &described) {
		return
	}
	var old map[string]any
	for _, f := range described.MetricFilters {
		if f["filterName"] == p.FilterName {
			old = f
		}
	}
	if old != nil && !c.askJSON(cloudWatchLogs+"DeleteMetricFilter", old).read(c, nil) {
		return
	}
	put := c.pass()
	if old != nil && !put.ok() {
		c.askJSON(cloudWatchLogs+"PutMetricFilter", old)
	}
	put.relay(c)
}
