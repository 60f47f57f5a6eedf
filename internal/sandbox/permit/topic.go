package permit

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/cerpac/trailkeeper/arn"
)

// Topic checks that CloudTrail may publish to the topic and, if the topic has a key,
// use it for encryption.
func (c *checker) Topic(ctx context.Context, t Trail) error {
	insufficient := func(status, why string) error {
		return &Denial{
			Code:    "InsufficientSnsTopicPolicyException",
			Message: "SNS Topic does not exist or the topic policy is incorrect!",
			Status:  status,
			Why:     fmt.Sprintf("topic %q: %s", t.TopicARN, why),
		}
	}
	topic, err := arn.Parse(t.TopicARN)
	if err != nil {
		return insufficient(topicNotFound, "it is no ARN")
	}
	client, err := c.clients.SNS(ctx, topic.AccountID, topic.Region)
	if err != nil {
		return err
	}
	held, err := client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &t.TopicARN})
	if code(err) == "NotFound" {
		return insufficient(topicNotFound, "it does not exist")
	}
	if err != nil {
		return fmt.Errorf("read policy of topic %q: %w", t.TopicARN, err)
	}
	if why := denied([]string{held.Attributes["Policy"]}, request(t, "sns:Publish", t.TopicARN)); why != "" {
		return insufficient(topicNotAuthorized, why)
	}
	name := held.Attributes["KmsMasterKeyId"]
	if name == "" {
		return nil
	}
	if !arn.Begins(name) {
		if !strings.HasPrefix(name, "alias/") {
			name = "key/" + name
		}
		name = arn.Build(topic.Partition, "kms", topic.Region, topic.AccountID, name)
	}
	key, err := c.key(ctx, t, name)
	if err == nil {
		err = key.admits(t, topicKeyDenied, key.requests(t, "aws:sns:topicArn", t.TopicARN, "kms:GenerateDataKey", "kms:Decrypt"))
	}
	var denial *Denial
	if errors.As(err, &denial) { // of the key, which CloudTrail reports as the topic's
		return insufficient(denial.Status, denial.Why)
	}
	return err
}
