package resources

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/internal/trail/account"
)

// outward returns a note of the bucket's settings that send logs elsewhere or let
// others read them. Apply leaves them: the right to remove them would also be the right
// to add them.
func (b *storage) outward(ctx context.Context) (string, error) {
	var found []string
	for _, way := range []func(context.Context) (string, error){
		b.replication, b.website, b.cors, b.acceleration, b.listeners,
	} {
		text, err := way(ctx)
		if err != nil && !account.Missing(err) {
			return "", err
		}
		if text != "" {
			found = append(found, text)
		}
	}
	return beside("", found), nil
}

func (b *storage) replication(ctx context.Context) (string, error) {
	out, err := b.client.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	if err != nil || out.ReplicationConfiguration == nil {
		return "", err
	}
	var to []string
	for _, rule := range out.ReplicationConfiguration.Rules {
		if rule.Destination != nil {
			to = append(to, aws.ToString(rule.Destination.Bucket))
		}
	}
	return "replication to " + strings.Join(to, " "), nil
}

func (b *storage) website(ctx context.Context) (string, error) {
	out, err := b.client.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	if err != nil {
		return "", err
	}
	if out.RedirectAllRequestsTo != nil {
		return "website that redirects to " + aws.ToString(out.RedirectAllRequestsTo.HostName), nil
	}
	return "website", nil
}

func (b *storage) cors(ctx context.Context) (string, error) {
	out, err := b.client.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	if err != nil {
		return "", err
	}
	var origins []string
	for _, rule := range out.CORSRules {
		origins = append(origins, rule.AllowedOrigins...)
	}
	return "CORS for " + strings.Join(origins, " "), nil
}

// acceleration returns whether transfer acceleration is enabled. Partitions without it
// answer with an error.
func (b *storage) acceleration(ctx context.Context) (string, error) {
	out, err := b.client.GetBucketAccelerateConfiguration(ctx, &s3.GetBucketAccelerateConfigurationInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	switch code := account.Code(err); {
	case code == "MethodNotAllowed" || code == "UnsupportedArgument":
		return "", nil
	case err != nil || out.Status != types.BucketAccelerateStatusEnabled:
		return "", err
	}
	return "transfer acceleration", nil
}

// listeners returns the destinations of event notifications.
func (b *storage) listeners(ctx context.Context) (string, error) {
	out, err := b.client.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &b.name, ExpectedBucketOwner: b.owner})
	if err != nil {
		return "", err
	}
	var heard []string
	for _, c := range out.QueueConfigurations {
		heard = append(heard, aws.ToString(c.QueueArn))
	}
	for _, c := range out.TopicConfigurations {
		heard = append(heard, aws.ToString(c.TopicArn))
	}
	for _, c := range out.LambdaFunctionConfigurations {
		heard = append(heard, aws.ToString(c.LambdaFunctionArn))
	}
	if out.EventBridgeConfiguration != nil {
		heard = append(heard, "EventBridge")
	}
	if heard == nil {
		return "", nil
	}
	return "event notifications to " + strings.Join(heard, " "), nil
}
