package supplement

import (
	"net/http"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/arn/partition"
)

// hub holds the settings of a Security Hub that moto does not keep.
type hub struct {
	SubscribedAt string            `json:"subscribedAt"` // as moto answers it
	AutoEnable   bool              `json:"autoEnableControls"`
	Generator    string            `json:"controlFindingGenerator"`
	Standards    map[string]string `json:"standards"` // status by the standard's ARN
	Tags         map[string]string `json:"tags"`
}

// The statuses of a subscription. A newly enabled standard is pending; it becomes ready
// after that status was returned once.
const (
	pending = "PENDING"
	ready   = "READY"
)

type standard struct {
	StandardsArn     string
	Name             string
	Description      string
	EnabledByDefault bool
}

// standards returns the standards of a Region, as in the Security Hub user guide.
func standards(region string) []standard {
	const current, old = "standards/", "ruleset/"
	var list []standard
	add := func(kind, path, name string, byDefault bool) {
		where := region
		if kind == old { // from before standards were of a Region
			where = ""
		}
		id := arn.Build(partition.Of(region).ID, "securityhub", where, "", kind+path)
		list = append(list, standard{id, name, "The controls of " + name + ".", byDefault})
	}
	add(current, "aws-foundational-security-best-practices/v/1.0.0", "AWS Foundational Security Best Practices v1.0.0", true)
	add(old, "cis-aws-foundations-benchmark/v/1.2.0", "CIS AWS Foundations Benchmark v1.2.0", true)
	add(current, "cis-aws-foundations-benchmark/v/1.4.0", "CIS AWS Foundations Benchmark v1.4.0", false)
	add(current, "cis-aws-foundations-benchmark/v/3.0.0", "CIS AWS Foundations Benchmark v3.0.0", false)
	add(current, "cis-aws-foundations-benchmark/v/5.0.0", "CIS AWS Foundations Benchmark v5.0.0", false)
	add(current, "nist-800-53/v/5.0.0", "NIST Special Publication 800-53 Revision 5", false)
	add(current, "nist-800-171/v/2.0.0", "NIST Special Publication 800-171 Revision 2", false)
	add(current, "pci-dss/v/3.2.1", "PCI DSS v3.2.1", false)
	add(current, "pci-dss/v/4.0.1", "PCI DSS v4.0.1", false)
	add(current, "aws-resource-tagging-standard/v/1.0.0", "AWS Resource Tagging Standard v1.0.0", false)
	return list
}

// upstreamHub is a hub as moto describes it.
type upstreamHub map[string]any

// hub returns the kept settings of the caller's hub, with moto's description. Without a
// hub it relays moto's answer: not subscribed.
func (c *call) hub() (*hub, upstreamHub) {
	described := upstreamHub{}
	if !c.askREST(http.MethodGet, "/accounts", nil).read(c, &described) {
		return nil, nil
	}
	arn, _ := described["HubArn"].(string)
	since, _ := described["SubscribedAt"].(string)
	kept := c.state.Hubs[arn]
	if kept == nil || kept.SubscribedAt != since {
		kept = &hub{SubscribedAt: since, AutoEnable: true, Generator: "SECURITY_CONTROL", Standards: map[string]string{}}
		c.state.Hubs[arn] = kept
	}
	return kept, described
}

func enableSecurityHub(c *call) {
	var p struct {
		EnableDefaultStandards  *bool
		ControlFindingGenerator string
		Tags                    map[string]string
	}
	if !c.read(&p) {
		return
	}
	if c.askREST(http.MethodGet, "/accounts", nil).ok() {
		c.refuse(http.StatusConflict, "ResourceConflictException", "Account is already subscribed to Security Hub")
		return
	}
	if enabled := c.pass(); !enabled.ok() {
		enabled.relay(c)
		return
	}
	kept, _ := c.hub()
	if kept == nil {
		return
	}
	if p.ControlFindingGenerator != "" {
		kept.Generator = p.ControlFindingGenerator
	}
	kept.Tags = p.Tags
	for _, s := range standards(c.region) {
		if s.EnabledByDefault && (p.EnableDefaultStandards == nil || *p.EnableDefaultStandards) {
			kept.Standards[s.StandardsArn] = pending
		}
	}
	c.save(struct{}{})
}

func describeHub(c *call) {
	a := c.pass()
	if !a.ok() { // such as for another HubArn
		a.relay(c)
		return
	}
	kept, described := c.hub()
	if kept == nil {
		return
	}
	described["AutoEnableControls"], described["ControlFindingGenerator"] = kept.AutoEnable, kept.Generator
	delete(described, "Tags") // moto's own
	a.relayAs(c, described)
}

