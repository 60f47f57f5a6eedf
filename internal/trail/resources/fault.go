package resources

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

// Classify maps an error of AWS to the way converge handles it.
func Classify(err error) converge.Fault {
	fault := converge.Fault{Call: call(err)}
	if right, ok := account.Denied(err); ok {
		fault.Class, fault.Right = converge.Denied, right
		return fault
	}
	switch code := account.Code(err); {
	case account.Throttled(err), code == "ServiceUnavailable", code == "ServiceUnavailableException":
		fault.Class = converge.Throttled
	case underWay(code):
		fault.Class = converge.Conflict
	case existing(code):
		fault.Class = converge.Existing
	case account.Missing(err):
		fault.Class = converge.Missing
	case uncertain(err):
		fault.Class = converge.Uncertain
	}
	return fault
}

// call returns the name of the failed call as policies write it, such as
// s3:PutBucketPolicy.
func call(err error) string {
	var operation *smithy.OperationError
	if !errors.As(err, &operation) {
		return ""
	}
	service := strings.ToLower(strings.ReplaceAll(operation.ServiceID, " ", ""))
	switch service {
	case "cloudwatchlogs":
		service = "logs"
	case "configservice":
		service = "config"
	}
	return service + ":" + operation.OperationName
}

// underWay reports whether a code means that another change of the same resource is
// under way.
func underWay(code string) bool {
	switch code {
	case "ConflictException", "OperationAborted", "OperationAbortedException", "ConcurrentModification",
		"ConcurrentModificationException", "EntityTemporarilyUnmodifiable":
		return true
	}
	return false
}

// existing reports whether a code means that the resource exists already.
func existing(code string) bool {
	return strings.Contains(code, "AlreadyExists") || code == "BucketAlreadyOwnedByYou" ||
		code == "ResourceConflictException" // of Security Hub
}

// uncertain reports whether a call got no answer or failed inside AWS.
func uncertain(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	var network net.Error
	var sent *smithyhttp.RequestSendError
	if errors.As(err, &network) || errors.As(err, &sent) {
		return true
	}
	var answer *smithyhttp.ResponseError
	return errors.As(err, &answer) && answer.HTTPStatusCode() >= 500 || account.Code(err) == "RequestTimeout"
}
