package permit

import (
	"errors"

	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
	"github.com/cerpac/trailkeeper/policy"
)

// New returns a Checker that reads policies from the upstream. It refuses roles for
// which fresh returns true, as AWS does until a change has propagated. fresh may be nil.
func New(clients *upstream.Clients, fresh func(roleARN string) bool) Checker {
	return &checker{clients, fresh}
}

type checker struct {
	clients *upstream.Clients
	fresh   func(roleARN string) bool
}

const service = "cloudtrail.amazonaws.com"

// Error codes of services, as GetTrailStatus shows them.
const (
	accessDenied       = "AccessDenied"
	noSuchBucket       = "NoSuchBucket"
	keyDisabled        = "KMS.DisabledException"
	keyInvalidState    = "KMS.KMSInvalidStateException"
	keyNotFound        = "KMS.NotFoundException"
	topicNotFound      = "NotFound"
	topicNotAuthorized = "AuthorizationError"
	topicKeyDenied     = "KMSAccessDenied"
	groupNotFound      = "ResourceNotFoundException"
)

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

// denied returns why the policies together do not allow one of the requests, or "".
func denied(texts []string, requests ...policy.Request) (why string) {
	documents := make([]policy.Document, len(texts))
	for i, text := range texts {
		var err error
		if documents[i], err = policy.Parse([]byte(text)); err != nil {
			return err.Error() // an invalid policy, which AWS does not store
		}
	}
	for _, r := range requests {
		if decision := policy.Evaluate(documents, r); !decision.Allowed() {
			return decision.Why
		}
	}
	return ""
}

// code returns the AWS error code of err, or "".
func code(err error) string {
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		return answer.ErrorCode()
	}
	return ""
}
