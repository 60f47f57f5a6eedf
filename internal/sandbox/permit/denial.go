package permit

import (
	"fmt"

	"github.com/cerpac/trailkeeper/internal/access"
)

// Error codes of services, as GetTrailStatus shows them.
const (
	accessDenied       = "AccessDenied"
	noSuchBucket       = "NoSuchBucket"
	keyDisabled        = "KMS.DisabledException"
	keyInvalidState    = "KMS.KMSInvalidStateException"
	keyNotFound        = "KMS.NotFoundException"
	topicNotFound      = "NotFound"
	topicNotAuthorized = "AuthorizationError"
	topicKeyDenied     = "KMSAccessDenied"
	groupNotFound      = "ResourceNotFoundException"
)

// denial returns what CloudTrail says to a problem.
func denial(t Trail, a access.Answer) *Denial {
	d := &Denial{Status: accessDenied, Why: a.String()}
	switch a.Subject {
	case access.TheBucket:
		d.bucket(t, a)
	case access.TheKey:
		d.key(t, a)
	case access.TheTopic:
		d.Code, d.Message = "InsufficientSnsTopicPolicyException", "SNS Topic does not exist or the topic policy is incorrect!"
		d.Status = topicStatus(a)
	case access.TheRole:
		d.role(a)
	case access.TheLogGroup:
		d.Code, d.Message = "InvalidCloudWatchLogsLogGroupArnException", "Check the log group ARN: CloudTrail can't validate it."
		d.Status = groupNotFound
	}
	return d
}

func (d *Denial) bucket(t Trail, a access.Answer) {
	if a.Problem == access.Missing {
		d.Code, d.Message = "S3BucketDoesNotExistException", fmt.Sprintf("S3 bucket %s does not exist!", t.Bucket)
		d.Status = noSuchBucket
		return
	}
	d.Code, d.Message = "InsufficientS3BucketPolicyException", "Incorrect S3 bucket policy is detected for bucket: "+t.Bucket
}

func (d *Denial) key(t Trail, a access.Answer) {
	d.Status = keyStatus(a)
	switch a.Problem {
	case access.Refused:
		d.Code = "InsufficientEncryptionPolicyException"
		d.Message = fmt.Sprintf("Insufficient permissions to access S3 bucket %s or KMS key %s.", t.Bucket, a.Name)
	case access.Unusable:
		d.Code, d.Message = "KmsException", fmt.Sprintf("KMS key %s is not enabled: its state is %s.", a.Name, a.State)
	default:
		d.Code = "KmsKeyNotFoundException"
		d.Message = fmt.Sprintf("KMS key %s does not exist, or is not in the same Region as S3 bucket %s.", a.Name, t.Bucket)
	}
}

func keyStatus(a access.Answer) string {
	switch {
	case a.Problem == access.Refused:
		return accessDenied
	case a.State == "Disabled":
		return keyDisabled
	case a.Problem == access.Unusable:
		return keyInvalidState
	}
	return keyNotFound
}

func topicStatus(a access.Answer) string {
	switch {
	case a.Within != nil && a.Problem == access.Refused:
		return topicKeyDenied
	case a.Within != nil:
		return keyStatus(*a.Within)
	case a.Problem == access.Refused:
		return topicNotAuthorized
	}
	return topicNotFound
}

// role is for the trail's role: its trust in CloudTrail, and then its own rights. A
// missing role is refused like one that does not trust CloudTrail.
func (d *Denial) role(a access.Answer) {
	d.Code, d.Message = "InvalidCloudWatchLogsRoleArnException", "Access denied. Check the trust relationships for your role."
	if a.Trusted() {
		d.Code, d.Message = "InvalidCloudWatchLogsLogGroupArnException", "Access denied. Check the permissions for your role."
	}
}
