package resources_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

func destroy(t *testing.T, set *resources.Set) *converge.Result {
	t.Helper()
	result, err := converge.Destroy(t.Context(), storage(set), deploytest.Options())
	if err != nil {
		t.Fatalf("destroy: %v\nbefore: %q", err, result.Done)
	}
	return result
}

// put writes a log file and returns its version.
func put(t *testing.T, set *resources.Set, key string) *string {
	t.Helper()
	out, err := set.Account.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &set.Names.Bucket, Key: &key, Body: strings.NewReader("log"), ContentMD5: aws.String("3B1xu7XE0qXpNtt57xDBnw==")})
	if err != nil {
		t.Fatal(err)
	}
	return out.VersionId
}

func gone(t *testing.T, set *resources.Set, bucket string) bool {
	t.Helper()
	_, err := set.Account.S3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &bucket})
	if err != nil && !account.Missing(err) {
		t.Fatal(err)
	}
	return err != nil
}

// TestDestroyBuckets takes away versions and markers, on more than one page.
func TestDestroyBuckets(t *testing.T) {
	box := deploytest.Open(t)
	spec := deploytest.Spec("gone")
	spec.AccessLogging, spec.ForceDestroy = "create", true
	set := box.Set(t, spec)
	apply(t, set)
	for i := range 25 {
		put(t, set, fmt.Sprintf("AWSLogs/%d", i))
	}
	put(t, set, "AWSLogs/0") // a second version
	key := "AWSLogs/1"
	if _, err := set.Account.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &set.Names.Bucket, Key: &key}); err != nil { // a marker
		t.Fatal(err)
	}
	box.Tap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if query := r.URL.Query(); query.Has("versions") {
				query.Set("max-keys", "10")
				r.URL.RawQuery = query.Encode()
				r.RequestURI = r.URL.RequestURI()
			}
			next.ServeHTTP(w, r)
		})
	})
	var told []string
	set.Progress = func(done string) { told = append(told, done) }
	destroy(t, set)
	if !gone(t, set, set.Names.Bucket) || !gone(t, set, set.Names.AccessLogBucket) {
		t.Error("a bucket is still there")
	}
	if want := "deleted 27 versions from bucket " + set.Names.Bucket; len(told) < 3 || !slices.Contains(told, want) {
		t.Errorf("progress is %q", told)
	}
	if result := destroy(t, set); len(result.Done)+len(result.Stays) > 0 {
		t.Errorf("a second destroy did %q", result.Done)
	}
}

// TestDestroyLocked deletes what it may, and says until when the rest is locked. What
// moto locks it locks, but it does not tell until when.
func TestDestroyLocked(t *testing.T) {
	const until = "2099-01-02T03:04:05Z"
	box := deploytest.Open(t)
	for _, test := range []struct{ name, hold, retention, stays string }{
		{"retained", "OFF", "<Mode>GOVERNANCE</Mode><RetainUntilDate>" + until + "</RetainUntilDate>", "2 versions in it are locked, the newest until " + until},
		{"held", "ON", "", "2 versions in it are locked, the newest by a legal hold, until somebody lifts it"},
		{"not told", "", "", "2 versions in it are locked, the newest until a time that cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			box.Tap(nil)
			spec := hardened(strings.ReplaceAll(test.name, " ", "-"))
			spec.ForceDestroy = true
			set := box.Set(t, spec)
			apply(t, set)
			key := "AWSLogs/locked"
			version, again := put(t, set, key), put(t, set, key)
			if _, err := set.Account.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &set.Names.Bucket, Key: &key}); err != nil { // a marker, which has no lock
				t.Fatal(err)
			}
			box.Tap(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch query := r.URL.Query(); {
					case r.Header.Get("X-Amz-Bypass-Governance-Retention") != "":
						t.Error("it goes around the lock")
					case query.Has("legal-hold") || query.Has("retention"):
						if r.URL.Path != "/"+set.Names.Bucket+"/"+key || query.Get("versionId") == "" {
							t.Errorf("it asks for %s", r.URL)
						}
						if test.hold == "" {
							w.WriteHeader(http.StatusForbidden)
						} else if query.Has("legal-hold") {
							fmt.Fprintf(w, "<LegalHold><Status>%s</Status></LegalHold>", test.hold)
						} else {
							fmt.Fprintf(w, "<Retention>%s</Retention>", test.retention)
						}
					default:
						next.ServeHTTP(w, r)
					}
				})
			})
			result := destroy(t, set)
			if len(result.Stays) != 2 || !strings.Contains(result.Stays[0], test.stays) || !strings.Contains(result.Stays[1], "logs in bucket") {
				t.Errorf("what stays is %q", result.Stays)
			}
			listed, err := set.Account.S3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &set.Names.Bucket})
			if err != nil {
				t.Fatal(err)
			}
			if len(listed.Versions) != 2 || len(listed.DeleteMarkers) > 0 || *listed.Versions[0].VersionId != *again || *listed.Versions[1].VersionId != *version {
				t.Errorf("there remain %+v and %+v", listed.Versions, listed.DeleteMarkers)
			}
		})
	}
}

