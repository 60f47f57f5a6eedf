package trails

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/arn/partition"
	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
)

// maxTrails is how many trails a Region may have. A multi-Region trail counts in
// every Region.
const maxTrails = 5

// trailRequest is the input of CreateTrail and UpdateTrail. A nil member changes
// nothing; "" removes the setting.
type trailRequest struct {
	Name                       string
	S3BucketName               *string
	S3KeyPrefix                *string
	SnsTopicName               *string
	IncludeGlobalServiceEvents *bool
	IsMultiRegionTrail         *bool
	EnableLogFileValidation    *bool
	CloudWatchLogsLogGroupArn  *string
	CloudWatchLogsRoleArn      *string
	KmsKeyID                   *string `json:"KmsKeyId"`
	IsOrganizationTrail        *bool
	TagsList                   []Tag // of CreateTrail only
}

func (s *Store) createTrail(ctx context.Context, c cloudtrail.Call, in trailRequest) (any, error) {
	if err := checkTrailName(in.Name); err != nil {
		return nil, err
	}
	t := Trail{ID: rand.Text(), Name: in.Name, Account: c.Account, Region: c.Region, GlobalEvents: true}
	in.S3BucketName = cmp.Or(in.S3BucketName, new(""))
	if err := s.configure(ctx, c, &t, in); err != nil {
		return nil, err
	}
	t.ARN = trailARN(t.Account, t.Region, t.Name)
	if err := s.mayCreate(t); err != nil {
		return nil, err
	}
	var err error
	if t.Tags, err = withTags(nil, in.TagsList); err != nil {
		return nil, err
	}
	if err := s.checkPermits(ctx, t, in); err != nil {
		return nil, err
	}
	return t.configured(), s.put(t)
}

// mayCreate refuses a name that is in use in the Region, also by a shadow trail, and
// a trail above the limit.
func (s *Store) mayCreate(t Trail) error {
	taken := slices.ContainsFunc(s.live(), func(other Trail) bool {
		return other.Account == t.Account && other.Name == t.Name && (other.Region == t.Region || other.MultiRegion)
	})
	if taken {
		return cloudtrail.Refuse("TrailAlreadyExistsException", "Trail %s already exists for customer: %s", t.Name, t.Account)
	}
	return s.checkRoom(t)
}

// checkRoom refuses a trail that exceeds the limit in a Region it covers.
func (s *Store) checkRoom(t Trail) error {
	everywhere, in := 0, map[string]int{t.Region: 0}
	for _, other := range s.live() {
		switch {
		case other.Account != t.Account || other.ID == t.ID:
		case other.MultiRegion:
			everywhere++
		case t.MultiRegion || other.Region == t.Region:
			in[other.Region]++
		}
	}
	for _, region := range slices.Sorted(maps.Keys(in)) {
		n := in[region] + everywhere
		if n >= maxTrails {
			return cloudtrail.Refuse("MaximumNumberOfTrailsExceededException", "User: %s already has %d trails in %s.", t.Account, n, region)
		}
	}
	return nil
}

func (s *Store) updateTrail(ctx context.Context, c cloudtrail.Call, in trailRequest) (any, error) {
	t, err := s.own(ctx, c, in.Name)
	if err != nil {
		return nil, err
	}
	wasMultiRegion := t.MultiRegion
	if err := s.configure(ctx, c, &t, in); err != nil {
		return nil, err
	}
	if t.MultiRegion && !wasMultiRegion {
		if err := s.checkRoom(t); err != nil {
			return nil, err
		}
	}
	if err := s.checkPermits(ctx, t, in); err != nil {
		return nil, err
	}
	return t.configured(), s.put(t)
}

// configure applies the request to the trail.
func (s *Store) configure(ctx context.Context, c cloudtrail.Call, t *Trail, in trailRequest) error {
	if err := t.configureBucket(in); err != nil {
		return err
	}
	t.GlobalEvents = *cmp.Or(in.IncludeGlobalServiceEvents, &t.GlobalEvents)
	t.MultiRegion = *cmp.Or(in.IsMultiRegionTrail, &t.MultiRegion)
	t.Validation = *cmp.Or(in.EnableLogFileValidation, &t.Validation)
	if t.MultiRegion && !t.GlobalEvents {
		return cloudtrail.Refuse("InvalidParameterCombinationException", "Multi-Region trail must include global service events.")
	}
	if err := s.configureOrganization(ctx, c, t, in); err != nil {
		return err
	}
	if in.SnsTopicName != nil {
		t.TopicName, t.TopicARN = *in.SnsTopicName, ""
		if t.TopicName != "" {
			var err error
			if t.TopicARN, err = topicARN(t.TopicName, t.Account, t.Region); err != nil {
				return err
			}
		}
	}
	if err := t.configureLogs(in); err != nil {
		return err
	}
	return s.configureKey(ctx, t, in)
}

func (t *Trail) configureBucket(in trailRequest) error {
	if in.S3BucketName != nil {
		t.Bucket = *in.S3BucketName
		if err := checkBucket(t.Bucket); err != nil {
			return err
		}
	}
	if in.S3KeyPrefix != nil {
		t.Prefix = *in.S3KeyPrefix
	}
	return checkPrefix(t.Prefix)
}

