package account

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
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
	"github.com/aws/smithy-go/logging"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/outcome"
)

// timeout limits one attempt of a call, so that a dead connection ends.
const timeout = 60 * time.Second

// Options say where to connect to. Empty fields take what the AWS CLI would use:
// environment, shared configuration, the machine's role.
type Options struct {
	Region string
	// Endpoint is the URL for all services; "" means AWS_ENDPOINT_URL, or AWS itself.
	Endpoint string
	Profile  string
	// ExpectedAccount makes Connect refuse any other account; "" accepts every account.
	ExpectedAccount string
	// Organization looks up the organization that the account belongs to.
	Organization bool
}

// Connect connects and finds out who the caller is. It changes nothing. Its errors have
// hints.
func Connect(ctx context.Context, opts Options) (*Account, error) {
	cfg, err := opts.load(ctx)
	if err != nil {
		return nil, err
	}
	a := clients(cfg)
	a.Region = cfg.Region
	if err := a.identify(ctx, cfg.Credentials); err != nil {
		return nil, err
	}
	if opts.ExpectedAccount != "" && a.Account != opts.ExpectedAccount {
		return nil, outcome.WithHint(fmt.Errorf("connect to AWS: %s is in account %s, not in %s", a.Caller, a.Account, opts.ExpectedAccount),
			"set AWS_PROFILE, or other credentials, for account "+opts.ExpectedAccount+"; or change expected_account")
	}
	if opts.Organization {
		if err := a.organize(ctx); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (o Options) load(ctx context.Context) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}), // errors are returned, not logged
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(timeout)),
	}
	if o.Region != "" {
		options = append(options, config.WithRegion(o.Region))
	}
	if o.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(o.Endpoint))
	}
	if o.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(o.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	var profile config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &profile):
		return cfg, outcome.WithHint(fmt.Errorf("connect to AWS: no profile %q in the shared configuration", profile.Profile),
			"aws configure list-profiles lists the profiles")
	case err != nil:
		return cfg, fmt.Errorf("read AWS configuration: %w", err)
	case cfg.Region == "":
		return cfg, outcome.WithHint(errors.New("connect to AWS: no Region is set"),
			"set region in the configuration of the trail, or AWS_REGION, to the trail's home Region")
	case !regionName.MatchString(cfg.Region):
		return cfg, outcome.WithHint(fmt.Errorf("connect to AWS: %q is not the name of a Region", cfg.Region),
			"Regions have names such as eu-west-2 and us-gov-west-1")
	}
	return cfg, nil
}

var regionName = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)

// clients makes a client for each service. Other hosts than AWS's seldom resolve bucket
// names as host names, so they are addressed by path.
func clients(cfg aws.Config) *Account {
	cfg.APIOptions = append(cfg.APIOptions, advise)
	return &Account{
		Trails:        cloudtrail.NewFromConfig(cfg),
		Alarms:        cloudwatch.NewFromConfig(cfg),
		Logs:          cloudwatchlogs.NewFromConfig(cfg),
		Config:        configservice.NewFromConfig(cfg),
		GuardDuty:     guardduty.NewFromConfig(cfg),
		IAM:           iam.NewFromConfig(cfg),
		KMS:           kms.NewFromConfig(cfg),
		Organizations: organizations.NewFromConfig(cfg),
		S3:            s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil }),
		SecurityHub:   securityhub.NewFromConfig(cfg),
		SNS:           sns.NewFromConfig(cfg),
		STS:           sts.NewFromConfig(cfg),
	}
}

// identify fills in the account and the partition, both from the caller's ARN.
func (a *Account) identify(ctx context.Context, credentials aws.CredentialsProvider) error {
	if _, err := credentials.Retrieve(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return outcome.WithHint(fmt.Errorf("connect to AWS: no credentials: %w", err),
			"set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with aws sso login")
	}
	who, err := a.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return fmt.Errorf("connect to AWS in %s: %w", a.Region, err)
	}
	a.Caller, a.Account = aws.ToString(who.Arn), aws.ToString(who.Account)
	caller, err := arn.Parse(a.Caller)
	if err != nil || a.Account == "" {
		return fmt.Errorf("connect to AWS: the caller has the ARN %q and the account %q", a.Caller, a.Account)
	}
	a.Partition = caller.Partition
	return nil
}
