package permit_test

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/cerpac/trailkeeper/policy"
)

func topicPolicy(arn string) policy.Document {
	return policy.New(policy.Statement{
		Sid: "AWSCloudTrailSNSPolicy20150319", Effect: policy.Allow, Principal: cloudtrail,
		Action: policy.Values{"SNS:Publish"}, Resource: policy.Values{arn},
		Condition: policy.Conditions{"StringEquals": {"aws:SourceArn": {trailARN}}},
	})
}

func (w *world) makeTopic(account, region, name string) (client *sns.Client, arn string) {
	client = must(w.clients.SNS(w.Context(), account, region))(w.T)
	topic := must(client.CreateTopic(w.Context(), &sns.CreateTopicInput{Name: &name}))(w.T)
	return client, *topic.TopicArn
}

func (w *world) setTopic(client *sns.Client, arn, name, value string) {
	must(client.SetTopicAttributes(w.Context(), &sns.SetTopicAttributesInput{TopicArn: &arn, AttributeName: &name, AttributeValue: &value}))(w.T)
}

func testTopic(w *world) {
	const insufficient = "InsufficientSnsTopicPolicyException"
	for _, place := range []struct{ account, region string }{{account, region}, {account, "us-east-1"}, {otherAccount, "eu-west-1"}} {
		client, arn := w.makeTopic(place.account, place.region, "audit")
		trail := w.trail
		trail.TopicARN = arn
		check := func(name, code, status, why string) {
			w.Helper()
			w.wantDenial(name+" at "+arn, w.checker.Topic(w.Context(), trail), code, status, why)
		}
		check("default policy", insufficient, "AuthorizationError", "only if AWS:SourceOwner")
		d := topicPolicy(arn)
		w.setTopic(client, arn, "Policy", d.String())
		check("as AWS recommends", "", "", "")
		d.Statements[0].Condition["StringEquals"]["aws:SourceArn"] = policy.Values{otherTrail}
		w.setTopic(client, arn, "Policy", d.String())
		check("another trail", insufficient, "AuthorizationError", "only if aws:SourceArn")
		d.Statements[0].Condition, d.Statements[0].Resource = nil, policy.Values{arn + "s"}
		w.setTopic(client, arn, "Policy", d.String())
		check("another topic", insufficient, "AuthorizationError", "allows sns:Publish only on")
		trail.TopicARN += "-missing"
		check("missing", insufficient, "NotFound", "does not exist")
	}
}

func testEncryptedTopic(w *world) {
	client, arn := w.makeTopic(account, region, "encrypted")
	w.setTopic(client, arn, "Policy", topicPolicy(arn).String())
	trail := w.trail
	trail.TopicARN = arn
	d := keyPolicy()
	keys, key := w.makeKey(account, region, d)
	for _, name := range []string{key, key[strings.LastIndex(key, "/")+1:]} {
		w.setTopic(client, arn, "KmsMasterKeyId", name)
		w.wantDenial("key "+name, w.checker.Topic(w.Context(), trail), "InsufficientSnsTopicPolicyException", "KMSAccessDenied", `only if kms:EncryptionContext:aws:cloudtrail:arn`)
	}
	d.Statements[1].Action, d.Statements[1].Condition = policy.Values{"kms:GenerateDataKey*", "kms:Decrypt"}, nil
	must(keys.PutKeyPolicy(w.Context(), &kms.PutKeyPolicyInput{KeyId: &key, PolicyName: aws.String("default"), Policy: aws.String(d.String())}))(w.T)
	w.wantDenial("key that lets CloudTrail in", w.checker.Topic(w.Context(), trail), "", "", "")
	w.setTopic(client, arn, "KmsMasterKeyId", "alias/missing")
	w.wantDenial("missing key", w.checker.Topic(w.Context(), trail), "InsufficientSnsTopicPolicyException", "KMS.NotFoundException", "alias/missing")
}
