package permit

import (
	"errors"

	"github.com/aws/smithy-go"

	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
	"github.com/cerpac/trailkeeper/policy"
)

// New gives a Checker that asks the upstream. A role that fresh calls fresh is
// refused as if IAM's other hosts did not know it yet; nil calls none so.
func New(clients *upstream.Clients, fresh func(roleARN string) bool) Checker {
	return &checker{clients, fresh}
}

type checker struct {
	clients *upstream.Clients
	fresh   func(roleARN string) bool
}

const service = "cloudtrail.amazonaws.com"

// What GetTrailStatus shows are the error codes of the services that refuse.
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

// request is what CloudTrail asks for on behalf of a trail.
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

// denied says why policies that work together do not allow one of the requests, or "".
func denied(texts []string, requests ...policy.Request) (why string) {
	documents := make([]policy.Document, len(texts))
	for i, text := range texts {
		var err error
		if documents[i], err = policy.Parse([]byte(text)); err != nil {
			return err.Error() // AWS would not have stored it
		}
	}
	for _, r := range requests {
		if decision := policy.Evaluate(documents, r); !decision.Allowed() {
			return decision.Why
		}
	}
	return ""
}

// code is the error code of an answer, or "".
func code(err error) string {
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		return answer.ErrorCode()
	}
	return ""
}
