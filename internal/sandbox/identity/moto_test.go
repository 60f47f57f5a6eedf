package identity_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/identity"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
	"github.com/cerpac/trailkeeper/internal/sandbox/proxy"
)

// observer notes who made the last call.
type observer struct {
	people *identity.Directory
	mu     sync.Mutex
	last   identity.Identity
}

func (o *observer) see(ctx context.Context, x *exchange.Exchange) error {
	op := operation.Identify(x)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = o.people.Of(ctx, op, x)
	return o.people.Learn(op, x)
}

func (o *observer) lastARN() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last.Arn
}

// TestAgreesWithGetCallerIdentity asks moto_server who signed a call, and has the
// directory tell of the same call.
func TestAgreesWithGetCallerIdentity(t *testing.T) {
	endpoint, err := url.Parse(mototest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	people, err := identity.Open(identity.Config{File: filepath.Join(t.TempDir(), "identities.jsonl"), Account: "123456789012", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	seen := &observer{people: people}
	front := httptest.NewServer(proxy.Capture(proxy.Forward(endpoint, time.Minute), time.Now, seen.see))
	defer front.Close()

	cfg, err := config.LoadDefaultConfig(ctx, config.WithBaseEndpoint(front.URL))
	if err != nil {
		t.Fatal(err)
	}
	root := iam.NewFromConfig(cfg)
	if _, err := root.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("alice"), Path: aws.String("/people/")}); err != nil {
		t.Fatal(err)
	}
	made, err := root.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("alice")})
	if err != nil {
		t.Fatal(err)
	}
	as := func(key, secret, token string) *sts.Client {
		return sts.NewFromConfig(cfg, func(o *sts.Options) {
			o.Credentials = credentials.NewStaticCredentialsProvider(key, secret, token)
		})
	}
	alice := as(*made.AccessKey.AccessKeyId, *made.AccessKey.SecretAccessKey, "")
	role, err := alice.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::210987654321:role/app"), RoleSessionName: aws.String("s1")})
	if err != nil {
		t.Fatal(err)
	}
	session := as(*role.Credentials.AccessKeyId, *role.Credentials.SecretAccessKey, *role.Credentials.SessionToken)
	for name, client := range map[string]*sts.Client{"alice": alice, "session": session} {
		told, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			t.Fatal(err)
		}
		if got := seen.lastARN(); got != *told.Arn {
			t.Errorf("%s is %q, moto_server says %q", name, got, *told.Arn)
		}
	}
}
