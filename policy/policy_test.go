package policy_test

import (
	"encoding/json"
	"testing"

	"github.com/cerpac/trailkeeper/policy"
)

const trail = "arn:aws:cloudtrail:eu-west-2:123456789012:trail/audit"

// bucketPolicy is the one of the CloudTrail user guide, with the TLS statement of
// AWS's security reference architecture.
func bucketPolicy() policy.Document {
	const bucket = "arn:aws:s3:::logs"
	cloudtrail := policy.Service("cloudtrail.amazonaws.com")
	return policy.New(
		policy.Statement{
			Sid: "AWSCloudTrailAclCheck20150319", Effect: policy.Allow, Principal: cloudtrail,
			Action: policy.Values{"s3:GetBucketAcl"}, Resource: policy.Values{bucket},
			Condition: policy.Conditions{"StringEquals": {"aws:SourceArn": {trail}}},
		},
		policy.Statement{
			Sid: "AWSCloudTrailWrite20150319", Effect: policy.Allow, Principal: cloudtrail,
			Action: policy.Values{"s3:PutObject"}, Resource: policy.Values{bucket + "/AWSLogs/123456789012/*"},
			Condition: policy.Conditions{"StringEquals": {
				"s3:x-amz-acl": {"bucket-owner-full-control"}, "aws:SourceArn": {trail},
			}},
		},
		policy.Statement{
			Sid: "DenyInsecureTransport", Effect: policy.Deny, Principal: policy.Everyone(),
			Action: policy.Values{"s3:*"}, Resource: policy.Values{bucket, bucket + "/*"},
			Condition: policy.Conditions{"Bool": {"aws:SecureTransport": {"false"}}},
		},
	)
}

const bucketPolicyText = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AWSCloudTrailAclCheck20150319",
      "Effect": "Allow",
      "Principal": {
        "Service": "cloudtrail.amazonaws.com"
      },
      "Action": "s3:GetBucketAcl",
      "Resource": "arn:aws:s3:::logs",
      "Condition": {
        "StringEquals": {
          "aws:SourceArn": "arn:aws:cloudtrail:eu-west-2:123456789012:trail/audit"
        }
      }
    },
    {
      "Sid": "AWSCloudTrailWrite20150319",
      "Effect": "Allow",
      "Principal": {
        "Service": "cloudtrail.amazonaws.com"
      },
      "Action": "s3:PutObject",
      "Resource": "arn:aws:s3:::logs/AWSLogs/123456789012/*",
      "Condition": {
        "StringEquals": {
          "aws:SourceArn": "arn:aws:cloudtrail:eu-west-2:123456789012:trail/audit",
          "s3:x-amz-acl": "bucket-owner-full-control"
        }
      }
    },
    {
      "Sid": "DenyInsecureTransport",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "s3:*",
      "Resource": [
        "arn:aws:s3:::logs",
        "arn:aws:s3:::logs/*"
      ],
      "Condition": {
        "Bool": {
          "aws:SecureTransport": "false"
        }
      }
    }
  ]
}`

func TestString(t *testing.T) {
	if got := bucketPolicy().String(); got != bucketPolicyText {
		t.Errorf("got\n%s\nwant\n%s", got, bucketPolicyText)
	}
}

func TestJSON(t *testing.T) {
	for _, d := range []policy.Document{
		bucketPolicy(),
		policy.New(),
		{ID: "old", Statements: []policy.Statement{{
			Effect: policy.Allow, NotPrincipal: policy.AWS("123456789012"), NotAction: policy.Values{"a:B", "c:D"},
			NotResource: policy.Values{"<>&"}, Condition: policy.Conditions{"StringLike": {"a:b": nil}},
		}}},
	} {
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var again policy.Document
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if again.String() != d.String() {
			t.Errorf("got\n%s\nwant\n%s", again, d)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		``:                   `parse policy: line 1, column 1: the text ends early`,
		`[]`:                 `parse policy: line 1, column 1: a policy is not an object`,
		`{}`:                 `parse policy: line 1, column 2: a policy without Statement`,
		`{"Versio`:           `parse policy: line 1, column 2: unexpected EOF`,
		`{"Statement":[]} x`: `parse policy: line 1, column 18: there is text after the policy`,
		`{"Version":"2013-01-01","Statement":[]}`:                                                            `parse policy: line 1, column 12: unknown version "2013-01-01"`,
		"{\n \"Statement\": [\n  {\"Acton\": \"s3:*\"}]}":                                                    `parse policy: line 3, column 4: unknown member "Acton" of a statement`,
		`{"Statement":[],"statement":[]}`:                                                                    `parse policy: line 1, column 17: unknown member "statement" of a policy`,
		`{"Statement":["x"]}`:                                                                                `parse policy: line 1, column 15: a statement is not an object`,
		`{"Statement":{"Effect":"allow","Action":"*"}}`:                                                      `parse policy: line 1, column 14: the Effect of a statement is "allow", not Allow or Deny`,
		`{"Statement":{"Effect":"Allow","Action":[]}}`:                                                       `parse policy: line 1, column 14: a statement without Action`,
		`{"Statement":{"Effect":"Allow","Action":"a","NotAction":"b"}}`:                                      `parse policy: line 1, column 14: a statement with both Action and NotAction`,
		`{"Statement":{"Effect":"Allow","Action":"a","Action":"b"}}`:                                         `parse policy: line 1, column 45: "Action" is repeated`,
		`{"Statement":{"Effect":"Allow","Action":{"a":1}}}`:                                                  `parse policy: line 1, column 41: Action is neither a string nor an array of strings`,
		`{"Statement":{"Effect":"Allow","Action":"a","Resource":[]}}`:                                        `parse policy: line 1, column 14: a statement whose Resource is empty`,
		`{"Statement":{"Effect":"Allow","Action":"a","Principal":"me"}}`:                                     `parse policy: line 1, column 57: Principal is neither "*" nor an object`,
		`{"Statement":{"Effect":"Allow","Action":"a","Principal":{"aws":"*"}}}`:                              `parse policy: line 1, column 58: unknown kind "aws" of a principal`,
		`{"Statement":{"Effect":"Allow","Action":"a","Principal":{}}}`:                                       `parse policy: line 1, column 58: Principal is empty`,
		`{"Statement":{"Effect":"Allow","Action":"a","Condition":{"StringIs":{}}}}`:                          `parse policy: line 1, column 58: unknown condition operator "StringIs"`,
		`{"Statement":{"Effect":"Allow","Action":"a","Condition":{"Null":{"a":true},"null":{}}}}`:            `parse policy: line 1, column 76: "null" is repeated`,
		`{"Statement":{"Effect":"Allow","Action":"a","Condition":{"Null":{"aws:A":true,"AWS:a":false}}}}`:    `parse policy: line 1, column 79: "AWS:a" is repeated`,
		`{"Statement":{"Effect":"Allow","Action":"a","Condition":{"ForAllValues:ForAnyValue:Bool":{}}}}`:     `parse policy: line 1, column 58: unknown condition operator "ForAllValues:ForAnyValue:Bool"`,
		`{"Statement":{"Effect":"Allow","Action":"a","Condition":{"NullIfExists":{}}}}`:                      `parse policy: line 1, column 58: unknown condition operator "NullIfExists"`,
		`{"Statement":{"Effect":"Allow","Action":"a","Condition":{"Bool":["aws:SecureTransport","false"]}}}`: `parse policy: line 1, column 65: Bool is not an object`,
	} {
		if _, err := policy.Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s\n got: %v\nwant: %s", text, err, want)
		}
	}
}

