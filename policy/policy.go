// Package policy is the language of IAM policy documents: it parses and builds them,
// compares them by meaning, and evaluates them.
//
// The elements and their rules are those of the IAM user guide, "IAM JSON policy
// element reference". What AWS refuses in a document is an error of [Parse]; what
// it accepts in several spellings means the same here.
//
// Documents are plain values:
//
//	policy.New(policy.Statement{
//		Sid:       "AWSCloudTrailAclCheck20150319",
//		Effect:    policy.Allow,
//		Principal: policy.Service("cloudtrail.amazonaws.com"),
//		Action:    policy.Values{"s3:GetBucketAcl"},
//		Resource:  policy.Values{"arn:aws:s3:::bucket"},
//		Condition: policy.Conditions{"StringEquals": {"aws:SourceArn": {trail}}},
//	})
package policy

// Version2012 is the version of the language in which ${...} is a variable. In
// documents of other versions it is literal text.
const (
	Version2012 = "2012-10-17"
	version2008 = "2008-10-17" // what a document without a Version has
)

// Document is one policy.
type Document struct {
	Version    string
	ID         string
	Statements []Statement
}

// New returns a document of the current version of the language.
func New(statements ...Statement) Document {
	return Document{Version: Version2012, Statements: statements}
}

// Effect is what a statement does to a request that it matches.
type Effect string

// The effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Statement is one rule of a document. At most one of each pair such as Action and
// NotAction is set; nil is a missing element.
type Statement struct {
	Sid          string
	Effect       Effect
	Principal    Principals
	NotPrincipal Principals
	Action       Values
	NotAction    Values
	Resource     Values
	NotResource  Values
	Condition    Conditions
}

// Values are alternatives. A single one is written as a string, several as an array.
type Values []string

// Conditions maps operators, such as StringEquals, and context keys, such as
// aws:SourceArn, to the wanted values. All keys of all operators must hold.
type Conditions map[string]map[string]Values

// Principals are callers by kind: AWS (accounts and ARNs), Service, Federated and
// CanonicalUser. See [Everyone] for the one that is written "*".
type Principals map[string]Values

// The kinds of principals.
const (
	everyone      = "*"
	kindAWS       = "AWS"
	kindService   = "Service"
	kindFederated = "Federated"
	kindCanonical = "CanonicalUser"
)

// Everyone is written "*". As a caller it is an anonymous one.
func Everyone() Principals { return Principals{everyone: {everyone}} }

// Service returns AWS services as principals, such as cloudtrail.amazonaws.com.
func Service(names ...string) Principals { return Principals{kindService: names} }

// AWS returns principals of AWS: accounts by their id or the ARN of their root, users,
// roles and sessions by their ARN.
func AWS(arns ...string) Principals { return Principals{kindAWS: arns} }
