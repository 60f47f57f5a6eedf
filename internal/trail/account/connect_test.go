package account_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail/account"
)

func TestConnect(t *testing.T) {
	endpoint := mototest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL", endpoint)
	for _, test := range []struct{ region, partition string }{
		{"eu-west-2", "aws"}, {"us-gov-west-1", "aws-us-gov"}, {"cn-north-1", "aws-cn"},
	} {
		a, err := account.Connect(t.Context(), account.Options{Region: test.region, ExpectedAccount: "123456789012"})
		if err != nil {
			t.Fatal(err)
		}
		if a.Account != "123456789012" || a.Region != test.region || a.Partition != test.partition || a.Caller == "" {
			t.Errorf("in %s we are at %+v as %q", test.region, a.Place, a.Caller)
		}
		// Nobody but AWS has a name for each bucket's host.
		if _, err := a.S3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("nowhere")}); !account.Missing(err) {
			t.Error(err)
		}
	}
	if a, err := account.Connect(t.Context(), account.Options{}); err != nil || a.Region != "us-east-1" {
		t.Errorf("the environment's Region is not taken: %+v, %v", a, err)
	}
	_, err := account.Connect(t.Context(), account.Options{ExpectedAccount: "999999999999"})
	mustSay(t, err, "is in account 123456789012, not in 999999999999", "credentials, for account 999999999999")
}

// mustSay makes sure of what an error says and what its hint does.
func mustSay(t *testing.T, err error, text, hint string) {
	t.Helper()
	if err == nil {
		t.Fatal("it went well")
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("the error is %q, without %q", err, text)
	}
	if h := outcome.Hint(err); !strings.Contains(h, hint) {
		t.Errorf("the hint of %q is %q, without %q", err, h, hint)
	}
}

func TestConnectNowhere(t *testing.T) {
	refuse := func(status int, code, message string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			w.Write([]byte("<ErrorResponse><Error><Code>" + code + "</Code><Message>" + message + "</Message></Error></ErrorResponse>"))
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	for _, test := range []struct {
		name       string
		env        map[string]string
		opts       account.Options
		text, hint string
	}{
		{"no Region", map[string]string{"AWS_REGION": ""}, account.Options{}, "no Region is set", "AWS_REGION"},
		{"no such Region", nil, account.Options{Region: "London"}, `"London" is not the name of a Region`, "eu-west-2"},
		{"no credentials", map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, account.Options{}, "no credentials", "aws sso login"},
		{"no such profile", nil, account.Options{Profile: "other"}, `no profile "other"`, "aws configure list-profiles"},
		{"expired", nil, account.Options{Endpoint: refuse(403, "ExpiredToken", "The security token included in the request is expired")}, "in us-east-1: ", "log in again"},
		{"unknown", nil, account.Options{Endpoint: refuse(403, "InvalidClientTokenId", "The security token included in the request is invalid.")}, "invalid", "check AWS_PROFILE or the access key"},
		{"denied", nil, account.Options{Endpoint: refuse(403, "AccessDenied", "User: arn:aws:iam::1:user/a is not authorized to perform: sts:GetCallerIdentity with an explicit deny in a service control policy")}, "explicit deny", ""},
		{"nobody there", map[string]string{"AWS_MAX_ATTEMPTS": "1"}, account.Options{Endpoint: closed.URL}, "refused", "a sandbox there must be running"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mototest.Environment(t)
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			_, err := account.Connect(t.Context(), test.opts)
			mustSay(t, err, test.text, test.hint)
		})
	}
}

func TestConnectInterrupted(t *testing.T) {
	mototest.Environment(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := account.Connect(ctx, account.Options{Endpoint: "http://127.0.0.1:1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// TestConnectProfile takes credentials and Region from the shared configuration.
func TestConnectProfile(t *testing.T) {
	endpoint := mototest.Start(t)
	file := filepath.Join(t.TempDir(), "config")
	text := "[profile audit]\nregion = eu-central-1\naws_access_key_id = key\naws_secret_access_key = secret\nendpoint_url = " + endpoint + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_REGION", "")
	a, err := account.Connect(t.Context(), account.Options{Profile: "audit"})
	if err != nil {
		t.Fatal(err)
	}
	if a.Region != "eu-central-1" {
		t.Errorf("the Region is %s", a.Region)
	}
}

func TestOrganization(t *testing.T) {
	opts := account.Options{Endpoint: mototest.Start(t), Organization: true}
	_, err := account.Connect(t.Context(), opts)
	mustSay(t, err, "account 123456789012 is in none", "set organization to false")

	plain := opts
	plain.Organization = false
	a, err := account.Connect(t.Context(), plain)
	if err != nil {
		t.Fatal(err)
	}
	made, err := a.Organizations.CreateOrganization(t.Context(), &organizations.CreateOrganizationInput{FeatureSet: types.OrganizationFeatureSetAll})
	if err != nil {
		t.Fatal(err)
	}
	a, err = account.Connect(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if a.Organization != aws.ToString(made.Organization.Id) || a.Management != "123456789012" {
		t.Errorf("we are at %+v", a.Place)
	}
}

// TestMemberOfOrganization asks a service that knows one organization, managed by
// another account.
func TestMemberOfOrganization(t *testing.T) {
	member := func(features, administrator string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch target := r.Header.Get("X-Amz-Target"); {
			case strings.HasSuffix(target, ".DescribeOrganization"):
				w.Write([]byte(`{"Organization":{"Id":"o-abcdefghij","MasterAccountId":"111111111111","FeatureSet":"` + features + `"}}`))
			case strings.HasSuffix(target, ".ListDelegatedAdministrators") && administrator == "":
				w.WriteHeader(http.StatusBadRequest)
				w.Write([]byte(`{"__type":"AccessDeniedException","Message":"You don't have permissions to access this resource."}`))
			case strings.HasSuffix(target, ".ListDelegatedAdministrators"):
				w.Write([]byte(`{"DelegatedAdministrators":[{"Id":"` + administrator + `"}]}`))
			default:
				w.Write([]byte(`<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::222222222222:user/a</Arn>` +
					`<Account>222222222222</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`))
			}
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	mototest.Environment(t)
	connect := func(endpoint string) (*account.Account, error) {
		return account.Connect(t.Context(), account.Options{Endpoint: endpoint, Organization: true})
	}
	_, err := connect(member("CONSOLIDATED_BILLING", ""))
	mustSay(t, err, "consolidated billing only", "enable-all-features")
	_, err = connect(member("ALL", ""))
	mustSay(t, err, "account 222222222222 neither manages it nor administers its CloudTrail", "management account 111111111111")
	_, err = connect(member("ALL", "333333333333"))
	mustSay(t, err, "account 222222222222 neither manages it", "management account 111111111111")
	a, err := connect(member("ALL", "222222222222"))
	if err != nil {
		t.Fatal(err)
	}
	if a.Organization != "o-abcdefghij" || a.Management != "111111111111" {
		t.Errorf("we are at %+v", a.Place)
	}
}
