package asff

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings"
)

// entry is an AwsSecurityFinding of schema 2018-10-08.
type entry struct {
	SchemaVersion   string
	ID              string `json:"Id"`
	ProductARN      string `json:"ProductArn"`
	GeneratorID     string `json:"GeneratorId"`
	AwsAccountID    string `json:"AwsAccountId"`
	Types           []string
	CreatedAt       string
	UpdatedAt       string
	FirstObservedAt string `json:",omitempty"`
	LastObservedAt  string `json:",omitempty"`
	Severity        severity
	Title           string
	Description     string
	Remediation     *remediation `json:",omitempty"`
	SourceURL       string       `json:"SourceUrl,omitempty"`
	ProductFields   map[string]string
	Resources       []resource
	Compliance      *compliance `json:",omitempty"`
	Workflow        struct{ Status string }
	RecordState     string

	evidence []finding.Evidence
	omitted  int64
	base     map[string]string // of ProductFields
}

type severity struct {
	Label      string
	Normalized int
	Original   string
}

type remediation struct{ Recommendation recommendation }

type recommendation struct {
	Text string `json:",omitempty"`
	URL  string `json:"Url,omitempty"`
}

type resource struct {
	Type      string
	ID        string `json:"Id"`
	Partition string
	Region    string
}

type compliance struct{ Status string }

// Limits of the fields, in characters; a byte counts as one.
const (
	maxID          = 512
	maxTitle       = 256
	maxDescription = 1024
	maxRemedy      = 512
	maxResources   = 32
	maxFields      = 50
	maxValue       = 2048
)

func (h *Handler) entry(f finding.Finding, partition string) entry {
	e := entry{
		SchemaVersion: "2018-10-08",
		ID:            findings.Clip(findings.Product+"/"+f.ID, maxID),
		ProductARN:    "arn:" + partition + ":securityhub:" + f.Region + ":" + f.Account + ":product/" + f.Account + "/default",
		GeneratorID:   findings.Clip(findings.Product+"/"+f.Check, maxID),
		AwsAccountID:  f.Account,
		Types:         taxonomy(f),
		CreatedAt:     stamp(f.Time),
		UpdatedAt:     stamp(f.Time),
		Severity:      rating(f),
		Title:         findings.Clip(f.Title, maxTitle),
		Description:   findings.Clip(f.Description, maxDescription),
		Remediation:   remedy(f.Remedy),
		Resources:     resources(f, partition),
		RecordState:   "ACTIVE",
		evidence:      f.Evidence,
		omitted:       f.EvidenceOmitted,
		base:          map[string]string{"trailkeeper/verdict": string(f.Verdict), "trailkeeper/verb": findings.Clip(h.verb, maxValue)},
	}
	if e.Description == "" {
		e.Description = e.Title // it must not be empty
	}
	if !f.First.IsZero() {
		e.FirstObservedAt = stamp(f.First)
	}
	if !f.Last.IsZero() {
		e.LastObservedAt = stamp(f.Last)
	}
	e.Workflow.Status = "NEW"
	if f.Verdict == finding.Good || f.Verdict == finding.NotApplicable {
		e.Workflow.Status = "RESOLVED"
	}
	e.Compliance = &compliance{complianceOf(f.Verdict)}
	if more := len(f.Resources) - maxResources; more > 0 {
		e.base["trailkeeper/resources-omitted"] = strconv.Itoa(more)
	}
	if c := h.checks[f.Check]; c != nil {
		e.SourceURL = findings.WebAddress(c.URL)
		for i, r := range c.References {
			if i < 10 {
				e.base[fmt.Sprintf("trailkeeper/reference/%d", i+1)] = findings.Clip(strings.TrimSpace(r.Catalogue+" "+r.Version)+" "+r.Number, maxValue)
			}
		}
	}
	maps.DeleteFunc(e.base, func(_, value string) bool { return value == "" })
	return e
}

// taxonomy is the type of a finding among those of AWS: what events show is behavior, the rest configuration.
func taxonomy(f finding.Finding) []string {
	for _, e := range f.Evidence {
		if e.Event != nil {
			return []string{"Unusual Behaviors/User"}
		}
	}
	return []string{"Software and Configuration Checks/AWS Security Best Practices"}
}

// rating has AWS's own pairs of label and number. What is good has none of the
// finding's severity: Security Hub would count it.
func rating(f finding.Finding) severity {
	s := f.Severity
	if f.Verdict == finding.Good || f.Verdict == finding.NotApplicable {
		s = finding.Informational
	}
	numbers := map[finding.Severity]int{finding.Informational: 0, finding.Low: 1, finding.Medium: 40, finding.High: 70, finding.Critical: 90}
	return severity{strings.ToUpper(s.String()), numbers[s], f.Severity.String()}
}

func complianceOf(v finding.Verdict) string {
	switch v {
	case finding.Good:
		return "PASSED"
	case finding.Partly:
		return "WARNING"
	case finding.Bad:
		return "FAILED"
	}
	return "NOT_AVAILABLE"
}

func remedy(r finding.Remedy) *remediation {
	text := strings.TrimSpace(r.Text + "\n" + strings.Join(r.Commands, "\n"))
	address := findings.WebAddress(r.URL)
	if text == "" && address == "" {
		return nil
	}
	return &remediation{recommendation{findings.Clip(text, maxRemedy), address}}
}

// resources are at least one: the account, if nothing else is named.
func resources(f finding.Finding, partition string) []resource {
	list := []resource{}
	for _, r := range f.Resources {
		if r.ID == "" {
			continue
		}
		list = append(list, resource{resourceType(r.Type), findings.Clip(r.ID, maxID), partition, f.Region})
		if len(list) == maxResources {
			break
		}
	}
	if len(list) == 0 {
		list = append(list, resource{"AwsAccount", "AWS::::Account:" + f.Account, partition, f.Region})
	}
	return list
}

// resourceType is Security Hub's name of a type, which is Other for most.
func resourceType(cloudFormation string) string {
	switch cloudFormation {
	case "AWS::CloudTrail::Trail", "AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::CloudWatch::Alarm":
		return strings.ReplaceAll(strings.Replace(cloudFormation, "AWS", "Aws", 1), "::", "")
	case "AWS::IAM::AccessKey", "AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User":
		return "AwsIam" + strings.TrimPrefix(cloudFormation, "AWS::IAM::")
	case "AWS::EC2::Instance", "AWS::EC2::NetworkAcl", "AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup", "AWS::EC2::VPC":
		return "AwsEc2" + strings.Replace(strings.TrimPrefix(cloudFormation, "AWS::EC2::"), "VPC", "Vpc", 1)
	case "AWS::KMS::Key":
		return "AwsKmsKey"
	case "AWS::SNS::Topic":
		return "AwsSnsTopic"
	}
	return "Other"
}

// fields are the product fields with the first pieces of evidence.
func (e *entry) fields(pieces int) map[string]string {
	fields := maps.Clone(e.base)
	pieces = min(pieces, maxFields-len(fields)-1)
	for i, piece := range e.evidence[:max(pieces, 0)] {
		fields[fmt.Sprintf("trailkeeper/%s/%d", findings.Kind(piece), i+1)] = findings.Clip(findings.Describe(piece), maxValue)
	}
	if missing := e.omitted + int64(len(e.evidence)-max(pieces, 0)); missing > 0 {
		fields["trailkeeper/evidence-omitted"] = strconv.FormatInt(missing, 10)
	}
	return fields
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
