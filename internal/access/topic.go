package access

import (
	"context"
	"errors"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/policy"
)

// Topic checks that CloudTrail may publish to the topic and, if the topic has a key,
// use it for encryption.
func (c *Checker) Topic(ctx context.Context, t Trail) (Answer, error) {
	a := Answer{Subject: TheTopic, Name: t.TopicARN}
	topic, err := arn.Parse(t.TopicARN)
	if err != nil {
		return a.problem(Missing, "it is no ARN"), nil
	}
	held, err := c.Destinations.Topic(ctx, t.TopicARN)
	switch {
	case errors.Is(err, ErrNotFound):
		return a.problem(Missing, absent), nil
	case err != nil:
		return a, err
	}
	if a = a.ask("policy of the topic", []string{held.Policy}, request(t, "sns:Publish", t.TopicARN)); !a.Allowed() || held.Key == "" {
		return a, nil
	}
	key, err := c.key(ctx, Answer{Subject: TheKey, Name: keyOf(topic, held.Key)}, func(key string) []policy.Request {
		return encrypting(t, key, "aws:sns:topicArn", t.TopicARN, "kms:GenerateDataKey", "kms:Decrypt")
	})
	if err == nil && !key.Allowed() {
		a.Within = &key
		a = a.problem(key.Problem, key.String())
	}
	return a, err
}

// keyOf returns the ARN of the key that a topic names.
func keyOf(topic arn.ARN, name string) string {
	if arn.Begins(name) {
		return name
	}
	if !strings.HasPrefix(name, "alias/") {
		name = "key/" + name
	}
	return arn.Build(topic.Partition, "kms", topic.Region, topic.AccountID, name)
}
