package providertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// The names in the configuration.
const (
	region         = "us-east-1"
	trailName      = "provider-trail"
	bucketName     = "provider-trail-logs"
	accessLogsName = "provider-access-logs"
	logGroupName   = "/provider/trail"
	roleName       = "provider-trail-logs"
	rolePolicyName = "deliver"
	boundaryName   = "provider-trail-boundary"
	topicName      = "provider-trail-topic"
	queueName      = "provider-trail-queue"
	aliasName      = "alias/provider-trail"
	filterName     = "provider-root-usage"
)

// provider is the provider's clients, and what one resource tells others.
type provider struct {
	ctx      context.Context
	endpoint string
	account  string
	keyID    string
	keyARN   string

	trail  *cloudtrail.Client
	alarms *cloudwatch.Client
	logs   *cloudwatchlogs.Client
	config *configservice.Client
	guard  *guardduty.Client
	iam    *iam.Client
	kms    *kms.Client
	s3     *s3.Client
	hub    *securityhub.Client
	sns    *sns.Client
	sqs    *sqs.Client
}

// connect does what the provider does before any resource: it asks who it is,
// which is also all that the data source aws_caller_identity asks. aws_partition,
// aws_region and aws_iam_policy_document ask nothing.
func connect(t *testing.T, endpoint string) *provider {
	t.Helper()
	c := aws.Config{
		Region: region, BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
	p := &provider{
		ctx: t.Context(), endpoint: endpoint,
		trail: cloudtrail.NewFromConfig(c), alarms: cloudwatch.NewFromConfig(c), logs: cloudwatchlogs.NewFromConfig(c),
		config: configservice.NewFromConfig(c), guard: guardduty.NewFromConfig(c), iam: iam.NewFromConfig(c),
		kms: kms.NewFromConfig(c), hub: securityhub.NewFromConfig(c), sns: sns.NewFromConfig(c), sqs: sqs.NewFromConfig(c),
		// s3_use_path_style, without which no local endpoint works.
		s3: s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }),
	}
	who, err := sts.NewFromConfig(c).GetCallerIdentity(p.ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatalf("ask who the provider is: %v", err)
	}
	p.account = *who.Account
	return p
}

func (p *provider) arn(service, region, resource string) string {
	return "arn:aws:" + service + ":" + region + ":" + p.account + ":" + resource
}

func (p *provider) bucketARN() string   { return "arn:aws:s3:::" + bucketName }
func (p *provider) topicARN() string    { return p.arn("sns", region, topicName) }
func (p *provider) roleARN() string     { return p.arn("iam", "", "role/"+roleName) }
func (p *provider) boundaryARN() string { return p.arn("iam", "", "policy/"+boundaryName) }
func (p *provider) trailARN() string    { return p.arn("cloudtrail", region, "trail/"+trailName) }
func (p *provider) logGroupARN() string { return p.arn("logs", region, "log-group:"+logGroupName) }

var errExists = errors.New("there is one already")

// code is the code of an error of AWS, or "".
func code(err error) string {
	var failed smithy.APIError
	if errors.As(err, &failed) {
		return failed.ErrorCode()
	}
	return ""
}

// goneIf turns errors with the codes into errGone.
func goneIf(err error, codes ...string) error {
	if err != nil && slices.Contains(codes, code(err)) {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return err
}

// ignore returns nil for errors with the codes, which the provider passes over
// when it deletes.
func ignore(err error, codes ...string) error {
	if slices.Contains(codes, code(err)) {
		return nil
	}
	return err
}

// timeout is longer than anything is in flux in a sandbox, strict propagation
// included.
const timeout = 30 * time.Second

// until checks until it holds so many times one after the other.
func (p *provider) until(what string, times int, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(p.ctx, timeout)
	defer cancel()
	for in := 0; in < times; {
		ok, err := holds()
		if err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		if ok {
			in++
			continue
		}
		in = 0
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: the provider would wait in vain", what)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// untilGone reads until the resource is gone.
func (p *provider) untilGone(what string, read func() (state, error)) error {
	return p.until("the end of "+what, 1, func() (bool, error) {
		_, err := read()
		if errors.Is(err, errGone) {
			return true, nil
		}
		return false, err
	})
}

// retry tries again while an error is one of those the provider puts down to
// propagation.
func (p *provider) retry(what string, try func() error, passing func(error) bool) error {
	return p.until(what, 1, func() (bool, error) {
		err := try()
		if err != nil && passing(err) {
			return false, nil
		}
		return err == nil, err
	})
}

// document decodes a policy, which the provider compares by its meaning.
func document(text string) any {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return "no JSON: " + text
	}
	return value
}

func statement(text string, names ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.NewReplacer(names...).Replace(text) + `]}`
}

func sorted(values []string) []string {
	values = slices.Clone(values)
	slices.Sort(values)
	return values
}

func ignoreGone(err error) error {
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}
