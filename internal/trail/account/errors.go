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

// Code is the code with which AWS refused, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Missing tells that what was asked for is not there.
func Missing(err error) bool {
	code := Code(err)
	return strings.HasPrefix(code, "NoSuch") || strings.Contains(code, "NotFound")
}

// Throttled tells that AWS wants to be asked more slowly. LimitExceededException is
// none of these: the services here mean a quota by it.
func Throttled(err error) bool {
	switch Code(err) {
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
		"RequestLimitExceeded", "TooManyRequestsException", "SlowDown", "PriorRequestNotComplete", "BandwidthLimitExceeded":
		return true
	}
	return false
}

// Denied tells that the caller lacks a right, and which, such as s3:PutBucketPolicy.
// It is "" when neither the message nor the call tells.
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

// DeniedResource is the ARN for which the right is lacking, where the message tells.
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

// refusal is how services write it: the IAM user guide, "Troubleshoot access denied
// error messages". Some quote the ARN; some tell none.
var refusal = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)(?: on resource: "?([^\s"]+))?`)

// actionOf is the IAM action that a call needs. They share the name, but for some
// of S3's.
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

// objectStorage names the actions of S3 that are not those of their calls, from the
// service authorization reference.
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

// advice says what may help when no call gets through, whatever it is for.
func advice(err error) string {
	var name *net.DNSError
	switch code := Code(err); {
	case code == "ExpiredToken" || code == "ExpiredTokenException" || code == "RequestExpired":
		return "log in again, for example with aws sso login; what was done so far stays, and the same command goes on from there"
	case rejected(code):
		return "check AWS_PROFILE or the access key, and that the Region is of the account's partition and enabled in it"
	case code == "RequestTimeTooSkewed":
		return "set this machine's clock: AWS accepts 15 minutes of difference"
	case errors.As(err, &name) && name.IsNotFound:
		return "check the name of the Region and AWS_ENDPOINT_URL, and that this machine reaches the internet"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "check AWS_ENDPOINT_URL; a sandbox there must be running"
	}
	return ""
}

// advise has every error of a client come with its advice.
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

// rejected tells of codes for credentials that AWS does not know.
func rejected(code string) bool {
	switch code {
	case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch",
		"InvalidSignatureException", "InvalidToken", "IncompleteSignature", "AuthFailure":
		return true
	}
	return false
}
