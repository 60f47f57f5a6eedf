package upstream

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// S3 returns a client that names buckets in the path, as subdomains of the upstream's
// host rarely resolve.
func (c *Clients) S3(ctx context.Context, account, region string) (*s3.Client, error) {
	return client(ctx, c, account, region, func(cfg aws.Config) *s3.Client {
		return s3.NewFromConfig(cfg, func(o *s3.Options) {
			o.BaseEndpoint = cfg.BaseEndpoint
			o.UsePathStyle = true
			o.DisableLogOutputChecksumValidationSkipped = true
		})
	})
}

// IAM returns a client of IAM, which has no Region.
func (c *Clients) IAM(ctx context.Context, account string) (*iam.Client, error) {
	return client(ctx, c, account, global, func(cfg aws.Config) *iam.Client {
		return iam.NewFromConfig(cfg, func(o *iam.Options) { o.BaseEndpoint = cfg.BaseEndpoint })
	})
}

// KMS returns a client for the keys of an account and Region.
func (c *Clients) KMS(ctx context.Context, account, region string) (*kms.Client, error) {
	return client(ctx, c, account, region, func(cfg aws.Config) *kms.Client {
		return kms.NewFromConfig(cfg, func(o *kms.Options) { o.BaseEndpoint = cfg.BaseEndpoint })
	})
}

// SNS returns a client for the topics of an account and Region.
func (c *Clients) SNS(ctx context.Context, account, region string) (*sns.Client, error) {
	return client(ctx, c, account, region, func(cfg aws.Config) *sns.Client {
		return sns.NewFromConfig(cfg, func(o *sns.Options) { o.BaseEndpoint = cfg.BaseEndpoint })
	})
}

// Logs returns a client of CloudWatch Logs.
func (c *Clients) Logs(ctx context.Context, account, region string) (*cloudwatchlogs.Client, error) {
	return client(ctx, c, account, region, func(cfg aws.Config) *cloudwatchlogs.Client {
		return cloudwatchlogs.NewFromConfig(cfg, func(o *cloudwatchlogs.Options) { o.BaseEndpoint = cfg.BaseEndpoint })
	})
}

// Organizations returns a client of Organizations, which has no Region.
func (c *Clients) Organizations(ctx context.Context, account string) (*organizations.Client, error) {
	return client(ctx, c, account, global, func(cfg aws.Config) *organizations.Client {
		return organizations.NewFromConfig(cfg, func(o *organizations.Options) { o.BaseEndpoint = cfg.BaseEndpoint })
	})
}

// STS returns a client of STS.
func (c *Clients) STS(ctx context.Context, account, region string) (*sts.Client, error) {
	return client(ctx, c, account, region, func(cfg aws.Config) *sts.Client {
		return sts.NewFromConfig(cfg, func(o *sts.Options) { o.BaseEndpoint = cfg.BaseEndpoint })
	})
}
