package resources

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

const queue = "arn:aws:sqs:eu-west-2:123456789012:notices"

func TestTopic(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	s := b.set(func(spec *trail.Spec) {
		spec.SNS, spec.SNSSubscriptions = "create", []trail.Subscription{{Protocol: "sqs", Endpoint: queue}}
	})
	arn, api := &s.Names.TopicARN, b.SNS
	set := func(name, value string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := api.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: arn, AttributeName: &name, AttributeValue: &value})
			return err
		}
	}

	mends(t, s.topic(), []drift{
		{"policy", set("Policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"SNS:*","Resource":"`+*arn+`"}]}`), []string{"policy"}},
		{"key", set("KmsMasterKeyId", oneKey), []string{"kms_key"}},
		{"unsubscribed", func(ctx context.Context) error {
			got, err := api.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: arn})
			if err == nil {
				_, err = api.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: got.Subscriptions[0].SubscriptionArn})
			}
			return err
		}, []string{"subscriptions"}},
		{"somebody else subscribed", func(ctx context.Context) error {
			_, err := api.Subscribe(ctx, &sns.SubscribeInput{TopicArn: arn, Protocol: aws.String("sqs"), Endpoint: aws.String(queue + "-too")})
			return err
		}, nil},
		{"tags", func(ctx context.Context) error {
			_, err := api.UntagResource(ctx, &sns.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"team"}})
			return err
		}, []string{"tags"}},
		{"deleted", func(ctx context.Context) error {
			_, err := api.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: arn})
			return err
		}, []string{"policy", "subscriptions", "tags"}},
	})

	t.Run("not ours", func(t *testing.T) {
		if _, err := api.UntagResource(t.Context(), &sns.UntagResourceInput{ResourceArn: arn, TagKeys: []string{trail.OwnerTag}}); err != nil {
			t.Fatal(err)
		}
		refuses(t, s.topic(), "")
		_, err := api.TagResource(t.Context(), &sns.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{{Key: aws.String(trail.OwnerTag), Value: &s.Names.Trail}}})
		if err != nil {
			t.Fatal(err)
		}
	})

	t.Run("destroy", func(t *testing.T) {
		if _, err := converge.Destroy(t.Context(), s.topic(), hurried()); err != nil {
			t.Fatal(err)
		}
		if _, err := api.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: arn}); !account.Missing(err) {
			t.Errorf("GetTopicAttributes: %v, want that it is missing", err)
		}
	})

	t.Run("none wanted", func(t *testing.T) {
		for _, sns := range []string{"none", *arn} {
			if got := b.set(func(spec *trail.Spec) { spec.SNS = sns }).topic(); got != nil {
				t.Errorf("sns: %s: %d resources, want none", sns, len(got))
			}
		}
	})
}

func TestSortSubscriptions(t *testing.T) {
	topic := snsTopic{subscriptions: []trail.Subscription{
		{Protocol: "email", Endpoint: "audit@example.com"}, {Protocol: "sqs", Endpoint: queue},
	}}
	subscription := func(protocol, endpoint, arn string) types.Subscription {
		return types.Subscription{Protocol: &protocol, Endpoint: &endpoint, SubscriptionArn: &arn}
	}
	const confirmed = "arn:aws:sns:eu-west-2:123456789012:topic:id"
	for _, test := range []struct {
		name string
		all  []types.Subscription
		seen converge.Set
		note string
	}{
		{"none", nil, nil, "no confirmed subscriber"},
		{
			"all well", []types.Subscription{subscription("email", "audit@example.com", confirmed), subscription("sqs", queue, confirmed)},
			converge.Set{"email:audit@example.com", "sqs:" + queue}, "",
		},
		{
			"waits", []types.Subscription{subscription("email", "audit@example.com", pending)},
			converge.Set{"email:audit@example.com"}, "no confirmed subscriber; waiting for confirmation: email:audit@example.com",
		},
		{
			"others", []types.Subscription{subscription("sqs", queue, confirmed), subscription("http", "http://example.org", confirmed)},
			converge.Set{"sqs:" + queue}, "not in the configuration: subscriptions of http:http://example.org; apply leaves it",
		},
		{"deleted", []types.Subscription{subscription("sqs", queue, "Deleted")}, nil, "no confirmed subscriber"},
	} {
		seen, note := topic.sort(test.all)
		if !slices.Equal(seen, test.seen) || note != test.note {
			t.Errorf("%s: %q %q, want %q %q", test.name, seen, note, test.seen, test.note)
		}
	}
}
