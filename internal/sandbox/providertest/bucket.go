package providertest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// aws_s3_bucket
// create: HeadBucket, which must fail in us-east-1; CreateBucket with the tags
// (before 6.23 PutBucketTagging), again while OperationAborted; HeadBucket until it
// is found
// read: HeadBucket and everything that can be set in it, see readBucket;
// ListTagsForResource of S3 Control (before 6.23 GetBucketTagging)
// delete: DeleteBucket; force_destroy: ListObjectVersions and DeleteObjects first
func bucket(p *provider) resource { return p.bucketResource(bucketName, true) }

// accessLogBucket is a second bucket, to which the first logs.
func accessLogBucket(p *provider) resource { return p.bucketResource(accessLogsName, false) }

func (p *provider) bucketResource(name string, trail bool) resource {
	tags := map[string]string{"Name": "trail"}
	return resource{
		kind:   "aws_s3_bucket",
		create: func() error { return p.createBucket(name, trail) },
		read:   func() (state, error) { return p.readBucket(name) },
		want:   state{"region": region, "object_lock_enabled": trail, "tags": tags, "tags before 6.23": tags},
		remove: func() error { return p.removeBucket(name) },
	}
}

func (p *provider) createBucket(name string, trail bool) error {
	if _, err := p.s3.HeadBucket(p.ctx, &s3.HeadBucketInput{Bucket: &name}); err == nil {
		return fmt.Errorf("bucket %q: BucketAlreadyExists", name)
	}
	input := &s3.CreateBucketInput{Bucket: &name}
	if trail {
		input.ObjectLockEnabledForBucket = aws.Bool(true)
		input.CreateBucketConfiguration = &types.CreateBucketConfiguration{Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("trail")}}}
	} else {
		input.ACL = types.BucketCannedACLPrivate // as 5.30 sends
	}
	if _, err := p.s3.CreateBucket(p.ctx, input); err != nil {
		return err
	}
	if err := p.until("the bucket", 1, func() (bool, error) {
		_, err := p.s3.HeadBucket(p.ctx, &s3.HeadBucketInput{Bucket: &name})
		return err == nil, ignore(err, "NoSuchBucket", "NotFound")
	}); err != nil || trail {
		return err
	}
	_, err := p.s3.PutBucketTagging(p.ctx, &s3.PutBucketTaggingInput{
		Bucket: &name, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("Name"), Value: aws.String("trail")}}},
	})
	return err
}

// readBucket makes every call of a read. Each may fail with the codes that mean
// "not set", or not implemented, and no other.
func (p *provider) readBucket(name string) (state, error) {
	head, err := p.s3.HeadBucket(p.ctx, &s3.HeadBucketInput{Bucket: &name})
	if err != nil {
		return nil, goneIf(err, "NoSuchBucket", "NotFound")
	}
	read := state{"region": aws.ToString(head.BucketRegion)}
	for _, call := range p.bucketCalls(name, read) {
		err := call.do()
		unset := append([]string{"MethodNotAllowed", "NotImplemented", "XNotImplemented", "UnsupportedOperation"}, call.unset)
		if err != nil && !slices.Contains(unset, code(err)) {
			return nil, fmt.Errorf("read bucket: %w", err)
		}
	}
	read["tags"], err = p.bucketTags(name)
	return read, err
}

// bucketTags asks S3 Control, which clients address at a host that is named for the
// account, below the endpoint's: a local endpoint must be localhost for that, and
// not an address.
func (p *provider) bucketTags(name string) (map[string]string, error) {
	target := p.endpoint + "/v20180820/tags/" + url.PathEscape("arn:aws:s3:::"+name)
	r, err := http.NewRequestWithContext(p.ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	r.Host = p.account + "." + strings.Replace(r.Host, "127.0.0.1", "localhost", 1)
	r.Header.Set("X-Amz-Account-Id", p.account)
	empty := sha256.Sum256(nil)
	key := aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}
	if err := v4.NewSigner().SignHTTP(p.ctx, key, r, hex.EncodeToString(empty[:]), "s3", region, time.Now()); err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("list tags by S3 Control: %s", answer.Status)
	}
	var listed struct {
		Tags []struct{ Key, Value string } `xml:"Tags>Tag"`
	}
	if err := xml.NewDecoder(answer.Body).Decode(&listed); err != nil {
		return nil, fmt.Errorf("list tags by S3 Control: %w", err)
	}
	tags := map[string]string{}
	for _, tag := range listed.Tags {
		tags[tag.Key] = tag.Value
	}
	return tags, nil
}

