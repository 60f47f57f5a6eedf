package resources

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// trailLogGroup is the log group that the trail writes to.
type trailLogGroup struct{ *Set }

func (s *Set) logGroup() []converge.Resource {
	g := trailLogGroup{s}
	resource := converge.Resource{
		Kind: "log group", Name: s.Names.LogGroup,
		Want: g.want, Read: g.read, Create: g.create, Delete: g.delete,
		// The class cannot be changed: no part writes it.
		Parts: []converge.Part{
			{Fields: []string{"retention_days"}, Call: "logs:PutRetentionPolicy", Write: g.retain},
			{Fields: []string{"kms_key"}, Call: "logs:AssociateKmsKey", Write: g.encrypt},
			{Fields: []string{"deletion_protection"}, Call: "logs:PutLogGroupDeletionProtection", Write: g.protect},
			{Fields: []string{"tags"}, Call: "logs:TagResource", Write: g.tag},
		},
		Retry: waitForLogGroup,
	}
	if s.Spec.LogGroupDeletionProtection {
		resource.Delete, resource.Stays = nil, "log_group_deletion_protection is on"
	}
	return []converge.Resource{resource}
}

func (g trailLogGroup) want() (converge.State, error) {
	return converge.State{
		"retention_days":      g.Spec.LogGroupRetention(),
		"kms_key":             g.wantedKey(),
		"deletion_protection": g.Spec.LogGroupDeletionProtection,
		"class":               string(types.LogGroupClassStandard), // other classes have no metric filters
		"tags":                g.wantedTags(),
	}, nil
}

func (g trailLogGroup) read(ctx context.Context) (converge.Actual, error) {
	g.refs.LogGroup = foreign
	found, err := g.find(ctx)
	if err != nil || found == nil {
		return converge.Actual{}, err
	}
	tags, err := g.Account.Logs.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &g.Names.LogGroupARN})
	if account.Missing(err) { // deleted since it was found
		return converge.Actual{}, nil
	}
	if err != nil {
		return converge.Actual{}, err
	}
	class := found.LogGroupClass
	if class == "" {
		class = types.LogGroupClassStandard
	}
	g.refs.LogGroup = g.claimOf(tags.Tags)
	note, err := g.subscribers(ctx)
	if err != nil {
		return converge.Actual{}, err
	}
	now := g.found(tags.Tags, converge.State{
		"retention_days":      int(aws.ToInt32(found.RetentionInDays)), // 0 means for ever
		"kms_key":             orNil(aws.ToString(found.KmsKeyId)),
		"deletion_protection": aws.ToBool(found.DeletionProtectionEnabled),
		"class":               string(class),
	})
	now.Note = note
	return now, nil
}

// find returns nil if there is no log group of that name.
func (g trailLogGroup) find(ctx context.Context) (*types.LogGroup, error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(g.Account.Logs,
		&cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &g.Names.LogGroup})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, group := range page.LogGroups {
			if aws.ToString(group.LogGroupName) == g.Names.LogGroup {
				return &group, nil
			}
		}
	}
	return nil, nil
}

// create leaves key and protection to the parts, so that an error names the call that
// failed.
func (g trailLogGroup) create(ctx context.Context) error {
	_, err := g.Account.Logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{
		LogGroupName: &g.Names.LogGroup, LogGroupClass: types.LogGroupClassStandard, Tags: g.wantedTags(),
	})
	return err
}

func (g trailLogGroup) retain(ctx context.Context, _ converge.Actual) error {
	days := g.Spec.LogGroupRetention()
	if days == 0 {
		_, err := g.Account.Logs.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &g.Names.LogGroup})
		return err
	}
	_, err := g.Account.Logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
		LogGroupName: &g.Names.LogGroup, RetentionInDays: aws.Int32(int32(days)),
	})
	return err
}

func (g trailLogGroup) encrypt(ctx context.Context, _ converge.Actual) error {
	key := g.encryptedBy()
	if key == "" {
		_, err := g.Account.Logs.DisassociateKmsKey(ctx, &cloudwatchlogs.DisassociateKmsKeyInput{LogGroupName: &g.Names.LogGroup})
		return err
	}
	_, err := g.Account.Logs.AssociateKmsKey(ctx, &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: &g.Names.LogGroup, KmsKeyId: &key})
	return err
}

func (g trailLogGroup) protect(ctx context.Context, _ converge.Actual) error {
	return g.setProtection(ctx, g.Spec.LogGroupDeletionProtection)
}

func (g trailLogGroup) setProtection(ctx context.Context, on bool) error {
	_, err := g.Account.Logs.PutLogGroupDeletionProtection(ctx, &cloudwatchlogs.PutLogGroupDeletionProtectionInput{
		LogGroupIdentifier: &g.Names.LogGroup, DeletionProtectionEnabled: &on,
	})
	return err
}

func (g trailLogGroup) tag(ctx context.Context, now converge.Actual) error {
	_, err := g.Account.Logs.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: &g.Names.LogGroupARN, Tags: g.tagsFor(now)})
	return err
}

// delete turns off deletion protection, unless the spec wants it.
func (g trailLogGroup) delete(ctx context.Context) error {
	found, err := g.find(ctx)
	if err != nil || found == nil {
		return err
	}
	if aws.ToBool(found.DeletionProtectionEnabled) {
		if err := g.setProtection(ctx, false); err != nil {
			return err
		}
	}
	_, err = g.Account.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &g.Names.LogGroup})
	return err
}

// waitForLogGroup recognizes CloudWatch Logs' error for a key that it may not use yet.
func waitForLogGroup(err error) string {
	if account.Code(err) == "InvalidParameterException" && strings.Contains(strings.ToUpper(err.Error()), "KMS") {
		return "the policy of the key is not known to CloudWatch Logs yet"
	}
	return ""
}
