package resources

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// guardDuty is a detector in the trail's Region. It does not need the trail: it reads
// CloudTrail's events directly.
func (s *Set) guardDuty() []converge.Resource {
	if !s.Spec.GuardDuty {
		return []converge.Resource{leftover(s.guardDutyDetector(), "its findings go too")}
	}
	return []converge.Resource{s.guardDutyDetector()}
}

func (s *Set) guardDutyDetector() converge.Resource {
	id := ""
	return converge.Resource{
		Kind: "GuardDuty detector", Name: s.Account.Region,
		Want: func() (converge.State, error) {
			return converge.State{"status": string(types.DetectorStatusEnabled), "tags": s.wantedTags()}, nil
		},
		Read: func(ctx context.Context) (actual converge.Actual, err error) {
			if id, err = s.detector(ctx); id == "" || err != nil {
				return actual, err
			}
			out, err := s.Account.GuardDuty.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: &id})
			if err != nil {
				return actual, err
			}
			actual = s.found(out.Tags, converge.State{"status": string(out.Status)})
			if !actual.Owned {
				actual.Shared = "a Region has one detector at most, and this one existed before"
				actual.State["tags"] = s.wantedTags() // its tags are not changed
			}
			return actual, nil
		},
		Create: func(ctx context.Context) error {
			_, err := s.Account.GuardDuty.CreateDetector(ctx, &guardduty.CreateDetectorInput{Enable: aws.Bool(true), Tags: s.wantedTags()})
			return err
		},
		Parts: []converge.Part{
			{Fields: []string{"status"}, Call: "guardduty:UpdateDetector", Write: func(ctx context.Context, _ converge.Actual) error {
				_, err := s.Account.GuardDuty.UpdateDetector(ctx, &guardduty.UpdateDetectorInput{DetectorId: &id, Enable: aws.Bool(true)})
				return err
			}},
			{Fields: []string{"tags"}, Call: "guardduty:TagResource", Write: func(ctx context.Context, _ converge.Actual) error {
				_, err := s.Account.GuardDuty.TagResource(ctx, &guardduty.TagResourceInput{ResourceArn: s.detectorARN(id), Tags: s.wantedTags()})
				return err
			}},
		},
		Delete: func(ctx context.Context) error {
			if there, err := s.detector(ctx); there != id || err != nil {
				return err
			}
			_, err := s.Account.GuardDuty.DeleteDetector(ctx, &guardduty.DeleteDetectorInput{DetectorId: &id})
			return err
		},
	}
}

// detector returns the id of the Region's detector, or "".
func (s *Set) detector(ctx context.Context) (string, error) {
	out, err := s.Account.GuardDuty.ListDetectors(ctx, &guardduty.ListDetectorsInput{})
	if err != nil || len(out.DetectorIds) == 0 {
		return "", err
	}
	return out.DetectorIds[0], nil
}

func (s *Set) detectorARN(id string) *string {
	return aws.String(s.Account.ARN("guardduty", "detector/"+id))
}
