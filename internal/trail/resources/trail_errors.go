package resources

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// maxTrails is how many trails a Region can have. AWS does not raise this quota.
const maxTrails = 5

// waitForTrail recognizes the errors of CloudTrail for changes that are not propagated
// yet.
func waitForTrail(err error) string {
	switch account.Code(err) {
	case "InvalidCloudWatchLogsRoleArnException", "InvalidCloudWatchLogsLogGroupArnException":
		if strings.Contains(err.Error(), "Access denied") {
			return "the role is not known to CloudTrail yet"
		}
	case "InsufficientS3BucketPolicyException":
		return "the policy of the bucket is not known to CloudTrail yet"
	case "InsufficientEncryptionPolicyException":
		return "the policy of the key is not known to CloudTrail yet"
	case "InsufficientSnsTopicPolicyException":
		return "the policy of the topic is not known to CloudTrail yet"
	}
	if errors.Is(err, errSilent) {
		return "the trail does not log yet"
	}
	return ""
}

// wait is waitForTrail, but not for what another account must allow: that may take
// days.
func (t *auditTrail) wait(err error) string {
	if _, ok := t.lacking(account.Code(err)); ok {
		return ""
	}
	return waitForTrail(err)
}

// lacking returns the missing grant that an error code of CloudTrail points to.
func (t *auditTrail) lacking(code string) (g converge.Grant, ok bool) {
	switch code {
	case "InsufficientS3BucketPolicyException":
		return t.grant("bucket")
	case "InsufficientEncryptionPolicyException":
		return t.grant("KMS key")
	}
	return g, false
}

// checkRoom returns the errors that CreateTrail would return because of existing
// trails.
func (t *auditTrail) checkRoom() error {
	var own []string
	for _, other := range t.beside {
		if arn.Account(aws.ToString(other.TrailARN)) != t.owner() {
			continue
		}
		name, home := aws.ToString(other.Name), aws.ToString(other.HomeRegion)
		if name == t.Names.Trail {
			return fmt.Errorf("the trail %q exists with the home Region %s: set region to %s, or delete it there first", name, home, home)
		}
		own = append(own, name+" of "+home)
	}
	if len(own) < maxTrails {
		return nil
	}
	slices.Sort(own)
	return fmt.Errorf("%s has the %d trails that a Region can have (%s): delete one that is no longer needed",
		t.Account.Region, len(own), strings.Join(own, ", "))
}

// explain adds a hint to an error of CloudTrail.
func (t *auditTrail) explain(err error) error {
	if g, ok := t.lacking(account.Code(err)); ok {
		return outcome.WithHint(fmt.Errorf("%w (account %s does not let this trail in)", err, g.Account), g.String())
	}
	if advice := t.advice(account.Code(err)); advice != "" {
		return fmt.Errorf("%w (%s)", err, advice)
	}
	return err
}

func (t *auditTrail) advice(code string) string {
	switch code {
	case "MaximumNumberOfTrailsExceededException":
		return fmt.Sprintf("a Region can have %d trails, and one of several Regions counts in each: delete one that is no longer needed", maxTrails)
	case "TrailAlreadyExistsException", "InvalidHomeRegionException":
		return "set region to the home Region of the trail, or delete it there first"
	case "S3BucketDoesNotExistException":
		if e := t.Spec.ExistingBucket; e != nil {
			return fmt.Sprintf("account %s has to make the bucket first", e.Owner)
		}
	case "InsufficientS3BucketPolicyException":
		return fmt.Sprintf("the policy of bucket %s must let this trail write, and no policy of the organization may forbid it", t.Names.Bucket)
	case "InsufficientEncryptionPolicyException":
		return fmt.Sprintf("the policy of key %s must let cloudtrail.amazonaws.com do kms:GenerateDataKey* and kms:DescribeKey for the trail %s", t.encryptedBy(), t.Names.TrailARN)
	case "InsufficientSnsTopicPolicyException":
		return fmt.Sprintf("the policy of topic %s must let cloudtrail.amazonaws.com do SNS:Publish for the trail %s", t.notified(), t.Names.TrailARN)
	case "InvalidCloudWatchLogsRoleArnException", "InvalidCloudWatchLogsLogGroupArnException":
		if t.owner() != t.Account.Account {
			return fmt.Sprintf("the log group and the role must be in the account that owns the trail: use the credentials of account %s", t.owner())
		}
		return fmt.Sprintf("the role %s must trust cloudtrail.amazonaws.com and write to %s, and no policy of the organization may forbid it",
			t.Names.Role, t.Names.LogGroup)
	case "KmsKeyNotFoundException", "KmsException", "InvalidKmsKeyIdException":
		return fmt.Sprintf("the key %s must be enabled and in %s", t.encryptedBy(), t.Account.Region)
	}
	return organizationAdvice(code)
}

// owner is the account that owns the trail.
func (t *auditTrail) owner() string { return arn.Account(t.Names.TrailARN) }
