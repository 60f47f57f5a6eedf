package s3archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

// connections is the number of idle connections kept per host, enough for as
// many parallel downloads.
const connections = 128

func newClient(ctx context.Context, opts Options) (*s3.Client, error) {
	load := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}), // errors are returned
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns, t.MaxIdleConnsPerHost = connections, connections
		})),
	}
	if opts.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(opts.Profile))
	}
	if opts.Region != "" {
		load = append(load, config.WithRegion(opts.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		var missing config.SharedConfigProfileNotExistError
		if errors.As(err, &missing) {
			return nil, fmt.Errorf("no AWS profile %q in the shared configuration", missing.Profile)
		}
		return nil, fmt.Errorf("read AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if cfg.Credentials != nil {
		cfg.Credentials = chain{cfg.Credentials}
	}
	return s3.NewFromConfig(cfg, opts.apply), nil
}

func (o Options) apply(client *s3.Options) {
	if o.Endpoint != "" {
		client.BaseEndpoint = &o.Endpoint
	}
	client.UsePathStyle = o.PathStyle || client.BaseEndpoint != nil
	client.HTTPClient = stallClient{next: client.HTTPClient, timeout: o.StallTimeout}
	// Log files have the checksum of gzip, and other services respond without
	// one of S3.
	client.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	client.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
		r.MaxAttempts = o.MaxAttempts
		r.MaxBackoff = o.MaxBackoff
		// The attempts of each request are bounded; a retry quota over all
		// requests would end a long run after a short outage.
		r.RateLimiter = ratelimit.None
		r.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(retryable)}, r.Retryables...)
	})
}

// retryable makes the SDK retry interrupted responses too. Every request of this
// package only reads, so it can be repeated.
func retryable(err error) aws.Ternary {
	var unreadable *smithy.DeserializationError
	var stalled *stalledError
	switch status := statusOf(err); {
	case status >= 300:
		return aws.UnknownTernary
	case errors.As(err, &unreadable), errors.As(err, &stalled), errors.Is(err, io.ErrUnexpectedEOF):
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// chain marks errors of the credential chain, which otherwise cannot be told
// apart from errors of S3.
type chain struct{ aws.CredentialsProvider }

func (c chain) Retrieve(ctx context.Context) (aws.Credentials, error) {
	creds, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		return creds, &credentialsError{err}
	}
	return creds, err
}

type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// RetryableError stops the SDK from repeating the search for credentials.
func (e *credentialsError) RetryableError() bool { return false }

// stallClient fails a request if no byte of its header or body arrives for too long.
type stallClient struct {
	next    s3.HTTPClient
	timeout time.Duration
}

func (c stallClient) Do(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	stalled := &stalledError{after: c.timeout}
	timer := time.AfterFunc(c.timeout, func() { cancel(stalled) })
	resp, err := c.next.Do(r.WithContext(ctx))
	timer.Stop()
	if err != nil {
		cancel(nil)
		return nil, causeOf(ctx, err)
	}
	resp.Body = &timedBody{ReadCloser: resp.Body, ctx: ctx, cancel: cancel, timer: timer, timeout: c.timeout}
	return resp, nil
}

// timedBody counts only the time that its reader waits.
type timedBody struct {
	io.ReadCloser
	ctx     context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	timeout time.Duration
}

func (b *timedBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.timeout)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		err = causeOf(b.ctx, err)
	}
	return n, err
}

func (b *timedBody) Close() error {
	b.timer.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// causeOf returns the stall that caused err, or err.
func causeOf(ctx context.Context, err error) error {
	var stalled *stalledError
	if errors.As(context.Cause(ctx), &stalled) {
		return stalled
	}
	return err
}

// stalledError is a net.Error.
type stalledError struct{ after time.Duration }

func (e *stalledError) Error() string   { return fmt.Sprintf("no answer for %s", e.after) }
func (e *stalledError) Timeout() bool   { return true }
func (e *stalledError) Temporary() bool { return true }
