package supplement

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
)

// updateRole adds missing settings to a request: moto resets settings that a request
// omits, while AWS keeps them.
func updateRole(c *call) {
	form, err := url.ParseQuery(string(c.body))
	if err != nil || form.Has("Description") && form.Has("MaxSessionDuration") {
		c.pass().relay(c)
		return
	}
	a := c.askForm(url.Values{"Action": {"GetRole"}, "Version": {form.Get("Version")}, "RoleName": {form.Get("RoleName")}})
	if !a.ok() { // such as no role of that name
		a.relay(c)
		return
	}
	var got struct {
		Role struct {
			Description        *string
			MaxSessionDuration *string
		} `xml:"GetRoleResult>Role"`
	}
	if err := xml.Unmarshal(a.body.Bytes(), &got); err != nil {
		http.Error(c.w, fmt.Sprintf("read answer of moto: %v", err), http.StatusBadGateway)
		return
	}
	for name, value := range map[string]*string{"Description": got.Role.Description, "MaxSessionDuration": got.Role.MaxSessionDuration} {
		if !form.Has(name) && value != nil {
			form.Set(name, *value)
		}
	}
	c.askForm(form).relay(c)
}
