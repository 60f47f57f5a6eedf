package resources_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
)

func keeps(result *converge.Result, kind, why string) bool {
	return slices.ContainsFunc(result.Stays, func(s string) bool { return strings.HasPrefix(s, kind+" ") && strings.Contains(s, why) })
}

// A trail that is not ours to delete keeps all that it uses, and so does one of others
// that was given our bucket.
func TestWhatATrailUsesStays(t *testing.T) {
	box := deploytest.Open(t)
	spec := plain("used")
	spec.SNS = "create"
	box.Apply(t, spec)
	set := box.Set(t, spec)
	_, err := set.Account.Trails.RemoveTags(t.Context(), &cloudtrail.RemoveTagsInput{
		ResourceId: &set.Names.TrailARN, TagsList: trailTag(set.Names.Trail),
	})
	if err != nil {
		t.Fatal(err)
	}
	result := box.Destroy(t, spec)
	for _, kind := range []string{"bucket", "log group", "role", "topic"} {
		if !keeps(result, kind, "the trail "+set.Names.Trail+" stays, and uses it") {
			t.Errorf("of the %s, destroy says %q", kind, result.Stays)
		}
	}
	if len(result.Done)+len(result.Left) > 1 { // the boundary has no role that is not ours
		t.Errorf("destroy did %q, and did not do %q", result.Done, result.Left)
	}
}

// A log group that stays can be read.
func TestKeyOfALogGroupThatStays(t *testing.T) {
	box := deploytest.Open(t)
	spec := plain("read")
	spec.KMS = "create"
	box.Apply(t, spec)
	set := box.Set(t, spec)
	id := keyID(t, set)
	_, err := set.Account.Logs.UntagResource(t.Context(), &cloudwatchlogs.UntagResourceInput{ResourceArn: &set.Names.LogGroupARN, TagKeys: []string{trail.OwnerTag}})
	if err != nil {
		t.Fatal(err)
	}
	if result := box.Destroy(t, spec); !keeps(result, "KMS key", "the log group "+set.Names.LogGroup+" stays, and is encrypted with it") {
		t.Errorf("destroy leaves %q", result.Stays)
	}
	if state := keyState(t, set, id); state != types.KeyStateEnabled {
		t.Errorf("the key is %s", state)
	}
}

func trailTag(name string) []cloudtrailtypes.Tag {
	return []cloudtrailtypes.Tag{{Key: new(trail.OwnerTag), Value: &name}}
}

// A second destroy says what became of the key.
func TestSecondDestroyTellsOfTheKey(t *testing.T) {
	set := deploytest.Open(t).Set(t, encrypted("second"))
	apply(t, set)
	id := keyID(t, set)
	destroy(t, set)
	plan := destroy(t, set).Plan
	var text strings.Builder
	if err := plan.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if want := "is not there: key " + *id + " is to be deleted on "; !plan.Empty() || !strings.Contains(text.String(), want) || !strings.Contains(text.String(), "apply before then brings it back") {
		t.Errorf("the plan says %q", text.String())
	}
}
