package resources

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// securityHub is the hub in the trail's Region with the standards of the spec. The
// hub's default standards stay off, because each costs.
func (s *Set) securityHub() []converge.Resource {
	if !s.Spec.SecurityHub.Enabled {
		return []converge.Resource{s.leftoverStandards(), leftover(s.hub(), "its standards and findings go too")}
	}
	list := []converge.Resource{s.hub()}
	for _, name := range s.Spec.SecurityHub.Standards {
		list = append(list, (&standard{Set: s, name: name}).resource())
	}
	return append(list, s.leftoverStandards())
}

func (s *Set) hub() converge.Resource {
	arn := ""
	return converge.Resource{
		Kind: "Security Hub", Name: s.Account.Region,
		Want: func() (converge.State, error) { return converge.State{"tags": s.wantedTags()}, nil },
		Read: func(ctx context.Context) (actual converge.Actual, err error) {
			var tags map[string]string
			if arn, tags, err = s.describeHub(ctx); arn == "" || err != nil {
				return actual, err
			}
			actual = s.found(tags, converge.State{})
			if !actual.Owned {
				actual.Shared = "a Region has one hub at most, and this one existed before"
				actual.State["tags"] = s.wantedTags() // its tags are not changed
			}
			return actual, nil
		},
		Create: func(ctx context.Context) error {
			_, err := s.Account.SecurityHub.EnableSecurityHub(ctx, &securityhub.EnableSecurityHubInput{
				EnableDefaultStandards: aws.Bool(false), Tags: s.wantedTags(),
			})
			return err
		},
		Parts: []converge.Part{{
			Fields: []string{"tags"}, Call: "securityhub:TagResource",
			Write: func(ctx context.Context, _ converge.Actual) error { return s.tagHub(ctx, arn, s.wantedTags()) },
		}},
		Delete: func(ctx context.Context) error {
			_, err := s.Account.SecurityHub.DisableSecurityHub(ctx, &securityhub.DisableSecurityHubInput{})
			if noHub(err) {
				return nil
			}
			return err
		},
	}
}

// describeHub returns the Region's hub and its tags; the ARN is "" without a hub.
func (s *Set) describeHub(ctx context.Context) (arn string, tags map[string]string, err error) {
	out, err := s.Account.SecurityHub.DescribeHub(ctx, &securityhub.DescribeHubInput{})
	if noHub(err) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	listed, err := s.Account.SecurityHub.ListTagsForResource(ctx, &securityhub.ListTagsForResourceInput{ResourceArn: out.HubArn})
	if err != nil {
		return "", nil, err
	}
	return aws.ToString(out.HubArn), listed.Tags, nil
}

func (s *Set) tagHub(ctx context.Context, arn string, tags map[string]string) error {
	_, err := s.Account.SecurityHub.TagResource(ctx, &securityhub.TagResourceInput{ResourceArn: &arn, Tags: tags})
	return err
}

// noHub reports whether the account is not subscribed to Security Hub in the Region.
func noHub(err error) bool {
	return account.Missing(err) || account.Code(err) == "InvalidAccessException"
}
