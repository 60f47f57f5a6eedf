// Package account connects to the AWS account that holds a trail.
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

// Account is the account, the caller in it, and the clients to work with.
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
