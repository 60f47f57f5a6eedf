package resources

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

func (b *trailBox) detectors(t *testing.T) (statuses []string) {
	t.Helper()
	list, err := b.GuardDuty.ListDetectors(t.Context(), &guardduty.ListDetectorsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range list.DetectorIds {
		out, err := b.GuardDuty.GetDetector(t.Context(), &guardduty.GetDetectorInput{DetectorId: &id})
		if err != nil {
			t.Fatal(err)
		}
		statuses = append(statuses, string(out.Status))
	}
	return statuses
}

func TestGuardDuty(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	s := b.set(func(spec *trail.Spec) { spec.GuardDuty = true })
	detector := s.guardDuty()
	id := func(ctx context.Context) *string {
		id, err := s.detector(ctx)
		if err != nil || id == "" {
			t.Fatalf("detector %q (%v)", id, err)
		}
		return &id
	}
	suspend := func(ctx context.Context) error {
		_, err := b.GuardDuty.UpdateDetector(ctx, &guardduty.UpdateDetectorInput{DetectorId: id(ctx), Enable: aws.Bool(false)})
		return err
	}
	mends(t, detector, []drift{
		{"suspended", suspend, []string{"status"}},
		{"deleted", func(ctx context.Context) error {
			_, err := b.GuardDuty.DeleteDetector(ctx, &guardduty.DeleteDetectorInput{DetectorId: id(ctx)})
			return err
		}, []string{"status", "tags"}},
	})
	mustDestroy(t, detector)
	if left := b.detectors(t); len(left) > 0 {
		t.Errorf("after destroy: %q", left)
	}

	// One that was there before is used, and outlives the trail.
	_, err := b.GuardDuty.CreateDetector(t.Context(), &guardduty.CreateDetectorInput{Enable: aws.Bool(true), Tags: map[string]string{"team": "other"}})
	if err != nil {
		t.Fatal(err)
	}
	before := *id(t.Context())
	mends(t, detector, []drift{{"somebody's suspended", suspend, []string{"status"}}})
	result := mustDestroy(t, detector)
	if left := b.detectors(t); len(left) != 1 || *id(t.Context()) != before {
		t.Errorf("after destroy: %q", left)
	}
	if change := result.Plan.Changes()[0]; change.Action != converge.Keep || change.Note == "" {
		t.Errorf("%+v", change)
	}
}
