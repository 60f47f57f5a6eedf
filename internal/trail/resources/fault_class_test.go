package resources_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

func TestClassify(t *testing.T) {
	code := func(code string) error { return &smithy.GenericAPIError{Code: code, Message: "no"} }
	status := func(status int, err error) error {
		return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err}
	}
	for _, test := range []struct {
		name string
		err  error
		want converge.Class
	}{
		{"ours", errors.New("the trail does not log"), converge.Other},
		{"of the caller", code("ValidationException"), converge.Other},
		{"throttled", code("ThrottlingException"), converge.Throttled},
		{"S3 throttles", status(503, code("SlowDown")), converge.Throttled},
		{"unavailable", status(503, code("ServiceUnavailable")), converge.Throttled},
		{"conflict", code("ConflictException"), converge.Conflict},
		{"bucket at work", status(409, code("OperationAborted")), converge.Conflict},
		{"denied", code("AccessDenied"), converge.Denied},
		{"missing", code("NoSuchEntity"), converge.Missing},
		{"made already", code("EntityAlreadyExists"), converge.Existing},
		{"bucket made already", code("BucketAlreadyOwnedByYou"), converge.Existing},
		{"inside AWS", status(500, code("InternalError")), converge.Uncertain},
		{"answer lost", &smithyhttp.ResponseError{Err: &smithyhttp.RequestSendError{Err: io.EOF}}, converge.Uncertain},
		{"upload too slow", status(400, code("RequestTimeout")), converge.Uncertain},
		{"interrupted", &smithyhttp.RequestSendError{Err: context.Canceled}, converge.Other},
	} {
		err := fmt.Errorf("apply: %w", &smithy.OperationError{ServiceID: "CloudWatch Logs", OperationName: "CreateLogGroup", Err: test.err})
		if got := resources.Classify(err); got.Class != test.want || got.Call != "logs:CreateLogGroup" {
			t.Errorf("%s: %+v, want class %d", test.name, got, test.want)
		}
	}
}
