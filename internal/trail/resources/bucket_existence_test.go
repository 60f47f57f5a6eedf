package resources_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
)

// answers is S3 as far as it answers to HeadBucket, ListBuckets and CreateBucket.
type answers struct {
	head   int
	region string
	list   string // the body; "" is denied
}

func (a answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		w.Write([]byte(`<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn>` +
			`<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`))
	case r.Method == http.MethodHead:
		if r.Header.Get("X-Amz-Expected-Bucket-Owner") != "123456789012" {
			panic("a bucket of anybody is taken for ours")
		}
		if a.region != "" {
			w.Header().Set("X-Amz-Bucket-Region", a.region)
		}
		w.WriteHeader(a.head)
	case r.Method == http.MethodGet && r.URL.Path == "/" && a.list != "":
		w.Write([]byte(a.list))
	case r.Method == http.MethodPut:
		w.WriteHeader(http.StatusConflict)
		w.Write([]byte(`<Error><Code>BucketAlreadyExists</Code></Error>`))
	default:
		w.WriteHeader(http.StatusForbidden)
		w.Write([]byte(`<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`))
	}
}

// bucketAt is the bucket of a trail where S3 gives these answers.
func bucketAt(t *testing.T, a answers) converge.Resource {
	t.Helper()
	mototest.Environment(t)
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	place, err := account.Connect(t.Context(), account.Options{Endpoint: server.URL, Region: "eu-west-2"})
	if err != nil {
		t.Fatal(err)
	}
	spec := deploytest.Spec("test")
	return storage(newSet(t, spec, place))[0]
}

func TestBucketNotOurs(t *testing.T) {
	const name = "test-cerpac-cloudtrail-logs"
	list := func(names string) string {
		return `<ListAllMyBucketsResult><Buckets>` + names + `</Buckets></ListAllMyBucketsResult>`
	}
	for _, test := range []struct {
		name       string
		answers    answers
		text, hint string
	}{
		{"of another account", answers{head: 403, list: list("")}, `use bucket "` + name + `": it belongs to another account`, "choose another bucket_name"},
		{"without rights", answers{head: 403, list: list("<Bucket><Name>" + name + "</Name></Bucket>")}, "HeadBucket", ""},
		{"who knows", answers{head: 403}, "it is another account's, or we lack rights to it", "s3:ListBucket on arn:aws:s3:::" + name},
		{"in another Region", answers{head: 301, region: "us-west-2"}, "it is in us-west-2, and the trail's home is eu-west-2", "choose another bucket_name, or set region: us-west-2"},
		{"answered from another Region", answers{head: 200, region: "us-west-2"}, "it is in us-west-2", "region: us-west-2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := bucketAt(t, test.answers).Read(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.text) || !strings.Contains(outcome.Hint(err), test.hint) {
				t.Errorf("the error is %v, its hint %q", err, outcome.Hint(err))
			}
		})
	}
	bucket := bucketAt(t, answers{head: 404})
	if now, err := bucket.Read(t.Context()); err != nil || now.Exists {
		t.Errorf("a missing bucket is read as %+v, %v", now, err)
	}
	if err := bucket.Create(t.Context()); err == nil || !strings.Contains(err.Error(), "belongs to another account") {
		t.Errorf("the error is %v", err)
	}
}

func TestBucketRetries(t *testing.T) {
	bucket := bucketAt(t, answers{head: 404})
	for code, waits := range map[string]bool{
		"NoSuchBucket": true, "OperationAborted": true, "InvalidBucketState": true, "InvalidTargetBucketForLogging": true, "BucketNotEmpty": true, "InternalError": true,
		"AccessDenied": false, "MalformedPolicy": false, "BucketAlreadyExists": false, "": false,
	} {
		if why := bucket.Retry(&smithy.GenericAPIError{Code: code}); (why != "") != waits {
			t.Errorf("of %s it says %q", code, why)
		}
	}
}

// TestBucketWithoutLocation is born in the one Region that S3 does not want to be told.
func TestBucketWithoutLocation(t *testing.T) {
	spec := deploytest.Spec("home")
	spec.Region = "us-east-1"
	set := deploytest.Open(t).Set(t, spec)
	apply(t, set)
	if todo := changes(t, set); len(todo) > 0 {
		t.Errorf("the second plan has %+v", todo)
	}
}

// TestStorageOnMoto needs nothing of the sandbox, though moto makes no bucket with tags,
// and takes the policy of one that has logs for a reason to keep them.
func TestStorageOnMoto(t *testing.T) {
	place, err := account.Connect(t.Context(), account.Options{Endpoint: mototest.Start(t), Region: "eu-west-2"})
	if err != nil {
		t.Fatal(err)
	}
	spec := hardened("moto")
	set := newSet(t, spec, place)
	apply(t, set)
	if todo := changes(t, set); len(todo) > 0 {
		t.Errorf("the second plan has %+v", todo)
	}
	destroy(t, set)
	if !gone(t, set, set.Names.Bucket) {
		t.Error("the bucket is still there")
	}
}
