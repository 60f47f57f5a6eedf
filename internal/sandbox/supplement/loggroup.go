package supplement

import (
	"net/http"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
)

const cloudWatchLogs = "Logs_20140328."

// logGroup holds the settings of a log group that moto does not keep.
type logGroup struct {
	Created int64 `json:"created"` // the creationTime that moto answers
	// Key replaces the key that moto shows, when it is not nil; "" for none.
	Key       *string `json:"key,omitempty"`
	Protected bool    `json:"protected,omitempty"`
	Class     string  `json:"class,omitempty"`
}

// upstreamGroup is a log group as moto describes it.
type upstreamGroup map[string]any

func (g upstreamGroup) arn() string {
	arn, _ := g["arn"].(string)
	return strings.TrimSuffix(arn, ":*")
}

func (g upstreamGroup) created() int64 {
	created, _ := g["creationTime"].(float64)
	return int64(created)
}

// kept returns the entry of a log group, or nil.
func (s *state) kept(g upstreamGroup) *logGroup {
	if kept := s.LogGroups[g.arn()]; kept != nil && kept.Created == g.created() {
		return kept
	}
	return nil
}

// keep returns the entry of a log group, a new one if there is none.
func (s *state) keep(g upstreamGroup) *logGroup {
	kept := s.kept(g)
	if kept == nil {
		kept = &logGroup{Created: g.created()}
		s.LogGroups[g.arn()] = kept
	}
	return kept
}

type logGroupParameters struct {
	Name       string `json:"logGroupName"`
	Identifier string `json:"logGroupIdentifier"`
	Resource   string `json:"resourceIdentifier"`
	Key        string `json:"kmsKeyId"`
	Class      string `json:"logGroupClass"`
	Protected  *bool  `json:"deletionProtectionEnabled"`
}

// name returns the name of the log group, which some operations accept as an ARN.
func (p logGroupParameters) name() string {
	name := p.Name + p.Identifier + p.Resource // each operation has one
	if _, after, ok := strings.Cut(name, ":log-group:"); ok {
		return strings.TrimSuffix(after, ":*")
	}
	return name
}

// find asks moto for a log group. If there is none, it answers the caller.
func (c *call) find(name string) upstreamGroup {
	a := c.askJSON(cloudWatchLogs+"DescribeLogGroups", map[string]any{"logGroupNamePrefix": name})
	var described struct{ LogGroups []upstreamGroup }
	if !a.read(c, &described) {
		return nil
	}
	// Groups are sorted by name, so the group whose name is the prefix is first.
	if len(described.LogGroups) > 0 && described.LogGroups[0]["logGroupName"] == name {
		return described.LogGroups[0]
	}
	c.refuse(http.StatusBadRequest, "ResourceNotFoundException", "The specified log group does not exist.")
	return nil
}

// change changes what is kept of the log group that the parameters name.
func (c *call) change(p logGroupParameters, how func(*logGroup)) {
	group := c.find(p.name())
	if group == nil {
		return
	}
	how(c.state.keep(group))
	c.save(struct{}{})
}

func createLogGroup(c *call) {
	var p logGroupParameters
	if !c.read(&p) {
		return
	}
	created := c.pass()
	if !created.ok() || p.Protected == nil && p.Class == "" {
		created.relay(c)
		return
	}
	c.change(p, func(kept *logGroup) {
		kept.Class = p.Class
		kept.Protected = p.Protected != nil && *p.Protected
	})
}

func describeLogGroups(c *call) {
	a := c.pass()
	described := map[string]any{}
	if !a.read(c, &described) {
		return
	}
	groups, _ := described["logGroups"].([]any)
	for _, group := range groups {
		if g, ok := group.(map[string]any); ok {
			c.state.show(g)
		}
	}
	a.relayAs(c, described)
}

// show adds the members that moto lacks to a log group.
func (s *state) show(g upstreamGroup) {
	g["logGroupClass"], g["deletionProtectionEnabled"] = "STANDARD", false
	kept := s.kept(g)
	if kept == nil {
		return
	}
	g["deletionProtectionEnabled"] = kept.Protected
	if kept.Class != "" {
		g["logGroupClass"] = kept.Class
	}
	if kept.Key != nil {
		g["kmsKeyId"] = *kept.Key
		if *kept.Key == "" {
			delete(g, "kmsKeyId")
		}
	}
}

func deleteLogGroup(c *call) {
	var p logGroupParameters
	if !c.read(&p) {
		return
	}
	group := c.find(p.name())
	if group == nil {
		return
	}
	if kept := c.state.kept(group); kept != nil && kept.Protected {
		c.refuse(http.StatusBadRequest, "ValidationException",
			"The log group cannot be deleted because deletion protection is enabled. Disable deletion protection first.")
		return
	}
	c.pass().relay(c)
}

func associateKmsKey(c *call) {
	var p logGroupParameters
	if !c.read(&p) {
		return
	}
	if !arn.Begins(p.Key) {
		c.refuse(http.StatusBadRequest, "InvalidParameterException", "Invalid KMS key ARN: "+p.Key)
		return
	}
	c.change(p, func(kept *logGroup) { kept.Key = &p.Key })
}

func disassociateKmsKey(c *call) {
	var p logGroupParameters
	if !c.read(&p) {
		return
	}
	none := ""
	c.change(p, func(kept *logGroup) { kept.Key = &none })
}

func putLogGroupDeletionProtection(c *call) {
	var p logGroupParameters
	if !c.read(&p) {
		return
	}
	if p.Protected == nil {
		c.refuse(http.StatusBadRequest, "InvalidParameterException", "deletionProtectionEnabled is required")
		return
	}
	c.change(p, func(kept *logGroup) { kept.Protected = *p.Protected })
}