func updateSecurityHubConfiguration(c *call) {
	var p struct {
		AutoEnableControls      *bool
		ControlFindingGenerator string
	}
	if !c.read(&p) {
		return
	}
	kept, _ := c.hub()
	if kept == nil {
		return
	}
	if p.AutoEnableControls != nil {
		kept.AutoEnable = *p.AutoEnableControls
	}
	switch p.ControlFindingGenerator {
	case "":
	case "STANDARD_CONTROL", "SECURITY_CONTROL":
		kept.Generator = p.ControlFindingGenerator
	default:
		c.invalidInput("Invalid parameter ControlFindingGenerator")
		return
	}
	c.save(struct{}{})
}

func describeStandards(c *call) {
	if kept, _ := c.hub(); kept != nil {
		c.reply(map[string]any{"Standards": standards(c.region)})
	}
}

type subscription struct {
	StandardsSubscriptionArn   string
	StandardsArn               string
	StandardsInput             map[string]string
	StandardsStatus            string
	StandardsControlsUpdatable string
}

// subscription returns the caller's subscription to a standard.
func (c *call) subscription(standard, status string) subscription {
	_, path, _ := strings.Cut(standard, "::") // ...::standards/NAME or ...:::ruleset/NAME
	_, path, _ = strings.Cut(path, "/")
	s := subscription{
		StandardsSubscriptionArn: arn.Build(partition.Of(c.region).ID, "securityhub", c.region, c.account, "subscription/"+path),
		StandardsArn:             standard, StandardsInput: map[string]string{}, StandardsStatus: status,
		StandardsControlsUpdatable: "READY_FOR_UPDATES",
	}
	if status != ready {
		s.StandardsControlsUpdatable = "NOT_READY_FOR_UPDATES"
	}
	return s
}

// subscriptions returns the caller's subscriptions, or only the requested ones.
func (c *call) subscriptions(kept *hub, asked []string) []subscription {
	found := []subscription{}
	for _, standard := range standards(c.region) {
		status, ok := kept.Standards[standard.StandardsArn]
		s := c.subscription(standard.StandardsArn, status)
		if ok && (len(asked) == 0 || slices.Contains(asked, s.StandardsSubscriptionArn)) {
			found = append(found, s)
		}
	}
	return found
}

func (c *call) replySubscriptions(list []subscription) {
	c.save(map[string]any{"StandardsSubscriptions": list})
}

func (c *call) invalidInput(message string) {
	c.refuse(http.StatusBadRequest, "InvalidInputException", message)
}

func batchEnableStandards(c *call) {
	var p struct {
		StandardsSubscriptionRequests []struct{ StandardsArn string }
	}
	if !c.read(&p) {
		return
	}
	kept, _ := c.hub()
	if kept == nil {
		return
	}
	known := standards(c.region)
	for _, request := range p.StandardsSubscriptionRequests {
		if !slices.ContainsFunc(known, func(s standard) bool { return s.StandardsArn == request.StandardsArn }) {
			c.invalidInput("Invalid StandardsArn " + request.StandardsArn)
			return
		}
	}
	list := []subscription{}
	for _, request := range p.StandardsSubscriptionRequests {
		if kept.Standards[request.StandardsArn] == "" {
			kept.Standards[request.StandardsArn] = pending
		}
		list = append(list, c.subscription(request.StandardsArn, kept.Standards[request.StandardsArn]))
	}
	c.replySubscriptions(list)
}

func getEnabledStandards(c *call) {
	var p struct{ StandardsSubscriptionArns []string }
	if !c.read(&p) {
		return
	}
	kept, _ := c.hub()
	if kept == nil {
		return
	}
	list := c.subscriptions(kept, p.StandardsSubscriptionArns)
	for _, s := range list {
		kept.Standards[s.StandardsArn] = ready
	}
	c.replySubscriptions(list)
}

func batchDisableStandards(c *call) {
	var p struct{ StandardsSubscriptionArns []string }
	if !c.read(&p) {
		return
	}
	kept, _ := c.hub()
	if kept == nil {
		return
	}
	var list []subscription
	if len(p.StandardsSubscriptionArns) > 0 {
		list = c.subscriptions(kept, p.StandardsSubscriptionArns)
	}
	if len(list) < len(p.StandardsSubscriptionArns) {
		c.invalidInput("Invalid StandardsSubscriptionArn: not subscribed")
		return
	}
	for i := range list {
		delete(kept.Standards, list[i].StandardsArn)
		list[i].StandardsStatus = "DELETING"
	}
	c.replySubscriptions(list)
}