type bucketCall struct {
	unset string // the code for "not set"
	do    func() error
}

func (p *provider) bucketCalls(name string, read state) []bucketCall {
	bucket := &name
	return []bucketCall{
		{"NoSuchBucketPolicy", func() error {
			out, err := p.s3.GetBucketPolicy(p.ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
			if err == nil {
				read["policy"] = document(*out.Policy)
			}
			return err
		}},
		{"", func() error {
			out, err := p.s3.GetBucketAcl(p.ctx, &s3.GetBucketAclInput{Bucket: bucket})
			if err == nil {
				read["grant"] = len(out.Grants)
			}
			return err
		}},
		{"NoSuchCORSConfiguration", func() error {
			_, err := p.s3.GetBucketCors(p.ctx, &s3.GetBucketCorsInput{Bucket: bucket})
			return err
		}},
		{"NoSuchWebsiteConfiguration", func() error {
			_, err := p.s3.GetBucketWebsite(p.ctx, &s3.GetBucketWebsiteInput{Bucket: bucket})
			return err
		}},
		{"", func() error {
			out, err := p.s3.GetBucketVersioning(p.ctx, &s3.GetBucketVersioningInput{Bucket: bucket})
			if err == nil {
				read["versioning"] = string(out.Status)
			}
			return err
		}},
		{"UnsupportedArgument", func() error {
			_, err := p.s3.GetBucketAccelerateConfiguration(p.ctx, &s3.GetBucketAccelerateConfigurationInput{Bucket: bucket})
			return err
		}},
		{"", func() error {
			out, err := p.s3.GetBucketRequestPayment(p.ctx, &s3.GetBucketRequestPaymentInput{Bucket: bucket})
			if err == nil {
				read["request_payer"] = string(out.Payer)
			}
			return err
		}},
		{"", func() error {
			_, err := p.s3.GetBucketLogging(p.ctx, &s3.GetBucketLoggingInput{Bucket: bucket})
			return err
		}},
		{"NoSuchLifecycleConfiguration", func() error {
			_, err := p.s3.GetBucketLifecycleConfiguration(p.ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket})
			return err
		}},
		{"ReplicationConfigurationNotFoundError", func() error {
			_, err := p.s3.GetBucketReplication(p.ctx, &s3.GetBucketReplicationInput{Bucket: bucket})
			return err
		}},
		{"ServerSideEncryptionConfigurationNotFoundError", func() error {
			_, err := p.s3.GetBucketEncryption(p.ctx, &s3.GetBucketEncryptionInput{Bucket: bucket})
			return err
		}},
		{"ObjectLockConfigurationNotFoundError", func() error {
			out, err := p.s3.GetObjectLockConfiguration(p.ctx, &s3.GetObjectLockConfigurationInput{Bucket: bucket})
			read["object_lock_enabled"] = err == nil && out.ObjectLockConfiguration.ObjectLockEnabled == types.ObjectLockEnabledEnabled
			return err
		}},
		{"NoSuchTagSet", func() error {
			out, err := p.s3.GetBucketTagging(p.ctx, &s3.GetBucketTaggingInput{Bucket: bucket})
			if err == nil {
				tags := map[string]string{}
				for _, tag := range out.TagSet {
					tags[*tag.Key] = *tag.Value
				}
				read["tags before 6.23"] = tags
			}
			return err
		}},
	}
}

// removeBucket goes on until nothing more is delivered to the bucket.
func (p *provider) removeBucket(name string) error {
	return p.retry("the end of the bucket", func() error {
		_, err := p.s3.DeleteBucket(p.ctx, &s3.DeleteBucketInput{Bucket: &name})
		if code(err) == "BucketNotEmpty" {
			return errors.Join(err, p.emptyBucket(name))
		}
		return ignore(err, "NoSuchBucket")
	}, func(err error) bool { return code(err) == "BucketNotEmpty" })
}

func (p *provider) emptyBucket(name string) error {
	pages := s3.NewListObjectVersionsPaginator(p.s3, &s3.ListObjectVersionsInput{Bucket: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(p.ctx)
		if err != nil {
			return err
		}
		var objects []types.ObjectIdentifier
		for _, v := range page.Versions {
			objects = append(objects, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			objects = append(objects, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		deleted, err := p.s3.DeleteObjects(p.ctx, &s3.DeleteObjectsInput{
			Bucket: &name, BypassGovernanceRetention: aws.Bool(true), Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return err
		}
		for _, failed := range deleted.Errors {
			return fmt.Errorf("delete %q: %s", *failed.Key, *failed.Code)
		}
	}
	return nil
}
