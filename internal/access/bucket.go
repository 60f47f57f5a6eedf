package access

import (
	"context"
	"errors"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/policy"
)

// Bucket checks that CloudTrail may read the ACL of the bucket and write to the
// trail's folder in it. It needs both.
func (c *Checker) Bucket(ctx context.Context, t Trail) (Answer, error) {
	a := Answer{Subject: TheBucket, Name: t.Bucket}
	held, err := c.Destinations.Bucket(ctx, t)
	switch {
	case errors.Is(err, ErrNotFound):
		return a.problem(Missing, absent), nil
	case err != nil:
		return a, err
	case held.Policy == "":
		return a.problem(Refused, "it has no policy"), nil
	}
	a = a.ask("policy of the bucket", []string{held.Policy}, bucketRequests(t)...)
	if a.Allowed() && held.RequesterPays {
		return a.problem(RequesterPays, "its requesters pay"), nil
	}
	return a, nil
}

func bucketRequests(t Trail) []policy.Request {
	trail, _ := arn.Parse(t.ARN)
	bucket := arn.Build(trail.Partition, "s3", "", "", t.Bucket)
	requests := []policy.Request{request(t, "s3:GetBucketAcl", bucket)}
	put := func(object, keyARN string) {
		r := request(t, "s3:PutObject", bucket+"/"+object)
		r.Context["s3:x-amz-acl"] = []string{"bucket-owner-full-control"}
		r.Context["s3:x-amz-server-side-encryption"] = []string{"AES256"}
		if keyARN != "" {
			r.Context["s3:x-amz-server-side-encryption"] = []string{"aws:kms"}
			r.Context["s3:x-amz-server-side-encryption-aws-kms-key-id"] = []string{keyARN}
		}
		requests = append(requests, r)
	}
	if t.Object != "" {
		put(t.Object, t.KeyARN)
		return requests
	}
	for _, folder := range folders(t) {
		// A bucket that accepts only objects encrypted with a KMS key is refused for any trail.
		put(folder+"CloudTrail/", "")
		if t.KeyARN != "" {
			put(folder+"CloudTrail/", t.KeyARN)
		}
	}
	return requests
}

// folders returns the folders that a trail writes to.
func folders(t Trail) []string {
	root := "AWSLogs/"
	if t.Prefix != "" {
		root = strings.TrimSuffix(t.Prefix, "/") + "/" + root
	}
	own := t.Account + "/"
	if t.Organization == "" {
		return []string{root + own}
	}
	return []string{root + own, root + t.Organization + "/" + own}
}
