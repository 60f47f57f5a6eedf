package providertest

import (
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// aws_sns_topic
// create: CreateTopic with name and tags; SetTopicAttributes for each attribute,
// again while InvalidParameter; read: GetTopicAttributes until the AWS principals
// in the policy are accounts or ARNs; ListTagsForResource
// update: SetTopicAttributes; delete: DeleteTopic; gone is NotFound
func topic(p *provider) resource {
	set := func(name, value string) error {
		_, err := p.sns.SetTopicAttributes(p.ctx, &sns.SetTopicAttributesInput{
			TopicArn: aws.String(p.topicARN()), AttributeName: &name, AttributeValue: &value,
		})
		return err
	}
	return resource{
		kind: "aws_sns_topic",
		create: func() error {
			_, err := p.sns.CreateTopic(p.ctx, &sns.CreateTopicInput{
				Name: aws.String(topicName), Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("trail")}},
			})
			if err != nil {
				return err
			}
			return set("KmsMasterKeyId", p.keyARN)
		},
		read: p.readTopic,
		want: state{
			"arn": p.topicARN(), "kms_master_key_id": p.keyARN, "owner": p.account, "display_name": "", "fifo_topic": "",
			"content_based_deduplication": "", "tags": map[string]string{"Name": "trail"},
		},
		update: func() error { return set("DisplayName", "changed") },
		change: state{"display_name": "changed"},
		remove: func() error {
			_, err := p.sns.DeleteTopic(p.ctx, &sns.DeleteTopicInput{TopicArn: aws.String(p.topicARN())})
			return ignore(err, "NotFound", "NotFoundException")
		},
	}
}

// readTopic reads the attributes that have an attribute of the resource, but for
// the policy, which is another resource's here. The effective delivery policy is
// not read.
func (p *provider) readTopic() (state, error) {
	attributes, err := p.topicAttributes()
	if err != nil {
		return nil, err
	}
	listed, err := p.sns.ListTagsForResource(p.ctx, &sns.ListTagsForResourceInput{ResourceArn: aws.String(p.topicARN())})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, tag := range listed.Tags {
		tags[*tag.Key] = *tag.Value
	}
	return state{
		"arn": attributes["TopicArn"], "kms_master_key_id": attributes["KmsMasterKeyId"], "owner": attributes["Owner"],
		"display_name": attributes["DisplayName"], "fifo_topic": falseAsUnset(attributes["FifoTopic"]),
		"content_based_deduplication": falseAsUnset(attributes["ContentBasedDeduplication"]),
		"delivery_policy":             attributes["DeliveryPolicy"], "signature_version": attributes["SignatureVersion"],
		"tracing_config": attributes["TracingConfig"], "tags": tags,
	}, nil
}

func falseAsUnset(value string) string {
	if value == "false" {
		return ""
	}
	return value
}

func (p *provider) topicAttributes() (map[string]string, error) {
	got, err := p.sns.GetTopicAttributes(p.ctx, &sns.GetTopicAttributesInput{TopicArn: aws.String(p.topicARN())})
	if err != nil {
		return nil, goneIf(err, "NotFound", "NotFoundException")
	}
	return got.Attributes, nil
}

// aws_sns_topic_policy
// create, update: SetTopicAttributes Policy; read: GetTopicAttributes
// delete: SetTopicAttributes with the default policy, as a topic always has one
func topicPolicy(p *provider) resource {
	set := func(text string) error {
		return p.retry("the topic policy", func() error {
			_, err := p.sns.SetTopicAttributes(p.ctx, &sns.SetTopicAttributesInput{
				TopicArn: aws.String(p.topicARN()), AttributeName: aws.String("Policy"), AttributeValue: &text,
			})
			return err
		}, func(err error) bool { return code(err) == "InvalidParameter" })
	}
	text := statement(`{"Sid":"AWSCloudTrailSNSPolicy20131101","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"SNS:Publish",
		"Resource":"TOPIC","Condition":{"StringEquals":{"aws:SourceArn":"TRAIL"}}}`, "TOPIC", p.topicARN(), "TRAIL", p.trailARN())
	ownersOnly := fmt.Sprintf(`{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow",
		"Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission",
		"SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish","SNS:Receive"],"Resource":%q,
		"Condition":{"StringEquals":{"AWS:SourceOwner":%q}}}]}`, p.topicARN(), p.account)
	return resource{
		kind:   "aws_sns_topic_policy",
		create: func() error { return set(text) },
		read: func() (state, error) {
			attributes, err := p.topicAttributes()
			if err != nil {
				return nil, err
			}
			return state{"policy": document(attributes["Policy"]), "owner": attributes["Owner"], "arn": attributes["TopicArn"]}, nil
		},
		want:    state{"policy": document(text), "owner": p.account, "arn": p.topicARN()},
		remove:  func() error { return set(ownersOnly) },
		remains: true,
	}
}

// aws_sns_topic_subscription
// create: Subscribe with ReturnSubscriptionArn; but for e-mail and HTTP,
// GetSubscriptionAttributes until PendingConfirmation is false
// read: GetSubscriptionAttributes; delete: Unsubscribe, a pending confirmation
// refuses it, which is passed over; GetSubscriptionAttributes until NotFound
func (p *provider) subscription(protocol, to string, before func() error) resource {
	var arn string
	read := func() (state, error) {
		got, err := p.sns.GetSubscriptionAttributes(p.ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: &arn})
		if err != nil {
			return nil, goneIf(err, "NotFound", "NotFoundException")
		}
		read := state{}
		for name, value := range maps.All(got.Attributes) {
			read[name] = value
		}
		return read, nil
	}
	return resource{
		kind: "aws_sns_topic_subscription",
		create: func() error {
			if err := before(); err != nil {
				return err
			}
			out, err := p.sns.Subscribe(p.ctx, &sns.SubscribeInput{
				TopicArn: aws.String(p.topicARN()), Protocol: &protocol, Endpoint: &to, ReturnSubscriptionArn: true,
			})
			if err != nil {
				return err
			}
			if arn = *out.SubscriptionArn; protocol == "email" {
				return nil
			}
			return p.until("the confirmation", 1, func() (bool, error) {
				got, err := read()
				return got["PendingConfirmation"] == "false", ignoreGone(err)
			})
		},
		read: read,
		want: state{"Protocol": protocol, "Endpoint": to, "TopicArn": p.topicARN(), "RawMessageDelivery": "false", "Owner": p.account},
		remove: func() error {
			_, err := p.sns.Unsubscribe(p.ctx, &sns.UnsubscribeInput{SubscriptionArn: &arn})
			if err != nil {
				return err
			}
			return p.untilGone("the subscription", read)
		},
	}
}

func emailSubscription(p *provider) resource {
	return p.subscription("email", "somebody@example.com", func() error { return nil })
}

func queueSubscription(p *provider) resource {
	return p.subscription("sqs", p.arn("sqs", region, queueName), func() error {
		policy := statement(`{"Effect":"Allow","Principal":{"Service":["sns.amazonaws.com","s3.amazonaws.com"]},"Action":"sqs:SendMessage","Resource":"QUEUE"}`,
			"QUEUE", p.arn("sqs", region, queueName))
		_, err := p.sqs.CreateQueue(p.ctx, &sqs.CreateQueueInput{
			QueueName: aws.String(queueName), Attributes: map[string]string{"Policy": policy},
		})
		return err
	})
}
