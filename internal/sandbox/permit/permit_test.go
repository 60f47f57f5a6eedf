package permit_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
	"github.com/cerpac/trailkeeper/policy"
)

const (
	account      = "123456789012"
	otherAccount = "210987654321"
	region       = "eu-west-2"
	organization = "o-exampleorgid"
	trailARN     = "arn:aws:cloudtrail:eu-west-2:123456789012:trail/audit"
	otherTrail   = "arn:aws:cloudtrail:eu-west-2:123456789012:trail/other"
	bucketARN    = "arn:aws:s3:::logs"
	groupARN     = "arn:aws:logs:eu-west-2:123456789012:log-group:audit"
	streamARN    = groupARN + ":log-stream:123456789012_CloudTrail_eu-west-2*"
	roleARN      = "arn:aws:iam::123456789012:role/service/delivery"
)

// world holds everything a trail uses, at a moto_server.
type world struct {
	*testing.T
	clients *upstream.Clients
	checker permit.Checker
	young   bool
	trail   permit.Trail
}

func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestChecker(t *testing.T) {
	w := &world{T: t, clients: upstream.New(upstream.Options{
		Endpoint: mototest.Start(t), Account: account, Moto: true, Getenv: os.Getenv,
	})}
	w.trail = permit.Trail{ARN: trailARN, Account: account, Region: region, Bucket: "logs", RoleARN: roleARN, LogGroupARN: groupARN + ":*"}
	w.makeBucket()
	w.makeLogGroup()
	for name, test := range map[string]func(*world){
		"bucket": testBucket, "bucket policy": testBucketPolicy, "key": testKey, "key policy": testKeyPolicy,
		"topic": testTopic, "encrypted topic": testEncryptedTopic, "role": testRole, "log group": testLogGroup,
	} {
		t.Run(name, func(t *testing.T) {
			sub := *w
			sub.T = t
			sub.checker = permit.New(w.clients, func(arn string) bool { return sub.young && arn == roleARN })
			test(&sub)
		})
	}
}

// wantDenial checks what a Checker answered; "" wants no denial.
func (w *world) wantDenial(name string, err error, code, status, why string) {
	w.Helper()
	var denial *permit.Denial
	switch {
	case err == nil && code == "":
	case err == nil:
		w.Errorf("%s: not denied, want %s", name, code)
	case !errors.As(err, &denial):
		w.Errorf("%s: %v", name, err)
	case denial.Code != code || denial.Status != status || !strings.Contains(denial.Why, why):
		w.Errorf("%s: got %s, status %s, because %s\nwant %s, status %s, because %s", name, denial.Code, denial.Status, denial.Why, code, status, why)
	}
}

var cloudtrail = policy.Service("cloudtrail.amazonaws.com")

// An upstream that does not answer is no denial.
func TestUpstreamDown(t *testing.T) {
	clients := upstream.New(upstream.Options{Endpoint: "http://127.0.0.1:1", Account: account, Getenv: func(string) string { return "" }})
	checker := permit.New(clients, nil)
	trail := permit.Trail{
		ARN: trailARN, Account: account, Region: region, Bucket: "logs", RoleARN: roleARN, LogGroupARN: groupARN,
		TopicARN: "arn:aws:sns:eu-west-2:123456789012:audit", KeyARN: "arn:aws:kms:eu-west-2:123456789012:key/1",
	}
	for name, ask := range map[string]func(context.Context, permit.Trail) error{
		"bucket": checker.Bucket, "key": checker.Key, "topic": checker.Topic, "log group": checker.LogGroup,
	} {
		var denial *permit.Denial
		if err := ask(t.Context(), trail); err == nil || errors.As(err, &denial) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
