package terraformcheck

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/cerpac/trailkeeper/policy"
)

// place is where a module is applied.
type place struct {
	partition, region, suffix string
}

func places() []place {
	return []place{
		{"aws", "eu-west-2", "amazonaws.com"},
		{"aws-us-gov", "us-gov-west-1", "amazonaws.com"},
		{"aws-cn", "cn-north-1", "amazonaws.com.cn"},
	}
}

const (
	account      = "123456789012"
	organization = "o-exampleorg"
)

// stubs stand for what the modules ask AWS, and what it gives them.
func (p place) stubs(inOrganization bool) map[string]cty.Value {
	stubs := map[string]cty.Value{
		"account": cty.StringVal(account), "partition": cty.StringVal(p.partition),
		"region": cty.StringVal(p.region), "dns_suffix": cty.StringVal(p.suffix),
		"organization_id": cty.NullVal(cty.String), "management_account": cty.NullVal(cty.String),
		"key_arn": cty.StringVal(p.arn("kms", p.region, account, "key/1")),
	}
	if inOrganization {
		stubs["organization_id"] = cty.StringVal(organization)
		stubs["management_account"] = cty.StringVal(account)
	}
	return stubs
}

func (p place) arn(service, region, account, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", p.partition, service, region, account, resource)
}

// setup is one use of the module, and what must come of it.
type setup struct {
	name   string
	inputs map[string]cty.Value

	bucket, prefix string
	accounts       []string // beside our own
	organization   bool
	readers        []string
}

func setups() []setup {
	others := []string{"111111111111", "222222222222"}
	reader := "arn:aws:iam::123456789012:role/reader"
	strings := func(list ...string) cty.Value {
		var values []cty.Value
		for _, text := range list {
			values = append(values, cty.StringVal(text))
		}
		return cty.ListVal(values)
	}
	return []setup{
		{name: "defaults"},
		{name: "prefix", prefix: "audit/trail/", inputs: map[string]cty.Value{"key_prefix": cty.StringVal("audit/trail")}},
		{name: "bucket name", bucket: "my.own-bucket", inputs: map[string]cty.Value{"bucket_name": cty.StringVal("my.own-bucket")}},
		{name: "organization", organization: true, inputs: map[string]cty.Value{"organization": cty.True}},
		{name: "accounts", accounts: others, inputs: map[string]cty.Value{"accounts": strings(others[1], others[0])}},
		{
			name: "everything", bucket: "b-b", prefix: "p/", organization: true, accounts: others, readers: []string{reader},
			inputs: map[string]cty.Value{
				"bucket_name": cty.StringVal("b-b"), "key_prefix": cty.StringVal("p"), "organization": cty.True,
				"accounts": strings(others...), "kms": cty.StringVal("create"), "kms_key_readers": strings(reader),
				"sns": cty.StringVal("create"), "access_logging": cty.StringVal("create"),
			},
		},
	}
}

func (s setup) bucketName() string {
	if s.bucket == "" {
		return "production-cerpac-cloudtrail-logs"
	}
	return s.bucket
}

const (
	trail    = "production-cerpac-audit-trail"
	logGroup = "/aws/cloudtrail/" + trail
)

