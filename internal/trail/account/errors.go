package account

import (
	"context"
	"errors"
	"net"
	"regexp"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/cerpac/trailkeeper/internal/outcome"
)

// Code returns the error code of AWS's answer, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Missing reports whether the requested resource does not exist.
func Missing(err error) bool {
	code := Code(err)
	return strings.HasPrefix(code, "NoSuch") || strings.Contains(code, "NotFound")
}

// Throttled reports whether AWS asks for fewer calls. LimitExceededException does not
// count: the services used here mean a quota by it.
func Throttled(err error) bool {
	switch Code(err) {
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
		"RequestLimitExceeded", "TooManyRequestsException", "SlowDown", "PriorRequestNotComplete", "BandwidthLimitExceeded":
		return true
	}
	return false
}

// Denied reports whether the caller lacks a right, and names the action, such as
// s3:PutBucketPolicy. The action is "" when neither the message nor the call tells it.
func Denied(err error) (action string, ok bool) {
	if !denied(Code(err)) {
		return "", false
	}
	if named := refusal.FindStringSubmatch(err.Error()); named != nil {
		return named[1], true
	}
	var call *smithy.OperationError
	if errors.As(err, &call) {
		return actionOf(call.ServiceID, call.OperationName), true
	}
	return "", true
}

// DeniedResource returns the ARN for which the right is lacking, if the message names
// one.
func DeniedResource(err error) string {
	if !denied(Code(err)) {
		return ""
	}
	if named := refusal.FindStringSubmatch(err.Error()); named != nil {
		return named[2]
	}
	return ""
}

func denied(code string) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "Forbidden", "AuthorizationError", "AuthorizationErrorException",
		"UnauthorizedOperation", "NotAuthorized", "KMS.AccessDeniedException":
		return true
	}
	return false
}

// refusal matches the messages in the IAM user guide, "Troubleshoot access denied error
// messages". Some services quote the ARN; some leave it out.
var refusal = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)(?: on resource: "?([^\s"]+))?`)

// actionOf returns the IAM action that a call needs. It has the call's name, except for
// some calls of S3.
func actionOf(service, operation string) string {
	prefix := strings.ToLower(strings.ReplaceAll(service, " ", ""))
	switch prefix {
	case "cloudwatchlogs":
		prefix = "logs"
	case "configservice":
		prefix = "config"
	case "s3":
		operation = objectStorage(operation)
	}
	return prefix + ":" + operation
}

// objectStorage returns the action of an S3 call whose name differs, from the service
// authorization reference.
func objectStorage(operation string) string {
	switch operation {
	case "HeadBucket", "ListObjects", "ListObjectsV2":
		return "ListBucket"
	case "ListBuckets":
		return "ListAllMyBuckets"
	case "ListObjectVersions":
		return "ListBucketVersions"
	case "DeleteObjects":
		return "DeleteObjectVersion"
	case "HeadObject":
		return "GetObject"
	case "GetPublicAccessBlock", "PutPublicAccessBlock":
		return operation[:len("Get")] + "BucketPublicAccessBlock"
	case "GetBucketEncryption", "PutBucketEncryption":
		return operation[:len("Get")] + "EncryptionConfiguration"
	case "GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration":
		return operation[:len("Get")] + "LifecycleConfiguration"
	case "GetObjectLockConfiguration", "PutObjectLockConfiguration":
		return operation[:len("Get")] + "BucketObjectLockConfiguration"
	}
	return operation
}

// advice returns a hint for errors that stop every call, or "".
func advice(err error) string {
	var name *net.DNSError
	switch code := Code(err); {
	case code == "ExpiredToken" || code == "ExpiredTokenException" || code == "RequestExpired":
		return "log in again, for example with aws sso login; what was done so far stays, and the same command continues from there"
	case rejected(code):
		return "check AWS_PROFILE or the access key, and that the Region belongs to the account's partition and is enabled"
	case code == "RequestTimeTooSkewed":
		return "set this machine's clock: AWS accepts 15 minutes of difference"
	case errors.As(err, &name) && name.IsNotFound:
		return "check the name of the Region and AWS_ENDPOINT_URL, and that this machine reaches the internet"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "check AWS_ENDPOINT_URL; a sandbox there must be running"
	}
	return ""
}

// advise adds the advice to every error of a client.
func advise(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Advise", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		if hint := advice(err); hint != "" {
			err = outcome.WithHint(err, hint)
		}
		return out, metadata, err
	}), middleware.Before)
}

// rejected reports whether AWS rejects the credentials themselves.
func rejected(code string) bool {
	switch code {
	case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch",
		"InvalidSignatureException", "InvalidToken", "IncompleteSignature", "AuthFailure":
		return true
	}
	return false
}
