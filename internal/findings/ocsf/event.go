package ocsf

import "github.com/cerpac/trailkeeper/finding"

// event is a Detection Finding, by the names of the schema.
type event struct {
	ActivityID   int          `json:"activity_id"`
	ActivityName string       `json:"activity_name"`
	CategoryUID  int          `json:"category_uid"`
	CategoryName string       `json:"category_name"`
	ClassUID     int          `json:"class_uid"`
	ClassName    string       `json:"class_name"`
	TypeUID      int          `json:"type_uid"`
	TypeName     string       `json:"type_name"`
	SeverityID   int          `json:"severity_id"`
	Severity     string       `json:"severity"`
	StatusID     int          `json:"status_id"`
	Status       string       `json:"status"`
	Time         int64        `json:"time"` // milliseconds since 1970, as all times here
	StartTime    int64        `json:"start_time,omitempty"`
	EndTime      int64        `json:"end_time,omitempty"`
	Message      string       `json:"message"`
	Metadata     metadata     `json:"metadata"`
	Info         info         `json:"finding_info"`
	Cloud        cloud        `json:"cloud"`
	Resources    []resource   `json:"resources,omitempty"`
	Evidences    []evidence   `json:"evidences,omitempty"`
	Remediation  *remediation `json:"remediation,omitempty"`
	Unmapped     unmapped     `json:"unmapped"`
}

type metadata struct {
	Version  string   `json:"version"`
	Profiles []string `json:"profiles"`
	Product  product  `json:"product"`
}

type product struct {
	Name    string       `json:"name"`
	Vendor  string       `json:"vendor_name"`
	Version string       `json:"version,omitempty"`
	Feature *featureName `json:"feature,omitempty"`
}

type featureName struct {
	Name string `json:"name"`
}

func feature(verb string) *featureName {
	if verb == "" {
		return nil
	}
	return &featureName{verb}
}

type info struct {
	UID         string    `json:"uid"`
	Title       string    `json:"title"`
	Desc        string    `json:"desc,omitempty"`
	CreatedTime int64     `json:"created_time"`
	FirstSeen   int64     `json:"first_seen_time,omitempty"`
	LastSeen    int64     `json:"last_seen_time,omitempty"`
	Analytic    analytic  `json:"analytic"`
	SourceURL   string    `json:"src_url,omitempty"`
	Related     []related `json:"related_events,omitempty"`
}

type analytic struct {
	UID    string `json:"uid"`
	Name   string `json:"name,omitempty"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
	Desc   string `json:"desc,omitempty"`
}

type related struct {
	UID string `json:"uid"`
}

type cloud struct {
	Provider string   `json:"provider"`
	Region   string   `json:"region,omitempty"`
	Account  *account `json:"account,omitempty"`
}

type account struct {
	UID    string `json:"uid"`
	Type   string `json:"type"`
	TypeID int    `json:"type_id"`
}

type resource struct {
	UID    string `json:"uid"`
	Type   string `json:"type,omitempty"`
	Name   string `json:"name,omitempty"`
	Region string `json:"region,omitempty"`
}

// evidence has the piece as it is in the stream of messages.
type evidence struct {
	Data finding.Evidence `json:"data"`
}

type remediation struct {
	Desc       string   `json:"desc"`
	References []string `json:"references,omitempty"`
}

// unmapped is what the schema has no attribute for.
type unmapped struct {
	Verdict    finding.Verdict `json:"verdict"`
	Omitted    int64           `json:"evidence_omitted,omitempty"`
	Source     string          `json:"source,omitempty"`
	References []string        `json:"references,omitempty"`
}
