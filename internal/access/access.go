// Package access says whether CloudTrail could deliver the events of a trail: whether
// the policies of bucket, key, topic, role and log group let it in, and if not, what is
// in the way. It reads policies through interfaces, so that they may be those of any
// account or of a test.
//
// The rules are those of the CloudTrail user guide: "Amazon S3 bucket policy for
// CloudTrail", "Configure AWS KMS key policies for CloudTrail", "Amazon SNS topic policy
// for CloudTrail" and "Role policy document for CloudTrail to use CloudWatch Logs".
package access

import (
	"context"
	"errors"

	"github.com/cerpac/trailkeeper/policy"
)

// Trail is what CloudTrail wants to use. Empty members are not used.
type Trail struct {
	ARN          string
	Account      string // that owns the trail
	Region       string // the trail's home Region
	Organization string // o-..., for an organization trail
	Bucket       string
	Prefix       string // of the keys, without the slash at its end
	KeyARN       string
	TopicARN     string
	LogGroupARN  string // with or without the :* at its end
	RoleARN      string
	// Object is the key of the object to be written. If it is empty, the check is that
	// of CreateTrail.
	Object string
}

// ErrNotFound is what a reader returns of a resource that does not exist. Every other
// error means that it could not look.
var ErrNotFound = errors.New("does not exist")

// Destinations reads where a trail delivers to, with the credentials of its account.
type Destinations interface {
	Bucket(ctx context.Context, t Trail) (Bucket, error)
	Topic(ctx context.Context, arn string) (Topic, error)
	// LogGroup returns nil if the account and Region of the trail have the log group
	// of that name.
	LogGroup(ctx context.Context, t Trail, name string) error
}

// Bucket is what a bucket says of its use.
type Bucket struct {
	Policy        string // JSON, "" without one
	RequesterPays bool
}

// Topic is what a topic says of its use.
type Topic struct {
	Policy string // JSON
	Key    string // its KMS key as an id, an alias or the ARN of either; "" without one
}

// Guards reads what else a delivery needs.
type Guards interface {
	// Key reads a key by its ARN or that of an alias.
	Key(ctx context.Context, arn string) (Key, error)
	// Encryption reads how the trail's bucket affects the use of its key.
	Encryption(ctx context.Context, t Trail) (Encryption, error)
	// Role reads a role of the trail's account by its name without the path.
	Role(ctx context.Context, t Trail, name string) (Role, error)
}

// Key is what a KMS key says of its use.
type Key struct {
	ARN    string
	State  string // Enabled, or what KMS calls it otherwise
	Policy string // JSON
}

// Encryption is how a bucket affects the use of a trail's key.
type Encryption struct {
	Region    string // where the bucket is
	BucketKey bool   // S3 Bucket Keys are on, so that CloudTrail needs to decrypt
}

// Role is the policy documents of a role, as JSON.
type Role struct {
	Trust    string
	Policies []string // inline and attached
	// Boundary is the permissions boundary, nil without one. One whose policy is gone
	// has no document, and allows nothing.
	Boundary *[]string
}

// Checker checks the access of trails. The zero value of Young trusts every role.
type Checker struct {
	Destinations Destinations
	Guards       Guards
	// Young reports whether CloudTrail would not yet see a role that was just made or
	// changed.
	Young func(roleARN string) bool
}

// service is CloudTrail as policies name it.
const service = "cloudtrail.amazonaws.com"

// request returns a policy request of CloudTrail on behalf of a trail.
func request(t Trail, action, resource string) policy.Request {
	context := map[string][]string{
		"aws:SourceArn":                 {t.ARN},
		"aws:SourceAccount":             {t.Account},
		"aws:PrincipalIsAWSService":     {"true"},
		"aws:PrincipalServiceName":      {service},
		"aws:PrincipalServiceNamesList": {service},
		"aws:ViaAWSService":             {"false"},
		"aws:SecureTransport":           {"true"},
		"aws:RequestedRegion":           {t.Region},
	}
	if t.Organization != "" {
		context["aws:SourceOrgID"] = []string{t.Organization}
	}
	return policy.Request{Principal: policy.Service(service), Action: action, Resource: resource, Context: context}
}
