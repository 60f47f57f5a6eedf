package record

import (
	"cmp"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/arn/partition"
)

// resources returns the resources of a call, for the services whose records have them.
func (c *call) resources(asked, told tree, errorCode string) list {
	parameters, _ := asked.(object)
	answer, _ := told.(object)
	switch c.op.EventSource {
	case "s3.amazonaws.com":
		return c.s3Resources(errorCode)
	case "kms.amazonaws.com":
		return c.one("AWS::KMS::Key", c.kmsKey(parameters, answer))
	case "sts.amazonaws.com":
		if errorCode == "" {
			return c.one("AWS::IAM::Role", parameters.text("roleArn"))
		}
	case "ssm.amazonaws.com":
		return c.ssmResources(parameters)
	case "dynamodb.amazonaws.com":
		return c.dynamodbResources(parameters)
	case "kinesis.amazonaws.com":
		if c.op.ResourceType != "" {
			return c.kinesisResources(parameters)
		}
	case "lambda.amazonaws.com":
		if c.op.ResourceType != "" {
			return c.one(c.op.ResourceType, c.named("lambda", "function:", c.op.Path["FunctionName"]))
		}
	case "sns.amazonaws.com":
		if c.op.ResourceType != "" {
			return c.one(c.op.ResourceType, parameters.text("topicArn"))
		}
	case "sqs.amazonaws.com":
		if c.op.ResourceType != "" {
			queue := parameters.text("queueUrl")
			return c.one(c.op.ResourceType, c.named("sqs", "", queue[strings.LastIndexByte(queue, '/')+1:]))
		}
	}
	return nil
}

// one returns a list of one resource, empty without an ARN.
func (c *call) one(kind, name string) list {
	if name == "" {
		return nil
	}
	resource := object{{"accountId", cmp.Or(arn.Account(name), c.who.Account)}}
	resource.addText("type", kind)
	resource.add("ARN", name)
	return list{resource}
}

// named returns the ARN of a resource in the caller's account and Region.
func (c *call) named(service, prefix, name string) string {
	if name == "" || arn.Begins(name) {
		return name
	}
	return arn.Build(partition.Of(c.op.Region).ID, service, c.op.Region, c.who.Account, prefix+name)
}

func (c *call) s3Resources(errorCode string) list {
	bucket, key := c.op.Path["Bucket"], c.op.Path["Key"]
	if bucket == "" || c.op.Name == "CreateBucket" || errorCode == "NoSuchBucket" {
		return nil
	}
	name := arn.Build(partition.Of(c.op.Region).ID, "s3", "", "", bucket)
	owned := object{{"accountId", c.who.Account}, {"type", "AWS::S3::Bucket"}, {"ARN", name}}
	switch {
	case key != "":
		return list{object{{"type", "AWS::S3::Object"}, {"ARN", name + "/" + key}}, owned}
	case c.op.ResourceType == "AWS::S3::Object":
		return list{object{{"type", "AWS::S3::Object"}, {"ARNPrefix", name + "/"}}, owned}
	}
	return list{owned}
}

// kmsKey returns the key that a call used: that of the answer, otherwise the one
// requested by its ID. An alias can only be resolved by the answer.
func (c *call) kmsKey(parameters, answer object) string {
	metadata, _ := answer.get("keyMetadata").(object)
	id := metadata.text("arn")
	if id == "" {
		id = c.answeredKey()
	}
	if id == "" {
		id = parameters.text("keyId")
	}
	if strings.HasPrefix(id, "alias/") {
		return ""
	}
	return c.named("kms", "key/", id)
}

// answeredKey returns the KeyId of an answer that is not recorded, as of Decrypt.
func (c *call) answeredKey() string {
	answer, _ := decodeJSON(bodyOf(c.x.Response)).(object)
	if metadata, ok := answer.get("KeyMetadata").(object); ok {
		return metadata.text("Arn")
	}
	return answer.text("KeyId")
}

func (c *call) ssmResources(parameters object) list {
	if !strings.HasSuffix(c.op.Name, "Parameter") && !strings.HasSuffix(c.op.Name, "Parameters") {
		return nil
	}
	names, _ := parameters.get("names").(list)
	if name := parameters.text("name"); name != "" {
		names = list{name}
	}
	var all list
	for _, name := range names {
		if name, ok := name.(string); ok {
			all = append(all, c.one("", c.named("ssm", "parameter/", strings.TrimPrefix(name, "/")))...)
		}
	}
	return all
}
