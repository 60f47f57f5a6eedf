// Package account is the AWS account that a trail is in: who we are there, and the clients to work with.
package account

import (
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/cerpac/trailkeeper/internal/trail"
)

// Account is where the trail is, and how to reach what is there.
type Account struct {
	trail.Place
	Caller string // ARN

	Trails        *cloudtrail.Client
	Alarms        *cloudwatch.Client
	Logs          *cloudwatchlogs.Client
	Config        *configservice.Client
	GuardDuty     *guardduty.Client
	IAM           *iam.Client
	KMS           *kms.Client
	Organizations *organizations.Client
	S3            *s3.Client
	SecurityHub   *securityhub.Client
	SNS           *sns.Client
	STS           *sts.Client
}
