package supplement

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// moto keeps the findings, but ignores filters and returns all findings.

func batchImportFindings(c *call) {
	if kept, _ := c.hub(); kept != nil {
		c.pass().relay(c)
	}
}

const mostFindings = 100 // maximum and default of MaxResults

func getFindings(c *call) {
	var p struct {
		Filters      map[string][]filter
		SortCriteria []struct{ Field, SortOrder string }
		NextToken    string
		MaxResults   *int
	}
	if !c.read(&p) {
		return
	}
	size := mostFindings
	if p.MaxResults != nil {
		size = *p.MaxResults
	}
	start, err := strconv.Atoi(cmp.Or(p.NextToken, "0"))
	if err != nil || start < 0 || size < 1 || size > mostFindings {
		c.invalidInput("Invalid parameter NextToken or MaxResults")
		return
	}
	for name, filters := range p.Filters {
		for _, f := range filters {
			if err := f.check(name); err != "" {
				c.invalidInput(err)
				return
			}
		}
	}
	if kept, _ := c.hub(); kept == nil {
		return
	}
	findings, ok := c.allFindings()
	if !ok {
		return
	}
	findings = slices.DeleteFunc(findings, func(f map[string]any) bool { return !c.wanted(f, p.Filters) })
	slices.SortStableFunc(findings, func(a, b map[string]any) int {
		for _, criterion := range p.SortCriteria {
			order := cmp.Compare(strings.Join(texts(a, criterion.Field), " "), strings.Join(texts(b, criterion.Field), " "))
			if criterion.SortOrder == "desc" {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
	end := min(start+size, len(findings))
	result := map[string]any{"Findings": findings[min(start, end):end]}
	if end < len(findings) {
		result["NextToken"] = strconv.Itoa(end)
	}
	c.reply(result)
}

// allFindings returns all findings of moto, with the members that Security Hub adds.
func (c *call) allFindings() (all []map[string]any, ok bool) {
	parameters := map[string]any{"MaxResults": mostFindings}
	for {
		var page struct {
			Findings  []map[string]any
			NextToken string
		}
		if !c.askREST(http.MethodPost, "/findings", parameters).read(c, &page) {
			return nil, false
		}
		for _, finding := range page.Findings {
			for name, value := range map[string]any{
				"RecordState": "ACTIVE", "WorkflowState": "NEW", "Workflow": map[string]any{"Status": "NEW"},
			} {
				if finding[name] == nil {
					finding[name] = value
				}
			}
		}
		all = append(all, page.Findings...)
		if page.NextToken == "" {
			return all, true
		}
		parameters["NextToken"] = page.NextToken
	}
}

// filter is a filter of any type. The type is known by the members that are set.
type filter struct {
	Value      *string
	Comparison string
	Key        *string // of a map
	Start, End string  // of a date
	DateRange  *struct {
		Value int
		Unit  string
	}
	Eq, Gte, Lte, Gt, Lt *json.Number
}

// fieldPath returns the path of members in a finding for the name of a filter. By
// default the name itself is the path.
func fieldPath(name string) []string {
	paths := map[string]string{
		"Type": "Types", "SeverityLabel": "Severity.Label", "SeverityNormalized": "Severity.Normalized",
		"SeverityProduct": "Severity.Product", "ResourceType": "Resources.Type", "ResourceId": "Resources.Id",
		"ResourcePartition": "Resources.Partition", "ResourceRegion": "Resources.Region", "ResourceTags": "Resources.Tags",
		"ComplianceStatus": "Compliance.Status", "ComplianceSecurityControlId": "Compliance.SecurityControlId",
		"WorkflowStatus": "Workflow.Status", "RecommendationText": "Remediation.Recommendation.Text",
		"RelatedFindingsId": "RelatedFindings.Id", "RelatedFindingsProductArn": "RelatedFindings.ProductArn",
		"NoteText": "Note.Text", "NoteUpdatedBy": "Note.UpdatedBy", "NoteUpdatedAt": "Note.UpdatedAt",
	}
	if path, ok := paths[name]; ok {
		return strings.Split(path, ".")
	}
	return strings.Split(name, ".")
}

// check returns what is wrong with a filter, or "". Filters by network, process,
// malware and resource details are not supported.
func (f filter) check(name string) (problem string) {
	for _, unknown := range []string{
		"Network", "Process", "Malware", "ThreatIntel", "ResourceAws", "ResourceContainer", "ResourceDetails", "ResourceApplication",
		"Vulnerabilities", "FindingProviderFields", "Keyword", "Sample", "ComplianceAssociated", "ComplianceSecurityControlParameters",
	} {
		if strings.HasPrefix(name, unknown) {
			return "Filter " + name + " is not supported"
		}
	}
	comparisons := []string{"", "EQUALS", "PREFIX", "CONTAINS", "NOT_EQUALS", "PREFIX_NOT_EQUALS", "NOT_CONTAINS"}
	if !slices.Contains(comparisons, f.Comparison) {
		return "Comparison " + f.Comparison + " of filter " + name + " is not supported"
	}
	return ""
}

// wanted reports whether a finding passes every filter. Of several for one name it
// passes one, and every one that excludes.
func (c *call) wanted(finding map[string]any, filters map[string][]filter) bool {
	for name, list := range filters {
		including, found := false, false
		for _, f := range list {
			holds := c.holds(f, finding, name)
			if strings.Contains(f.Comparison, "NOT_") {
				if !holds {
					return false
				}
				continue
			}
			including, found = true, found || holds
		}
		if including && !found {
			return false
		}
	}
	return true
}

func (c *call) holds(f filter, finding map[string]any, name string) bool {
	if f.Key != nil {
		name = strings.Join(append(fieldPath(name), *f.Key), ".")
	}
	found := slices.ContainsFunc(texts(finding, name), func(text string) bool {
		switch {
		case f.Value != nil:
			return f.matches(text)
		case f.DateRange != nil || f.Start != "" || f.End != "":
			return c.inTime(f, text)
		}
		return f.inRange(text)
	})
	return found != strings.Contains(f.Comparison, "NOT_")
}

func (f filter) matches(text string) bool {
	switch strings.Replace(f.Comparison, "NOT_", "", 1) {
	case "PREFIX", "PREFIX_EQUALS":
		return strings.HasPrefix(text, *f.Value)
	case "CONTAINS":
		return strings.Contains(text, *f.Value)
	}
	return text == *f.Value
}

func (f filter) inRange(text string) bool {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	for bound, holds := range map[*json.Number]func(bound float64) bool{
		f.Eq:  func(b float64) bool { return value == b },
		f.Gte: func(b float64) bool { return value >= b },
		f.Lte: func(b float64) bool { return value <= b },
		f.Gt:  func(b float64) bool { return value > b },
		f.Lt:  func(b float64) bool { return value < b },
	} {
		if bound == nil {
			continue
		}
		if b, err := bound.Float64(); err != nil || !holds(b) {
			return false
		}
	}
	return true
}

func (c *call) inTime(f filter, text string) bool {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return false
	}
	if f.DateRange != nil { // in days, the only unit there is
		return !at.Before(c.now().AddDate(0, 0, -f.DateRange.Value))
	}
	start, startErr := time.Parse(time.RFC3339, f.Start)
	end, endErr := time.Parse(time.RFC3339, f.End)
	return (startErr != nil || !at.Before(start)) && (endErr != nil || !at.After(end))
}

// texts returns the values of a finding for a filter name, as text.
func texts(finding map[string]any, name string) (found []string) {
	values := []any{finding}
	for _, member := range fieldPath(name) {
		var next []any
		for _, value := range flat(values) {
			if object, ok := value.(map[string]any); ok && object[member] != nil {
				next = append(next, object[member])
			}
		}
		values = next
	}
	for _, value := range flat(values) {
		switch v := value.(type) {
		case string:
			found = append(found, v)
		case float64:
			found = append(found, strconv.FormatFloat(v, 'f', -1, 64))
		case bool:
			found = append(found, strconv.FormatBool(v))
		}
	}
	return found
}

// flat replaces lists by their elements.
func flat(values []any) (all []any) {
	for _, value := range values {
		if list, ok := value.([]any); ok {
			all = append(all, list...)
		} else {
			all = append(all, value)
		}
	}
	return all
}
