// Package upstream calls the endpoint behind the sandbox with the AWS SDK.
package upstream

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/arn/partition"
)

const (
	// timeout is for one attempt, the body included.
	timeout  = 30 * time.Second
	attempts = 3
	// backoff is short because the upstream is local and the sandbox retries later.
	backoff = 200 * time.Millisecond
	// global is the Region of services that have none.
	global = "us-east-1"
)

// Options describes the upstream.
type Options struct {
	// Endpoint is the URL of the upstream. Endpoints in the environment are ignored:
	// there they name the sandbox itself.
	Endpoint string
	// Account is the account of the credentials in the environment.
	Account string
	// Moto says that the upstream is moto_server, where any role can be assumed in any
	// account. Other emulators accept an account ID as access key.
	Moto bool
	// OwnMoto says that only the sandbox uses the moto_server, which then treats Account
	// as that of the credentials.
	OwnMoto bool
	// Getenv reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
	// Without a key the credentials are test and test.
	Getenv func(name string) string
}

// Clients creates and caches the clients of AWS services, one for each account and
// Region. It is safe for concurrent use.
type Clients struct {
	options Options
	ownKey  string
	own     aws.CredentialsProvider
	http    *awshttp.BuildableClient

	mu       sync.Mutex
	accounts map[string]aws.CredentialsProvider // except for options.Account
	made     map[clientKey]any
}

type clientKey struct {
	account, region string
	kind            any // a nil pointer of the client's type
}

// New returns Clients. It makes no connection.
func New(options Options) *Clients {
	key, secret, token := options.Getenv("AWS_ACCESS_KEY_ID"), options.Getenv("AWS_SECRET_ACCESS_KEY"), options.Getenv("AWS_SESSION_TOKEN")
	if key == "" {
		key, secret, token = "test", "test", ""
	}
	return &Clients{
		options:  options,
		ownKey:   key,
		own:      credentials.NewStaticCredentialsProvider(key, secret, token),
		http:     awshttp.NewBuildableClient().WithTimeout(timeout),
		accounts: map[string]aws.CredentialsProvider{},
		made:     map[clientKey]any{},
	}
}

// AccessKey returns the access key of the clients' own credentials.
func (c *Clients) AccessKey() string { return c.ownKey }

// client returns the cached client for an account and Region, or creates one with make.
// It returns an error if there are no credentials for the account.
func client[T any](ctx context.Context, c *Clients, account, region string, make func(aws.Config) *T) (*T, error) {
	if region == "" {
		region = global
	}
	key := clientKey{account, region, (*T)(nil)}
	c.mu.Lock()
	made, ok := c.made[key]
	c.mu.Unlock()
	if ok {
		return made.(*T), nil
	}
	enter, err := c.credentials(ctx, account)
	if err != nil {
		return nil, err
	}
	cfg := c.config(region, enter)
	if c.options.OwnMoto && (account == "" || account == c.options.Account) {
		cfg.APIOptions = inAccount(c.options.Account)
	}
	fresh := make(cfg)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made[key] = fresh // may replace an equivalent client made concurrently
	return fresh, nil
}

func (c *Clients) config(region string, credentials aws.CredentialsProvider) aws.Config {
	return aws.Config{
		Region:       region,
		Credentials:  credentials,
		BaseEndpoint: aws.String(c.options.Endpoint),
		HTTPClient:   c.http,
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts, o.MaxBackoff, o.RateLimiter = attempts, backoff, ratelimit.None
			})
		},
		// Stores compatible with S3 may not support the newer checksums.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
}

// credentials returns the credentials to use for an account.
func (c *Clients) credentials(ctx context.Context, account string) (aws.CredentialsProvider, error) {
	if account == "" || account == c.options.Account {
		return c.own, nil
	}
	if !c.options.Moto {
		return credentials.NewStaticCredentialsProvider(account, account, ""), nil
	}
	c.mu.Lock()
	entered, ok := c.accounts[account]
	c.mu.Unlock()
	if ok {
		return entered, nil
	}
	role := arn.Build(partition.Of(global).ID, "iam", "", account, "role/trailkeeper-sandbox")
	entered = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(c.config(global, c.own)), role))
	if _, err := entered.Retrieve(ctx); err != nil {
		return nil, fmt.Errorf("enter account %q at %s: %w", account, c.options.Endpoint, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accounts[account] = entered
	return entered, nil
}
