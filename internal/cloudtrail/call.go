// Package cloudtrail is CloudTrail's API as a server speaks it: the wire protocol, the
// exceptions, the tokens of pages, and LookupEvents over any source of events.
//
// CloudTrail has the protocol JSON 1.1 and no other: the service model
// cloudtrail/2013-11-01. Smithy's specification of AWS JSON 1.1 says the rest.
package cloudtrail

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

// MaxBody bounds the body of a call, in bytes. AWS's own bound for a JSON request is
// 1 MB.
const MaxBody = 1 << 20

// Call is a request to CloudTrail.
type Call struct {
	Operation string // such as CreateTrail
	Account   string // the caller's
	Region    string
	Body      []byte
	// Arrived is when the request came in, by the server's clock.
	Arrived time.Time
}

// Answer is CloudTrail's answer to a call.
type Answer struct {
	Status int
	// ErrorType is the exception, "" for none.
	ErrorType string
	Body      []byte // JSON
}

// Operation returns the operation that a request calls; ok is false of requests to
// other services.
func Operation(r *http.Request) (name string, ok bool) {
	const service, inFull = "CloudTrail_20131101.", "com.amazonaws.cloudtrail.v20131101."
	target := r.Header.Get("X-Amz-Target")
	// Older SDKs leave out the package of the service.
	before, name, ok := strings.Cut(target, service)
	if !ok || before != "" && !strings.HasPrefix(target, inFull+service) {
		return "", false
	}
	return name, true
}

// Decode decodes the body of a call. As in AWS, unknown members are ignored and null
// means absent.
func Decode(body []byte, in any) error {
	err := json.Unmarshal(body, in)
	var mismatch *json.UnmarshalTypeError
	var refused *Exception
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &mismatch):
		return Refuse("SerializationException", "A JSON %s is no value for the member %q.", mismatch.Value, mismatch.Field)
	case err != nil:
		return Refuse("SerializationException", "The request is not JSON: %s.", err)
	}
	return nil
}

// Succeed returns the answer with a result as its body.
func Succeed(result any) Answer {
	body, err := json.Marshal(result)
	if err != nil {
		return Fail(fmt.Errorf("write answer: %w", err))
	}
	return Answer{Status: http.StatusOK, Body: body}
}

// Write writes an answer.
func (a Answer) Write(w http.ResponseWriter) {
	w.Header().Set("x-amzn-RequestId", uuid.NewString())
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // fails if the client hung up
}
