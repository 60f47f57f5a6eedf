package resources

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// standard is a subscription of the hub, such as to
// cis-aws-foundations-benchmark/v/3.0.0. It carries no tags. We own the wanted ones of
// a hub that we created; on another hub a tag of the hub marks those that we added.
type standard struct {
	*Set
	name      string
	unoffered error // set by Read if the Region has no standard of the name
}

func (d *standard) resource() converge.Resource {
	return converge.Resource{
		Kind: "Security Hub standard", Name: d.name,
		Want: func() (converge.State, error) { return converge.State{"enabled": true}, d.unoffered },
		Read: d.read, Create: d.create, Delete: d.disable,
		Parts: []converge.Part{{
			Fields: []string{"enabled"}, Call: "securityhub:BatchEnableStandards",
			Write: func(ctx context.Context, _ converge.Actual) error { return d.enable(ctx) },
		}},
		Retry: func(err error) string {
			if noHub(err) {
				return "AWS is still enabling Security Hub"
			}
			return ""
		},
	}
}

func (d *standard) read(ctx context.Context) (actual converge.Actual, err error) {
	hub, tags, err := d.describeHub(ctx)
	if hub == "" || err != nil {
		return actual, err
	}
	if _, d.unoffered, err = d.arn(ctx); err != nil {
		return actual, err
	}
	found, err := d.subscription(ctx)
	if err != nil || found == nil || found.StandardsStatus == types.StandardsStatusDeleting {
		return actual, err
	}
	actual = converge.Actual{
		Exists: true, Owned: d.claimOf(tags) == made || tags[d.mark()] == d.Names.Trail,
		State: converge.State{"enabled": found.StandardsStatus != types.StandardsStatusFailed},
	}
	if !actual.Owned {
		actual.Shared = "it was enabled before"
	}
	if reason := found.StandardsStatusReason; reason != nil {
		actual.Note = fmt.Sprintf("%s: %s", found.StandardsStatus, reason.StatusReasonCode)
	}
	return actual, nil
}

// mark is the key of the hub's tag that marks our subscription.
func (d *standard) mark() string { return trail.OwnerTag + ":" + d.name }

// leftoverStandards are those that we added to a hub of others and that are no longer
// wanted. On a hub that we created, standards that somebody else added cannot be told
// from ours, so they are kept.
func (s *Set) leftoverStandards() converge.Resource {
	return leftoverList("leftover Security Hub standards", s.Account.Region, func(ctx context.Context) (names []string, err error) {
		_, tags, err := s.describeHub(ctx)
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			name, marked := strings.CutPrefix(key, trail.OwnerTag+":")
			wanted := s.Spec.SecurityHub.Enabled && slices.Contains(s.Spec.SecurityHub.Standards, name)
			if marked && tags[key] == s.Names.Trail && !wanted {
				names = append(names, name)
			}
		}
		return names, err
	}, func(ctx context.Context, name string) error { return (&standard{Set: s, name: name}).disable(ctx) })
}

// subscription returns nil if there is none.
func (d *standard) subscription(ctx context.Context) (*types.StandardsSubscription, error) {
	pages := securityhub.NewGetEnabledStandardsPaginator(d.Account.SecurityHub, &securityhub.GetEnabledStandardsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.StandardsSubscriptions {
			if nameOfStandard(s.StandardsArn) == d.name {
				return &s, nil
			}
		}
	}
	return nil, nil
}

// create tags the hub first. If it is interrupted in between, a tag without a
// subscription is left, not a subscription that is never removed.
func (d *standard) create(ctx context.Context) error {
	hub, tags, err := d.describeHub(ctx)
	if err != nil {
		return err
	}
	if hub != "" && d.claimOf(tags) != made {
		if err := d.tagHub(ctx, hub, map[string]string{d.mark(): d.Names.Trail}); err != nil {
			return err
		}
	}
	return d.enable(ctx)
}

func (d *standard) enable(ctx context.Context) error {
	arn, unoffered, err := d.arn(ctx)
	if err = cmp.Or(err, unoffered); err != nil {
		return err
	}
	_, err = d.Account.SecurityHub.BatchEnableStandards(ctx, &securityhub.BatchEnableStandardsInput{
		StandardsSubscriptionRequests: []types.StandardsSubscriptionRequest{{StandardsArn: &arn}},
	})
	return err
}

// arn looks up the standard's ARN. It contains a Region, except for the oldest
// standard.
func (d *standard) arn(ctx context.Context) (arn string, unoffered, err error) {
	var names []string
	pages := securityhub.NewDescribeStandardsPaginator(d.Account.SecurityHub, &securityhub.DescribeStandardsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", nil, err
		}
		for _, s := range page.Standards {
			if nameOfStandard(s.StandardsArn) == d.name {
				return aws.ToString(s.StandardsArn), nil, nil
			}
			names = append(names, nameOfStandard(s.StandardsArn))
		}
	}
	return "", fmt.Errorf("%s has no Security Hub standard %q; it has %s", d.Account.Region, d.name, strings.Join(names, ", ")), nil
}

// nameOfStandard returns what follows standards/ or ruleset/ in the ARN.
func nameOfStandard(arn *string) string {
	_, name, _ := strings.Cut(aws.ToString(arn), "/")
	return name
}

func (d *standard) disable(ctx context.Context) error {
	hub, tags, err := d.describeHub(ctx)
	if hub == "" || err != nil {
		return err
	}
	found, err := d.subscription(ctx)
	if err != nil {
		return err
	}
	if found != nil && found.StandardsStatus != types.StandardsStatusDeleting {
		_, err := d.Account.SecurityHub.BatchDisableStandards(ctx, &securityhub.BatchDisableStandardsInput{
			StandardsSubscriptionArns: []string{aws.ToString(found.StandardsSubscriptionArn)},
		})
		if err != nil {
			return err
		}
	}
	if _, marked := tags[d.mark()]; !marked {
		return nil
	}
	_, err = d.Account.SecurityHub.UntagResource(ctx, &securityhub.UntagResourceInput{ResourceArn: &hub, TagKeys: []string{d.mark()}})
	return err
}
