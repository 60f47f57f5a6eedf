package resources_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

// What is printed is what is there, not what is wanted.
func TestOutputIsWhatIsThere(t *testing.T) {
	spec := full("prod")
	set := newSet(t, spec, &account.Account{Place: trail.Place{Partition: "aws", Account: deploytest.Account, Region: deploytest.Region}})
	drift := func(kind, path string, old any) converge.Change {
		return converge.Change{Kind: kind, Action: converge.Update, Fields: []converge.FieldChange{{Path: path, Old: old}}}
	}
	got, err := set.Output([]converge.Change{
		drift("bucket", "versioning", "Suspended"),
		drift("access log bucket", "versioning", "Off"),
		drift("bucket", "encryption.algorithm", nil),
		drift("bucket", "lifecycle.retention.expiration_days", 1),
		drift("log group", "retention_days", 3),
		drift("trail", "multi_region", false),
		drift("trail", "log_validation", false),
		drift("trail", "global_events", false),
		drift("trail", "topic", nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := spec.Output(set.Account.Place, "")
	want.Bucket.Versioning, want.Bucket.Encryption, want.Summary.RetentionDays = new("Suspended"), new(""), 1
	want.LogGroup.RetentionDays = 3
	want.Trail.IsMultiRegion, want.Trail.LogValidation, want.Trail.GlobalEvents = false, false, false
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	_, err = set.Output([]converge.Change{{Kind: "trail", Name: "prod-cerpac-audit-trail", Action: converge.Create}})
	if missing, ok := errors.AsType[*resources.MissingError](err); !ok || len(missing.Resources) != 1 {
		t.Errorf("a trail that is not there: %v", err)
	}
}