// TestDestroyDisturbed continues after calls that failed completely or partly.
func TestDestroyDisturbed(t *testing.T) {
	box := deploytest.Open(t)
	spec := deploytest.Spec("disturbed")
	spec.ForceDestroy = true
	set := box.Set(t, spec)
	apply(t, set)
	put(t, set, "AWSLogs/a")
	answers := []string{
		`<Error><Code>SlowDown</Code></Error>`,
		`<DeleteResult><Error><Key>AWSLogs/a</Key><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error></DeleteResult>`,
	}
	box.Tap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !r.URL.Query().Has("delete") || len(answers) == 0 {
				next.ServeHTTP(w, r)
				return
			}
			if strings.HasPrefix(answers[0], "<Error>") {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			w.Write([]byte(answers[0]))
			answers = answers[1:]
		})
	})
	destroy(t, set)
	if len(answers) > 0 || !gone(t, set, set.Names.Bucket) {
		t.Error("the bucket is still there")
	}
}

// TestDestroyWithoutRight stops, and names the right.
func TestDestroyWithoutRight(t *testing.T) {
	box := deploytest.Open(t)
	spec := deploytest.Spec("rightless")
	spec.ForceDestroy = true
	set := box.Set(t, spec)
	apply(t, set)
	put(t, set, "AWSLogs/a")
	box.Tap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !r.URL.Query().Has("delete") {
				next.ServeHTTP(w, r)
				return
			}
			w.Write([]byte(`<DeleteResult><Error><Key>AWSLogs/a</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>`))
		})
	})
	_, err := converge.Destroy(t.Context(), storage(set), deploytest.Options())
	if action, ok := account.Denied(err); !ok || action != "s3:DeleteObjectVersion" {
		t.Errorf("the error is %v", err)
	}
}

// TestDestroyEmpty needs no leave to delete a bucket without logs.
func TestDestroyEmpty(t *testing.T) {
	set := deploytest.Open(t).Set(t, deploytest.Spec("empty"))
	apply(t, set)
	destroy(t, set)
	if !gone(t, set, set.Names.Bucket) {
		t.Error("the bucket is still there")
	}
}

// TestStorageAppliedTwice writes nothing.
func TestStorageAppliedTwice(t *testing.T) {
	box := deploytest.Open(t)
	set := box.Set(t, hardened("twice"))
	apply(t, set)
	recorded := box.Recorded(t)
	apply(t, set)
	events := recorded()
	if len(events) == 0 {
		t.Fatal("nothing was even read")
	}
	for _, event := range events {
		if !event.ReadOnly {
			t.Errorf("the second apply called %s", event.Call())
		}
	}
}