// configureLogs sets the log group and the role. A request must have both or neither,
// even if the trail has one of them already.
func (t *Trail) configureLogs(in trailRequest) error {
	if in.CloudWatchLogsLogGroupArn == nil && in.CloudWatchLogsRoleArn == nil {
		return nil
	}
	group := *cmp.Or(in.CloudWatchLogsLogGroupArn, new(""))
	role := *cmp.Or(in.CloudWatchLogsRoleArn, new(""))
	t.LogGroupARN, t.RoleARN = group, role
	if group == "" && role == "" {
		return nil
	}
	if role == "" {
		return cloudtrail.Refuse("InvalidCloudWatchLogsRoleArnException", "You must specify a role ARN as well as a log group.")
	}
	if group == "" {
		return cloudtrail.Refuse("InvalidCloudWatchLogsLogGroupArnException", "You must specify a log group as well as a role ARN.")
	}
	a, err := arn.Parse(group)
	name, isGroup := strings.CutPrefix(a.Resource, "log-group:")
	name, isWhole := strings.CutSuffix(name, ":*")
	if err != nil || a.Service != "logs" || a.Region != t.Region || a.AccountID != t.Account || !isGroup || !isWhole ||
		name == "" || strings.Contains(name, ":") {
		return cloudtrail.Refuse("InvalidCloudWatchLogsLogGroupArnException", "CloudTrail cannot validate the specified log group ARN.")
	}
	a, err = arn.Parse(role)
	if err != nil || a.Service != "iam" || a.Region != "" || a.AccountID != t.Account || !strings.HasPrefix(a.Resource, "role/") {
		return cloudtrail.Refuse("InvalidCloudWatchLogsRoleArnException", "CloudTrail cannot validate the specified role ARN.")
	}
	return nil
}

// configureKey sets the KMS key. The request may have any form of key ID; the trail
// gets the ARN.
func (s *Store) configureKey(ctx context.Context, t *Trail, in trailRequest) error {
	if in.KmsKeyID == nil {
		return nil
	}
	id := *in.KmsKeyID
	t.KeyARN = ""
	if id == "" {
		return nil
	}
	t.KeyARN = id
	if !arn.Begins(id) {
		resource := id
		if !strings.HasPrefix(id, "alias/") {
			resource = "key/" + id
		}
		t.KeyARN = arn.Build(partition.Of(t.Region).ID, "kms", t.Region, t.Account, resource)
	}
	a, err := arn.Parse(t.KeyARN)
	kind, name, _ := strings.Cut(a.Resource, "/")
	if err != nil || a.Service != "kms" || a.Region == "" || !isAccount(a.AccountID) || (kind != "key" && kind != "alias") || name == "" {
		return cloudtrail.Refuse("InvalidKmsKeyIdException", "The KMS key ID is not valid: %s.", id)
	}
	if s.config.Keys == nil {
		return nil
	}
	found, err := s.config.Keys.KeyARN(ctx, a.AccountID, t.Region, t.KeyARN)
	if err != nil {
		return fmt.Errorf("find KMS key %q: %w", id, err)
	}
	if found == "" {
		return cloudtrail.Refuse("KmsKeyNotFoundException", "The KMS key %s was not found.", id)
	}
	t.KeyARN = found
	return nil
}

// configureOrganization makes the trail an organization trail of the caller's
// organization, or an account's trail again.
func (s *Store) configureOrganization(ctx context.Context, c cloudtrail.Call, t *Trail, in trailRequest) error {
	if in.IsOrganizationTrail == nil || *in.IsOrganizationTrail == (t.OrganizationID != "") {
		return nil
	}
	o, err := s.organization(ctx, c.Account)
	if err != nil {
		return err
	}
	creates := t.ARN == "" // set later, when the owner account is known
	switch {
	case o.ID == "":
		return cloudtrail.Refuse("OrganizationsNotInUseException", "Your account is not a member of an organization.")
	case c.Account != o.Management && (!creates || !slices.Contains(o.Delegated, c.Account)):
		return cloudtrail.Refuse("NotOrganizationMasterAccountException", "Your account is not the management account of the organization.")
	case !o.AllFeatures:
		return cloudtrail.Refuse("OrganizationNotInAllFeaturesModeException", "Your organization does not have all features enabled.")
	case !o.Trusted:
		return cloudtrail.Refuse("CloudTrailAccessNotEnabledException", "Your organization hasn't enabled CloudTrail service access.")
	}
	t.OrganizationID = ""
	if *in.IsOrganizationTrail {
		// A delegated administrator's trails belong to the management account.
		t.OrganizationID, t.Account = o.ID, o.Management
	}
	return nil
}

// checkPermits checks that CloudTrail may use the resources that the request sets.
func (s *Store) checkPermits(ctx context.Context, t Trail, in trailRequest) error {
	if s.config.Permit == nil {
		return nil
	}
	asks := func(values ...*string) bool {
		return slices.ContainsFunc(values, func(v *string) bool { return v != nil && *v != "" })
	}
	p, want := s.config.Permit, t.permission()
	for _, check := range []struct {
		asked bool
		of    func(context.Context, permit.Trail) error
	}{
		{asks(in.S3BucketName) || in.S3KeyPrefix != nil || in.IsOrganizationTrail != nil, p.Bucket},
		{asks(in.SnsTopicName), p.Topic},
		{asks(in.KmsKeyID), p.Key},
		{asks(in.CloudWatchLogsLogGroupArn, in.CloudWatchLogsRoleArn), p.LogGroup},
	} {
		if !check.asked {
			continue
		}
		if err := check.of(ctx, want); err != nil {
			return fmt.Errorf("check what trail %q may use: %w", t.ARN, err)
		}
	}
	return nil
}

// permission describes the trail to the permit checker.
func (t Trail) permission() permit.Trail {
	return permit.Trail{
		ARN: t.ARN, Account: t.Account, Region: t.Region, Organization: t.OrganizationID,
		Bucket: t.Bucket, Prefix: t.Prefix, KeyARN: t.KeyARN, TopicARN: t.TopicARN,
		LogGroupARN: t.LogGroupARN, RoleARN: t.RoleARN,
	}
}
