package providertest

import (
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// aws_iam_policy, the permissions boundary of the role
// create: CreatePolicy; read: GetPolicy and GetPolicyVersion of the version in force
// update: ListPolicyVersions, of five the oldest goes; CreatePolicyVersion
// delete: ListPolicyVersions and DeletePolicyVersion of the others; DeletePolicy
func boundary(p *provider) resource {
	const write = `{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"STREAMS"}`
	text := statement(write, "STREAMS", p.logGroupARN()+":log-stream:*")
	changed := statement(write, "STREAMS", p.logGroupARN()+":*")
	arn := aws.String(p.boundaryARN())
	return resource{
		kind: "aws_iam_policy",
		create: func() error {
			_, err := p.iam.CreatePolicy(p.ctx, &iam.CreatePolicyInput{
				PolicyName: aws.String(boundaryName), PolicyDocument: &text, Path: aws.String("/"), Description: aws.String("the most"),
				Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("trail")}},
			})
			return err
		},
		read: p.readBoundary,
		want: state{
			"arn": *arn, "policy": document(text), "description": "the most", "path": "/", "name": boundaryName,
			"tags": map[string]string{"Name": "trail"},
		},
		update: func() error {
			if _, err := p.iam.ListPolicyVersions(p.ctx, &iam.ListPolicyVersionsInput{PolicyArn: arn}); err != nil {
				return err
			}
			_, err := p.iam.CreatePolicyVersion(p.ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &changed, SetAsDefault: true})
			return err
		},
		change: state{"policy": document(changed)},
		remove: func() error {
			versions, err := p.iam.ListPolicyVersions(p.ctx, &iam.ListPolicyVersionsInput{PolicyArn: arn})
			if err != nil {
				return ignore(err, "NoSuchEntity")
			}
			for _, version := range versions.Versions {
				if version.IsDefaultVersion {
					continue
				}
				_, err := p.iam.DeletePolicyVersion(p.ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: version.VersionId})
				if err := ignore(err, "NoSuchEntity"); err != nil {
					return err
				}
			}
			_, err = p.iam.DeletePolicy(p.ctx, &iam.DeletePolicyInput{PolicyArn: arn})
			return ignore(err, "NoSuchEntity")
		},
	}
}

func (p *provider) readBoundary() (state, error) {
	arn := aws.String(p.boundaryARN())
	got, err := p.iam.GetPolicy(p.ctx, &iam.GetPolicyInput{PolicyArn: arn})
	if err != nil {
		return nil, goneIf(err, "NoSuchEntity")
	}
	version, err := p.iam.GetPolicyVersion(p.ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: got.Policy.DefaultVersionId})
	if err != nil {
		return nil, goneIf(err, "NoSuchEntity")
	}
	text, err := url.QueryUnescape(*version.PolicyVersion.Document)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, tag := range got.Policy.Tags {
		tags[*tag.Key] = *tag.Value
	}
	return state{
		"arn": *got.Policy.Arn, "policy": document(text), "description": aws.ToString(got.Policy.Description), "path": *got.Policy.Path,
		"name": *got.Policy.PolicyName, "policy_id": *got.Policy.PolicyId, "tags": tags,
	}, nil
}
