package resources_test

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

// outwardDrifts let logs out of the bucket. The field is the note of it.
func outwardDrifts() []drift {
	return []drift{
		{name: "replication", field: "replication to arn:aws:s3:::somebodys-copies", change: func(t *testing.T, set *resources.Set) error {
			other := "somebodys-copies"
			_, err := set.Account.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
				Bucket: &other, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraintEuWest2},
			})
			if err != nil {
				return err
			}
			_, err = set.Account.S3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
				Bucket: &other, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
			})
			if err != nil {
				return err
			}
			_, err = set.Account.S3.PutBucketReplication(t.Context(), &s3.PutBucketReplicationInput{
				Bucket: &set.Names.Bucket,
				ReplicationConfiguration: &types.ReplicationConfiguration{
					Role: aws.String("arn:aws:iam::123456789012:role/copies"),
					Rules: []types.ReplicationRule{{
						Status: types.ReplicationRuleStatusEnabled, Priority: aws.Int32(1), Filter: &types.ReplicationRuleFilter{Prefix: aws.String("")},
						DeleteMarkerReplication: &types.DeleteMarkerReplication{Status: types.DeleteMarkerReplicationStatusDisabled},
						Destination:             &types.Destination{Bucket: aws.String("arn:aws:s3:::" + other)},
					}},
				},
			})
			return err
		}},
		{name: "website", field: "website", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.S3.PutBucketWebsite(t.Context(), &s3.PutBucketWebsiteInput{
				Bucket: &set.Names.Bucket, WebsiteConfiguration: &types.WebsiteConfiguration{IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")}},
			})
			return err
		}},
		{name: "redirection", field: "website that redirects to logs.example.org", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.S3.PutBucketWebsite(t.Context(), &s3.PutBucketWebsiteInput{
				Bucket: &set.Names.Bucket,
				WebsiteConfiguration: &types.WebsiteConfiguration{
					RedirectAllRequestsTo: &types.RedirectAllRequestsTo{HostName: aws.String("logs.example.org")},
				},
			})
			return err
		}},
		{name: "CORS", field: "CORS for https://example.org", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.S3.PutBucketCors(t.Context(), &s3.PutBucketCorsInput{
				Bucket: &set.Names.Bucket,
				CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{{
					AllowedMethods: []string{"GET"}, AllowedOrigins: []string{"https://example.org"},
				}}},
			})
			return err
		}},
		{name: "acceleration", field: "transfer acceleration", change: func(t *testing.T, set *resources.Set) error {
			_, err := set.Account.S3.PutBucketAccelerateConfiguration(t.Context(), &s3.PutBucketAccelerateConfigurationInput{
				Bucket: &set.Names.Bucket, AccelerateConfiguration: &types.AccelerateConfiguration{Status: types.BucketAccelerateStatusEnabled},
			})
			return err
		}},
	}
}

// Ways out of the bucket are noted, count as no difference and are left alone.
func TestOutward(t *testing.T) {
	spec := deploytest.Spec("outward")
	box := deploytest.Open(t)
	set := box.Set(t, spec)
	box.Apply(t, spec)
	for _, d := range outwardDrifts() {
		if err := d.change(t, set); err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		plan := box.Plan(t, spec)
		noted := slices.ContainsFunc(plan.Changes(), func(c converge.Change) bool {
			return c.Kind == "bucket" && c.Action == converge.None && strings.Contains(c.Note, d.field)
		})
		if !noted || !plan.Empty() {
			t.Errorf("%s: %+v", d.name, plan.Changes())
		}
	}
	if done := box.Apply(t, spec); len(done) > 0 {
		t.Errorf("apply does %q", done)
	}
}

// What others may add for reasons of their own is noted, counts as no difference and is
// left alone.
func TestBeside(t *testing.T) {
	spec := deploytest.Spec("beside")
	spec.KMS = "create"
	box := deploytest.Open(t)
	set := box.Set(t, spec)
	box.Apply(t, spec)
	queue, function := "arn:aws:sqs:eu-west-2:123456789012:heard", subscriber(t, box, set.Names.RoleARN)
	_, err := set.Account.S3.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: &set.Names.Bucket,
		NotificationConfiguration: &types.NotificationConfiguration{
			QueueConfigurations: []types.QueueConfiguration{{QueueArn: &queue, Events: []types.Event{types.EventS3ObjectCreated}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = set.Account.Logs.PutSubscriptionFilter(t.Context(), &cloudwatchlogs.PutSubscriptionFilterInput{
		LogGroupName: &set.Names.LogGroup, FilterName: aws.String("copies"), FilterPattern: aws.String(""),
		DestinationArn: &function, Distribution: logtypes.DistributionByLogStream,
	})
	if err != nil {
		t.Fatal(err)
	}
	aliases, err := set.Account.KMS.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &set.Names.KeyAlias})
	if err != nil {
		t.Fatal(err)
	}
	_, err = set.Account.KMS.CreateGrant(t.Context(), &kms.CreateGrantInput{
		KeyId: aliases.KeyMetadata.KeyId, GranteePrincipal: aws.String("arn:aws:iam::999999999999:role/reader"),
		Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		plan := box.Plan(t, spec)
		if !plan.Empty() {
			t.Errorf("there is something to do: %+v", plan.Changes())
		}
		for kind, want := range map[string]string{
			"bucket":    "not in the configuration: event notifications to " + queue,
			"log group": "not in the configuration: subscription filters copies to " + function,
			"KMS key":   "not in the configuration: grants to arn:aws:iam::999999999999:role/reader (Decrypt)",
		} {
			for _, c := range plan.Changes() {
				if c.Kind == kind && (c.Action != converge.None || !strings.Contains(c.Note, want)) {
					t.Errorf("%s: %s %q, want %q", kind, c.Action, c.Note, want)
				}
			}
		}
		if done := box.Apply(t, spec); len(done) > 0 {
			t.Errorf("apply does %q", done)
		}
	}
}

// subscriber is a function for events of the log group.
func subscriber(t *testing.T, box *deploytest.Box, role string) string {
	t.Helper()
	var code bytes.Buffer
	archive := zip.NewWriter(&code)
	if _, err := archive.Create("main.py"); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	client := lambda.New(lambda.Options{
		Region: deploytest.Region, BaseEndpoint: &box.Endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	made, err := client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("copies"), Role: &role, Runtime: lambdatypes.RuntimePython312, Handler: aws.String("main.handler"),
		Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *made.FunctionArn
}