// documents are the policies that AWS asks for, written out a second time.
func (s setup) documents(p place) map[string]policy.Document {
	bucket := p.arn("s3", "", "", s.bucketName())
	ours := p.arn("cloudtrail", p.region, account, "trail/"+trail)
	sources, keys, contexts := policy.Values{}, policy.Values{}, policy.Values{}
	for _, id := range append([]string{account}, s.accounts...) {
		sources = append(sources, p.arn("cloudtrail", p.region, id, "trail/"+trail))
		contexts = append(contexts, p.arn("cloudtrail", "*", id, "trail/*"))
		keys = append(keys, bucket+"/"+s.prefix+"AWSLogs/"+id+"/*")
	}
	streams := policy.Values{p.arn("logs", p.region, account, "log-group:"+logGroup+":log-stream:"+account+"_CloudTrail_"+p.region+"*")}
	if s.organization {
		streams = append(streams, p.arn("logs", p.region, account, "log-group:"+logGroup+":log-stream:"+organization+"_*"))
	}
	trailAsks := func(action string, resource policy.Values, condition policy.Conditions) policy.Statement {
		return policy.Statement{Effect: policy.Allow, Principal: policy.Service("cloudtrail.amazonaws.com"), Action: policy.Values{action}, Resource: resource, Condition: condition}
	}
	from := func(sources ...string) policy.Conditions {
		return policy.Conditions{"StringEquals": {"aws:SourceArn": sources}}
	}
	owned := func(sources ...string) policy.Conditions {
		return policy.Conditions{"StringEquals": {"s3:x-amz-acl": {"bucket-owner-full-control"}, "aws:SourceArn": sources}}
	}
	bucketPolicy := []policy.Statement{
		trailAsks("s3:GetBucketAcl", policy.Values{bucket}, from(sources...)),
		trailAsks("s3:PutObject", keys, owned(sources...)),
		onlyTLS(bucket),
	}
	if s.organization {
		bucketPolicy = append(bucketPolicy, trailAsks("s3:PutObject", policy.Values{bucket + "/" + s.prefix + "AWSLogs/" + organization + "/*"}, owned(ours)))
	}
	keyPolicy := []policy.Statement{
		{Effect: policy.Allow, Principal: policy.AWS(p.arn("iam", "", account, "root")), Action: policy.Values{"kms:*"}, Resource: policy.Values{"*"}},
		trailAsks("kms:GenerateDataKey*", policy.Values{"*"}, policy.Conditions{
			"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": contexts}, "StringEquals": {"aws:SourceArn": sources},
		}),
		trailAsks("kms:DescribeKey", policy.Values{"*"}, from(sources...)),
		{
			Effect: policy.Allow, Principal: policy.Service("logs." + p.region + "." + p.suffix), Resource: policy.Values{"*"},
			Action:    policy.Values{"kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"},
			Condition: policy.Conditions{"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": {p.arn("logs", p.region, account, "log-group:"+logGroup)}}},
		},
	}
	if s.readers != nil {
		keyPolicy = append(keyPolicy, policy.Statement{
			Effect: policy.Allow, Principal: policy.AWS(s.readers...), Action: policy.Values{"kms:Decrypt"}, Resource: policy.Values{"*"},
			Condition: policy.Conditions{"Null": {"kms:EncryptionContext:aws:cloudtrail:arn": {"false"}}},
		})
	}
	return map[string]policy.Document{
		"bucket_policy": policy.New(bucketPolicy...),
		"key_policy":    policy.New(keyPolicy...),
		"role_trust":    policy.New(trailAsks("sts:AssumeRole", nil, from(ours))),
		"role_policy": policy.New(
			policy.Statement{Effect: policy.Allow, Action: policy.Values{"logs:CreateLogStream"}, Resource: streams},
			policy.Statement{Effect: policy.Allow, Action: policy.Values{"logs:PutLogEvents"}, Resource: streams},
		),
		"topic_policy": policy.New(trailAsks("SNS:Publish", policy.Values{p.arn("sns", p.region, account, "production-cerpac-cloudtrail-notifications")}, from(ours))),
		"access_log_bucket_policy": policy.New(onlyTLS(bucket+"-access-logs"), policy.Statement{
			Effect: policy.Allow, Principal: policy.Service("logging.s3.amazonaws.com"), Action: policy.Values{"s3:PutObject"},
			Resource:  policy.Values{bucket + "-access-logs/*"},
			Condition: policy.Conditions{"ArnLike": {"aws:SourceArn": {bucket}}, "StringEquals": {"aws:SourceAccount": {account}}},
		}),
	}
}

func onlyTLS(bucket string) policy.Statement {
	return policy.Statement{
		Effect: policy.Deny, Principal: policy.Everyone(), Action: policy.Values{"s3:*"}, Resource: policy.Values{bucket, bucket + "/*"},
		Condition: policy.Conditions{"Bool": {"aws:SecureTransport": {"false"}}},
	}
}

func TestPolicies(t *testing.T) {
	m := load(t, filepath.Join(root, "modules/security/cloud_trail"))
	for _, p := range places() {
		for _, s := range setups() {
			t.Run(p.partition+"/"+s.name, func(t *testing.T) {
				e := m.evaluate(t, s.withNames(), p.stubs(s.organization))
				for local, want := range s.documents(p) {
					got, err := policy.Parse(e.json(t, local))
					if err != nil {
						t.Fatalf("%s: %v", local, err)
					}
					if !policy.Equal(got, want) {
						t.Errorf("%s:\n%s\nwant\n%s", local, got, want)
					}
				}
			})
		}
	}
}

func TestConfigBucketPolicy(t *testing.T) {
	m := load(t, filepath.Join(root, "modules/security/aws_config"))
	for _, p := range places() {
		bucket := p.arn("s3", "", "", "production-cerpac-config-logs")
		asks := func(actions policy.Values, resource string, condition map[string]policy.Values) policy.Statement {
			condition["aws:SourceAccount"] = policy.Values{account}
			return policy.Statement{
				Effect: policy.Allow, Principal: policy.Service("config.amazonaws.com"), Action: actions, Resource: policy.Values{resource},
				Condition: policy.Conditions{"StringEquals": condition},
			}
		}
		want := policy.New(
			asks(policy.Values{"s3:GetBucketAcl", "s3:ListBucket"}, bucket, map[string]policy.Values{}),
			asks(policy.Values{"s3:PutObject"}, bucket+"/AWSLogs/"+account+"/Config/*", map[string]policy.Values{"s3:x-amz-acl": {"bucket-owner-full-control"}}),
			onlyTLS(bucket),
		)
		got, err := policy.Parse(m.evaluate(t, setup{}.withNames(), p.stubs(false)).json(t, "bucket_policy"))
		if err != nil || !policy.Equal(got, want) {
			t.Errorf("%v\n%s\nwant\n%s", err, got, want)
		}
	}
}

func (s setup) withNames() map[string]cty.Value {
	inputs := map[string]cty.Value{"env": cty.StringVal("production"), "project_id": cty.StringVal("cerpac")}
	for name, value := range s.inputs {
		inputs[name] = value
	}
	return inputs
}
