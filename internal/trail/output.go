package trail

import (
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Output describes a deployed trail for other programs. Parts that the spec does not
// want are null.
type Output struct {
	Bucket   OutputBucket   `json:"bucket"`
	LogGroup OutputLogGroup `json:"log_group"`
	Trail    OutputTrail    `json:"trail"`
	IAMRole  NameAndARN     `json:"iam_role"`
	Boundary NameAndARN     `json:"permissions_boundary"`
	Summary  OutputSummary  `json:"summary"`

	KMSKey          *ARN  `json:"kms_key"`
	Topic           *ARN  `json:"topic"`
	AccessLogBucket *Name `json:"access_log_bucket"`
	AlarmTopic      *ARN  `json:"alarm_topic"`
}

// OutputBucket is the bucket of the logs.
type OutputBucket struct {
	Name string `json:"name"`
	ARN  string `json:"arn"`
	ID   string `json:"id"`
	// Enabled or Suspended; nil if only the owner of an existing bucket can tell.
	// Encryption is AES256 or aws:kms.
	Versioning *string `json:"versioning"`
	Encryption *string `json:"encryption"`
}

// OutputLogGroup is the log group.
type OutputLogGroup struct {
	Name          string `json:"name"`
	ARN           string `json:"arn"`
	RetentionDays int    `json:"retention_days"` // 0 means for ever
}

// OutputTrail is the trail.
type OutputTrail struct {
	Name          string `json:"name"`
	ARN           string `json:"arn"`
	ID            string `json:"id"`
	IsMultiRegion bool   `json:"is_multi_region"`
	LogValidation bool   `json:"log_validation"`
	GlobalEvents  bool   `json:"global_events"`
	HomeRegion    string `json:"home_region"`
}

// OutputSummary summarizes the configuration.
type OutputSummary struct {
	ModuleEnabled bool `json:"module_enabled"`
	DualDelivery  bool `json:"dual_delivery"`
	RetentionDays int  `json:"retention_days"`
	ForceDestroy  bool `json:"force_destroy"`
}

// NameAndARN identifies a resource by both.
type NameAndARN struct {
	Name string `json:"name"`
	ARN  string `json:"arn"`
}

// ARN identifies a resource by its ARN.
type ARN struct {
	ARN string `json:"arn"`
}

// Name identifies a resource that may be in another account.
type Name struct {
	Name string `json:"name"`
}

// Output returns the output of the trail in an account and Region. key is the ARN of
// the key that encrypts, "" for none: that of a created key is not predictable.
func (s Spec) Output(p Place, key string) Output {
	n := s.Names(p)
	o := Output{
		Bucket:   OutputBucket{Name: n.Bucket, ARN: n.BucketARN, ID: n.Bucket},
		LogGroup: OutputLogGroup{Name: n.LogGroup, ARN: n.LogGroupARN, RetentionDays: s.LogGroupRetention()},
		Trail: OutputTrail{
			Name: n.Trail, ARN: n.TrailARN, ID: n.Trail,
			IsMultiRegion: true, LogValidation: true, GlobalEvents: true, HomeRegion: p.Region,
		},
		IAMRole:  NameAndARN{Name: n.Role, ARN: n.RoleARN},
		Boundary: NameAndARN{Name: n.Boundary, ARN: n.BoundaryARN},
		Summary:  OutputSummary{ModuleEnabled: true, DualDelivery: true, RetentionDays: s.RetentionDays, ForceDestroy: s.ForceDestroy},
	}
	if s.CreatesBucket() {
		o.Bucket.Versioning, o.Bucket.Encryption = new("Enabled"), new("AES256")
	}
	if s.Encrypted() {
		o.Bucket.Encryption, o.KMSKey = new("aws:kms"), &ARN{key}
	}
	if s.Notifies() {
		o.Topic = &ARN{n.TopicARN}
	}
	if s.LogsAccess() {
		o.AccessLogBucket = &Name{n.AccessLogBucket}
	}
	if s.Alarms.Enabled {
		o.AlarmTopic = &ARN{n.AlarmTopicARN}
	}
	return o
}

// WriteText writes the output for people, in the order of the JSON.
func (o Output) WriteText(w io.Writer) error {
	var b strings.Builder
	parts := reflect.ValueOf(o)
	for i := range parts.NumField() {
		part := reflect.Indirect(parts.Field(i))
		if !part.IsValid() {
			continue
		}
		b.WriteString(jsonName(parts.Type().Field(i)) + "\n")
		for j := range part.NumField() {
			if member := reflect.Indirect(part.Field(j)); member.IsValid() {
				fmt.Fprintf(&b, "  %-15s %v\n", jsonName(part.Type().Field(j)), member)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func jsonName(f reflect.StructField) string { return f.Tag.Get("json") }
