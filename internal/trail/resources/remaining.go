package resources

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// needed makes each resource stay if a remaining trail uses it.
func (s *Set) needed(list []converge.Resource, uses func(types.Trail) bool) []converge.Resource {
	for i, r := range list {
		keep := r.Keep
		list[i].Keep = func(ctx context.Context) (why string, err error) {
			if keep != nil {
				if why, err = keep(ctx); err != nil || why != "" {
					return why, err
				}
			}
			return s.usedByTrail(ctx, uses)
		}
	}
	return list
}

// usedByTrail returns which trail of the Region uses something, or "". It ignores our
// own trail if that will be deleted first.
func (s *Set) usedByTrail(ctx context.Context, uses func(types.Trail) bool) (why string, err error) {
	described, err := s.Account.Trails.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	if err != nil {
		return "", err
	}
	for _, t := range described.TrailList {
		if !uses(t) {
			continue
		}
		if arn := aws.ToString(t.TrailARN); arn != s.Names.TrailARN {
			return "the trail " + aws.ToString(t.Name) + " uses it too", nil
		}
		tags, err := (&auditTrail{Set: s}).tags(ctx)
		if account.Missing(err) { // deleted since it was listed
			continue
		}
		if err != nil {
			return "", err
		}
		if s.claimOf(tags) != made {
			return "the trail " + s.Names.Trail + " stays, and uses it", nil
		}
	}
	return "", nil
}

// encrypts returns what stays and would be unreadable without the key, or "".
func (k *logKey) encrypts(ctx context.Context) (why string, err error) {
	isKey := func(name *string) bool { return slices.Contains([]string{k.refs.KeyARN, *k.id}, aws.ToString(name)) }
	if why, err = k.usedByTrail(ctx, func(t types.Trail) bool { return isKey(t.KmsKeyId) }); err != nil || why != "" {
		return why, err
	}
	group := trailLogGroup{k.Set}
	found, err := group.find(ctx)
	if err != nil {
		return "", err
	}
	if found != nil && isKey(found.KmsKeyId) {
		if now, err := group.read(ctx); err != nil || now.Exists && (!now.Owned || now.Adopted) {
			return "the log group " + k.Names.LogGroup + " stays, and is encrypted with it", err
		}
	}
	logs := k.storage("bucket", k.Names.Bucket)
	if exists, err := logs.exists(ctx); err != nil || !exists {
		return "", err
	}
	tags, err := logs.readTags(ctx)
	if err != nil || k.claimOf(tags) == made {
		return "", err
	}
	return "the bucket " + logs.name + " stays, and is encrypted with it", nil
}
