package supplement

import "net/http"

// putConfigRule refuses a rule if there is no configuration recorder.
func putConfigRule(c *call) {
	var recorders struct {
		ConfigurationRecorders []struct {
			Name string `json:"name"`
		}
	}
	if !c.askJSON("StarlingDoveService.DescribeConfigurationRecorders", struct{}{}).read(c, &recorders) {
		return
	}
	if len(recorders.ConfigurationRecorders) == 0 {
		c.refuse(http.StatusBadRequest, "NoAvailableConfigurationRecorderException", "Configuration recorder is not available to put config rule.")
		return
	}
	c.pass().relay(c)
}
