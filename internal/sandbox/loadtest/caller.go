// Package loadtest makes thousands of calls through a sandbox and checks that each of them was recorded once.
package loadtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/internal/sandbox/access"
)

// Kind is a kind of call.
type Kind string

// The kinds of calls.
const (
	Queue Kind = "queue" // a small call in JSON: SQS CreateQueue
	Put   Kind = "put"   // a small object
	Get   Kind = "get"   // the large object of an Upstream
)

// Caller is a client. Each call has a number, which is in the name of its queue or
// object.
type Caller struct {
	url    string
	admin  *access.Admin
	client *http.Client
}

// NewCaller returns a client that keeps a number of connections to an endpoint. Calls
// to CloudTrail and to the control API are signed by admin, unless it is nil.
func NewCaller(url string, admin *access.Admin, connections int) *Caller {
	return &Caller{url, admin, &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true,
	}}}
}

// Close closes the connections.
func (c *Caller) Close() { c.client.CloseIdleConnections() }

// Call makes the call with a number, and reads its answer.
func (c *Caller) Call(ctx context.Context, kind Kind, number int) error {
	switch kind {
	case Queue:
		return c.do(ctx, http.MethodPost, "/", "sqs", "AmazonSQS.CreateQueue", []byte(`{"QueueName":"`+name(number)+`"}`))
	case Put:
		return c.do(ctx, http.MethodPut, "/objects/"+name(number), "s3", "", bytes.Repeat([]byte("x"), 1000))
	case Get:
		return c.do(ctx, http.MethodGet, largeObject, "s3", "", nil)
	}
	return fmt.Errorf("call %q: no such kind", kind)
}

// Trail creates a trail in the sandbox that records all of the calls, and starts it.
func (c *Caller) Trail(ctx context.Context) error {
	for _, call := range [][2]string{
		{"CreateTrail", `{"Name":"load","S3BucketName":"delivered"}`},
		{"PutEventSelectors", `{"TrailName":"load","EventSelectors":[{"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}]}`},
		{"StartLogging", `{"Name":"load"}`},
	} {
		target := "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101." + call[0]
		if err := c.do(ctx, http.MethodPost, "/", access.Service, target, []byte(call[1])); err != nil {
			return err
		}
	}
	return nil
}

// Deliver makes the sandbox deliver all recorded events.
func (c *Caller) Deliver(ctx context.Context) error {
	return c.do(ctx, http.MethodPost, "/_trailkeeper/deliver", access.Service, "", nil)
}

// Burst makes calls numbered from first on, alternating between small JSON calls and
// small objects, over concurrent connections, until ctx ends or limit calls are made.
// It returns the number of calls; without an error each of them was answered.
func (c *Caller) Burst(ctx context.Context, connections, first, limit int) (made int, err error) {
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range connections {
		group.Go(func() error {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= limit {
					break
				}
				// Calls under way are completed.
				if err := c.Call(context.WithoutCancel(ctx), [...]Kind{Queue, Put}[i%2], first+i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = group.Wait()
	return min(int(next.Load()), limit), err
}

// Latencies makes calls one after another and returns their durations.
func (c *Caller) Latencies(ctx context.Context, kind Kind, count int) ([]time.Duration, error) {
	var took []time.Duration
	for number := range count {
		started := time.Now()
		if err := c.Call(ctx, kind, number); err != nil {
			return nil, err
		}
		took = append(took, time.Since(started))
	}
	return took, nil
}

// request returns a request with a signature of the right form, which emulators do not
// verify.
func (c *Caller) request(ctx context.Context, method, path, service, target string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	}
	r.Header.Set("User-Agent", "aws-cli/2.22.0 md/awscrt#0.23.4 ua/2.0 os/linux lang/python#3.12.6 md/prompt#off")
	if service == access.Service && c.admin != nil {
		if err := c.admin.Sign(r, body, time.Now()); err != nil {
			return nil, err
		}
		return r, nil
	}
	r.Header.Set("X-Amz-Date", "20260112T090000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260112/us-east-1/"+service+
		"/aws4_request, SignedHeaders=host;x-amz-date, Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024")
	return r, nil
}

// do sends a request and reads its answer.
func (c *Caller) do(ctx context.Context, method, path, service, target string, body []byte) error {
	r, err := c.request(ctx, method, path, service, target, body)
	if err != nil {
		return err
	}
	resp, err := c.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000)) // for the error only
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
