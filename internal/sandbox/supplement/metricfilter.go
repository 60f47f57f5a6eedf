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
	pattern, err := filterpattern.Parse(p.FilterPattern)
	if err != nil {
		c.refuse(http.StatusBadRequest, "InvalidParameterException", "Invalid metric filter pattern: "+err.Error())
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
