package s3archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cerpac/trailkeeper/archive"
)

// Error is a failed request to S3. It matches fs.ErrNotExist when the bucket or
// object is missing, fs.ErrPermission when access is denied, and archive.ErrCold
// when the object must be restored first.
type Error struct {
	// Op is the operation: list, open or read.
	Op string
	// URI is the bucket, folder or object of the operation.
	URI string
	// Cause describes the error in plain words.
	Cause string
	// Err is the underlying error.
	Err error

	hint string
	kind error // fs.ErrNotExist, fs.ErrPermission, archive.ErrCold or nil
}

func (e *Error) Error() string { return e.Op + " " + e.URI + ": " + e.Cause }
func (e *Error) Unwrap() error { return e.Err }

// Is matches the errors of package fs, and archive.ErrCold.
func (e *Error) Is(target error) bool { return e.kind != nil && target == e.kind }

// Hint says what may help; it is empty if there is no advice.
func (e *Error) Hint() string { return e.hint }

// explanation describes an error code of S3 for people.
type explanation struct {
	cause, hint string
	kind        error
}

const (
	accessHint = "the credentials need s3:ListBucket on the bucket, s3:GetObject on its objects, and kms:Decrypt where a KMS key encrypts them"
	credsHint  = "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with aws sso login"
	coldHint   = "restore the objects with aws s3api restore-object, then run again"
	slowHint   = "run again later, or with fewer workers"
	regionHint = "set AWS_REGION to the bucket's Region"
)

// explain returns the explanation of an error code of the S3 API, and whether
// the code is known. The codes are those of the S3 API reference, "Error
// responses", and of the services that answer through S3.
func explain(code string) (explanation, bool) {
	switch code {
	case "NoSuchBucket":
		return explanation{"bucket does not exist", "check the name of the bucket and the endpoint", fs.ErrNotExist}, true
	case "NoSuchKey", "NotFound":
		return explanation{"object does not exist", "", fs.ErrNotExist}, true
	case "AccessDenied", "Forbidden", "AllAccessDisabled", "AccessDeniedException", "KMS.AccessDeniedException":
		return explanation{"access denied", accessHint, fs.ErrPermission}, true
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidClientTokenId", "UnrecognizedClientException":
		return explanation{"credentials are not valid", credsHint, fs.ErrPermission}, true
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired":
		return explanation{"credentials have expired", credsHint, fs.ErrPermission}, true
	case "RequestTimeTooSkewed":
		return explanation{"the clock of this machine differs too much from that of S3", "set the clock", nil}, true
	case "SlowDown", "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
		"RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded", "BandwidthLimitExceeded":
		return explanation{"throttled", slowHint, nil}, true
	case "RequestTimeout", "RequestTimeoutException":
		return explanation{"no answer in time", slowHint, nil}, true
	case "ServiceUnavailable", "InternalError", "InternalFailure":
		return explanation{"the service is not available", slowHint, nil}, true
	case "InvalidObjectState":
		return explanation{"archived in cold storage, restore it first", coldHint, archive.ErrCold}, true
	case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "MovedPermanently":
		return explanation{"bucket is in another Region", regionHint, nil}, true
	case "PreconditionFailed", "InvalidRange":
		return explanation{"object changed while it was read", "run again", nil}, true
	case "KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.NotFoundException":
		return explanation{"the KMS key that encrypts it is disabled or gone", "", nil}, true
	}
	return explanation{}, false
}

// fail turns an error of the SDK into an Error. The message consists of the
// service's code and message alone, as requests carry credentials.
func fail(ctx context.Context, op, uri string, err error) error {
	e := &Error{Op: op, URI: uri, Err: err}
	if ctxErr := ctx.Err(); ctxErr != nil {
		e.Err, e.Cause = ctxErr, ctxErr.Error()
		return e
	}
	ex := explanationOf(err)
	e.Cause, e.hint, e.kind = ex.cause, ex.hint, ex.kind
	var spent *retry.MaxAttemptsError
	if errors.As(err, &spent) {
		e.Cause += fmt.Sprintf(" (tried %d times)", spent.Attempt)
	}
	return e
}

func explanationOf(err error) explanation {
	var noCreds *credentialsError
	var api smithy.APIError
	switch {
	case errors.As(err, &noCreds):
		return explainCredentials(noCreds)
	case errors.As(err, &api):
		return explainAPI(api, statusOf(err))
	case statusOf(err) >= 300:
		return explainAPI(&smithy.GenericAPIError{Code: fmt.Sprintf("HTTP status %d", statusOf(err))}, statusOf(err))
	}
	if ex, known := explainNetwork(err); known {
		return ex
	}
	return explanation{cause: "connection broke off: " + innermost(err).Error()}
}

func explainNetwork(err error) (ex explanation, known bool) {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return explanation{fmt.Sprintf("host %q not found", dns.Name), "check the bucket, the Region and the endpoint", nil}, true
	case errors.Is(err, syscall.ECONNREFUSED):
		return explanation{"connection refused", "check the endpoint", nil}, true
	case errors.As(err, &timeout) && timeout.Timeout():
		return explanation{"no answer in time", slowHint, nil}, true
	}
	return explanation{}, false
}

// explainCredentials explains why the credential chain failed: the session has
// expired, a service refused or was not reached, or there were no credentials.
func explainCredentials(err *credentialsError) explanation {
	ex := explanation{cause: "no AWS credentials", hint: credsHint}
	var sso *ssocreds.InvalidTokenError
	var api smithy.APIError
	switch {
	case errors.As(err, &sso):
		ex.cause += ": the SSO session has expired or there is none"
	case errors.As(err, &api):
		ex.cause += fmt.Sprintf(": %s: %s", api.ErrorCode(), api.ErrorMessage())
	default:
		if network, known := explainNetwork(err); known {
			ex.cause += ": " + network.cause
		}
	}
	return ex
}

func explainAPI(api smithy.APIError, status int) explanation {
	ex, known := explain(api.ErrorCode())
	if !known {
		// A response without a body, as to HEAD or from a proxy, has no S3 error
		// code.
		ex, known = explain(map[int]string{
			301: "PermanentRedirect", 401: "AccessDenied", 403: "AccessDenied", 404: "NoSuchKey", 412: "PreconditionFailed",
			429: "SlowDown", 500: "InternalError", 503: "ServiceUnavailable", 504: "RequestTimeout",
		}[status])
	}
	if !known {
		ex.cause = api.ErrorCode()
	}
	if words := api.ErrorMessage(); words != "" && (!known || errors.Is(ex.kind, fs.ErrPermission)) {
		ex.cause += ": " + words
	}
	return ex
}

func statusOf(err error) int {
	var resp *smithyhttp.ResponseError
	if errors.As(err, &resp) {
		return resp.HTTPStatusCode()
	}
	return 0
}

// regionTold returns the bucket's Region, which S3 sends with most errors.
func regionTold(err error) string {
	var resp *smithyhttp.ResponseError
	if errors.As(err, &resp) && resp.Response != nil {
		return resp.Response.Header.Get("X-Amz-Bucket-Region")
	}
	return ""
}

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
