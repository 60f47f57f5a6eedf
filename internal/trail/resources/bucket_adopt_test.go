package resources_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

// TestBucketOfOthers leaves alone a bucket that has our name, until told to adopt it.
// Then it has all that one of ours has, and the tags of others.
func TestBucketOfOthers(t *testing.T) {
	set := deploytest.Open(t).Set(t, hardened("others"))
	in := &s3.CreateBucketInput{Bucket: &set.Names.Bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: deploytest.Region}}
	if _, err := set.Account.S3.CreateBucket(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	theirs := types.Tag{Key: aws.String("Owner"), Value: aws.String("them")}
	tagging := &s3.PutBucketTaggingInput{Bucket: &set.Names.Bucket, Tagging: &types.Tagging{TagSet: []types.Tag{theirs}}}
	if _, err := set.Account.S3.PutBucketTagging(t.Context(), tagging); err != nil {
		t.Fatal(err)
	}
	refused := func(c converge.Change) bool { return c.Kind == "bucket" && c.Action == converge.Refused }
	if todo := changes(t, set); !slices.ContainsFunc(todo, refused) {
		t.Fatalf("plan has %+v", todo)
	}
	if result := destroy(t, set); len(result.Stays) != 1 {
		t.Errorf("what stays is %q", result.Stays)
	}
	options := deploytest.Options()
	options.Adopt = true
	if _, err := converge.Apply(t.Context(), storage(set), options); err != nil {
		t.Fatal(err)
	}
	if todo := changes(t, set); len(todo) > 0 {
		t.Errorf("after adoption, plan has %+v", todo)
	}
	out, err := set.Account.S3.GetBucketTagging(t.Context(), &s3.GetBucketTaggingInput{Bucket: &set.Names.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(out.TagSet, func(tag types.Tag) bool { return *tag.Key == *theirs.Key && *tag.Value == *theirs.Value }) {
		t.Errorf("tags are %+v", out.TagSet)
	}
}

// TestPublicACL ends an ACL that S3 does not let ownership overrule.
func TestPublicACL(t *testing.T) {
	box := deploytest.Open(t)
	set := box.Set(t, deploytest.Spec("public"))
	apply(t, set)
	public := true
	box.Tap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch query := r.URL.Query(); {
			case r.Method == http.MethodPut && query.Has("acl"):
				public = r.Header.Get("X-Amz-Acl") != "private"
			case r.Method == http.MethodPut && query.Has("ownershipControls") && public:
				w.WriteHeader(http.StatusBadRequest)
				w.Write([]byte(`<Error><Code>InvalidBucketAclWithObjectOwnership</Code><Message>Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting</Message></Error>`))
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	drift{field: "ownership", change: func(t *testing.T, set *resources.Set) error {
		_, err := set.Account.S3.DeleteBucketOwnershipControls(t.Context(), &s3.DeleteBucketOwnershipControlsInput{Bucket: &set.Names.Bucket})
		return err
	}}.mends(t, set)
}

// TestBucketOwnerIsNamed in every call: another account may have made a bucket under
// our name, and let us use it.
func TestBucketOwnerIsNamed(t *testing.T) {
	box := deploytest.Open(t)
	spec := hardened("owner")
	spec.ObjectLock, spec.ForceDestroy = nil, true
	set := box.Set(t, spec)
	calls := 0
	box.Tap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			creation := r.Method == http.MethodPut && r.URL.RawQuery == ""
			if r.URL.Path != "/" && !creation {
				calls++
				if r.Header.Get("X-Amz-Expected-Bucket-Owner") != deploytest.Account {
					t.Errorf("%s %s is for whoever owns the bucket", r.Method, r.URL)
				}
			}
			next.ServeHTTP(w, r)
		})
	})
	apply(t, set)
	destroy(t, set)
	if calls == 0 {
		t.Error("no call was seen")
	}
}
