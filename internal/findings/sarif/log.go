package sarif

import (
	"net/url"
	"strings"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings"
)

// schemaURI is where OASIS has the schema of the log.
const schemaURI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// run is what follows the results, by the names of SARIF 2.1.0.
type run struct {
	Tool struct {
		Driver driver `json:"driver"`
	} `json:"tool"`
	Invocations []invocation  `json:"invocations"`
	Properties  runProperties `json:"properties"`
}

type runProperties struct {
	Verb      string              `json:"verb,omitempty"`
	Source    string              `json:"source,omitempty"`
	Counts    map[string]int64    `json:"counts,omitempty"`
	Incidents []*finding.Incident `json:"incidents,omitempty"`
}

type driver struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Rules   []rule `json:"rules"`
}

type rule struct {
	ID               string         `json:"id"`
	ShortDescription text           `json:"shortDescription"`
	FullDescription  *text          `json:"fullDescription,omitempty"`
	HelpURI          string         `json:"helpUri,omitempty"`
	Properties       ruleProperties `json:"properties"`
}

// ruleProperties are those that GitHub reads.
type ruleProperties struct {
	Tags             []string `json:"tags"`
	SecuritySeverity string   `json:"security-severity,omitempty"`
}

type text struct {
	Text string `json:"text"`
}

type invocation struct {
	Successful    bool           `json:"executionSuccessful"`
	Start         string         `json:"startTimeUtc,omitempty"`
	Notifications []notification `json:"toolExecutionNotifications"`
}

type notification struct {
	Level     string     `json:"level"`
	Message   text       `json:"message"`
	Locations []location `json:"locations,omitempty"`
}

type entry struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Kind         string            `json:"kind"`
	Level        string            `json:"level"`
	Message      text              `json:"message"`
	Locations    []location        `json:"locations,omitempty"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Properties   properties        `json:"properties"`
}

type properties struct {
	Verdict  finding.Verdict    `json:"verdict"`
	Severity finding.Severity   `json:"severity"`
	Account  string             `json:"account,omitempty"`
	Region   string             `json:"region,omitempty"`
	Time     string             `json:"time"`
	Evidence []finding.Evidence `json:"evidence,omitempty"`
	Omitted  int64              `json:"evidence_omitted,omitempty"`
	Remedy   finding.Remedy     `json:"remedy,omitzero"`
}

type location struct {
	Physical *physical `json:"physicalLocation,omitempty"`
	Logical  []logical `json:"logicalLocations,omitempty"`
}

type physical struct {
	Artifact struct {
		URI string `json:"uri"`
	} `json:"artifactLocation"`
	Region *region `json:"region,omitempty"`
}

type region struct {
	ByteOffset int64 `json:"byteOffset"`
}

type logical struct {
	Name string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

func result(f *finding.Finding, index int) entry {
	message := f.Title
	if f.Description != "" {
		message += "\n\n" + f.Description
	}
	kind, level := rating(f.Verdict, f.Severity)
	e := entry{
		RuleID: f.Check, RuleIndex: index, Kind: kind, Level: level, Message: text{findings.Clip(message, maxText)},
		Fingerprints: map[string]string{findings.Product + "/v1": f.ID},
		Properties: properties{
			f.Verdict, f.Severity, f.Account, f.Region, f.Time.UTC().Format("2006-01-02T15:04:05.000Z"), f.Evidence, f.EvidenceOmitted, f.Remedy,
		},
	}
	where := location{}
	for _, r := range f.Resources {
		where.Logical = append(where.Logical, logical{r.ID, "resource"})
	}
	// A result has one location here: the first file that its evidence names.
	for _, piece := range f.Evidence {
		if piece.Object != nil {
			where.Physical = fileAt(piece.Object.Location, 0).Physical
			break
		}
		if piece.Event != nil && piece.Event.LogFile != "" {
			where.Physical = fileAt(piece.Event.LogFile, piece.Event.Offset).Physical
			break
		}
	}
	if where.Physical != nil || where.Logical != nil {
		e.Locations = []location{where}
	}
	return e
}

// rating is the kind and level of a result. What is not a failure has no level: SARIF
// 2.1.0, 3.27.10.
func rating(v finding.Verdict, s finding.Severity) (kind, level string) {
	switch v {
	case finding.Good:
		return "pass", "none"
	case finding.Unknown:
		return "open", "none"
	case finding.NotApplicable:
		return "notApplicable", "none"
	}
	switch {
	case s >= finding.High:
		return "fail", "error"
	case s == finding.Medium:
		return "fail", "warning"
	}
	return "fail", "note"
}

// securitySeverity is a number of GitHub's scale: above 9 critical, from 7 high, from 4
// medium, above 0 low.
func securitySeverity(s finding.Severity) string {
	switch s {
	case finding.Critical:
		return "9.5"
	case finding.High:
		return "8.0"
	case finding.Medium:
		return "5.5"
	case finding.Low:
		return "2.0"
	}
	return "0.0"
}

func label(r finding.Reference) string {
	return strings.TrimSpace(r.Catalogue+" "+r.Version) + " " + r.Number
}

// fileAt is a place in a file. A path is made a URI.
func fileAt(path string, offset int64) location {
	p := &physical{}
	if bucket, key, found := strings.Cut(strings.TrimPrefix(path, "s3://"), "/"); found && strings.HasPrefix(path, "s3://") {
		p.Artifact.URI = "s3://" + url.PathEscape(bucket) + (&url.URL{Path: "/" + key}).EscapedPath()
	} else {
		p.Artifact.URI = (&url.URL{Path: path}).String()
	}
	if offset > 0 {
		p.Region = &region{offset}
	}
	return location{Physical: p}
}