// statement wraps members into a document.
func statement(members string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + members + `}]}`
}

func parse(t testing.TB, text string) policy.Document {
	t.Helper()
	d, err := policy.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

func TestEqual(t *testing.T) {
	for name, test := range map[string]struct {
		a, b  string
		equal bool
	}{
		"itself":                  {bucketPolicyText, bucketPolicyText, true},
		"one or an array":         {statement(`"Action":"s3:*"`), statement(`"Action":["s3:*"]`), true},
		"one statement":           {`{"Statement":{"Effect":"Deny","Action":"*"}}`, `{"Statement":[{"Effect":"Deny","Action":"*"}]}`, true},
		"effects":                 {`{"Statement":{"Effect":"Deny","Action":"*"}}`, `{"Statement":{"Effect":"Allow","Action":"*"}}`, false},
		"order and repetition":    {statement(`"Action":["a:B","c:D"]`), statement(`"Action":["c:D","a:B","c:D"]`), true},
		"case of actions":         {statement(`"Action":"SNS:Publish"`), statement(`"Action":"sns:publish"`), true},
		"case of resources":       {statement(`"Action":"a","Resource":"a:B"`), statement(`"Action":"a","Resource":"a:b"`), false},
		"Sid":                     {statement(`"Action":"a","Sid":"x"`), statement(`"Action":"a"`), true},
		"account or its root":     {statement(`"Action":"a","Principal":{"AWS":"123456789012"}`), statement(`"Action":"a","Principal":{"AWS":"arn:aws-cn:iam::123456789012:root"}`), true},
		"everyone":                {statement(`"Action":"a","Principal":"*"`), statement(`"Action":"a","Principal":{"AWS":["*","123456789012"]}`), true},
		"a principal or none":     {statement(`"Action":"a","Principal":"*"`), statement(`"Action":"a"`), false},
		"NotAction":               {statement(`"Action":"a"`), statement(`"NotAction":"a"`), false},
		"operators and keys":      {statement(`"Action":"a","Condition":{"stringequals":{"AWS:sourcearn":["y","x"]}}`), statement(`"Action":"a","Condition":{"StringEquals":{"aws:SourceArn":["x","y"]}}`), true},
		"booleans":                {statement(`"Action":"a","Condition":{"Bool":{"aws:SecureTransport":false}}`), statement(`"Action":"a","Condition":{"Bool":{"aws:SecureTransport":"False"}}`), true},
		"values of conditions":    {statement(`"Action":"a","Condition":{"StringEquals":{"k":"A"}}`), statement(`"Action":"a","Condition":{"StringEquals":{"k":"a"}}`), false},
		"no conditions":           {statement(`"Action":"a","Condition":{}`), statement(`"Action":"a","Condition":{"Bool":{}}`), true},
		"version":                 {`{"Statement":{"Effect":"Allow","Action":"a"}}`, statement(`"Action":"a"`), true},
		"version, with variables": {`{"Statement":{"Effect":"Allow","Action":"a","Resource":"${a:b}"}}`, statement(`"Action":"a","Resource":"${a:b}"`), false},
		"a statement more":        {`{"Statement":[]}`, statement(`"Action":"a"`), false},
		"a statement twice":       {`{"Statement":[{"Effect":"Allow","Action":"a"},{"Effect":"Allow","Action":"A"}]}`, statement(`"Action":"a"`), true},
	} {
		a, b := parse(t, test.a), parse(t, test.b)
		if policy.Equal(a, b) != test.equal || policy.Equal(b, a) != test.equal {
			t.Errorf("%s: equal is not %v:\n%s\n%s", name, test.equal, test.a, test.b)
		}
	}
}
