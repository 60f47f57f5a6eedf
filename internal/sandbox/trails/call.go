package trails

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox/permit"
)

// Call is a request to CloudTrail.
type Call struct {
	Operation string // such as CreateTrail
	Account   string // the caller's
	Region    string
	Body      []byte
	// Arrived is when the request came in, by the sandbox's clock.
	Arrived time.Time
}

// Answer is CloudTrail's answer to a call.
type Answer struct {
	Status int
	// ErrorType is the exception, "" for none.
	ErrorType string
	Body      []byte // JSON
}

// Handle answers a call. Its changes are on disk before it returns.
func (s *Store) Handle(ctx context.Context, c Call) Answer {
	answer, err := s.answer(ctx, c)
	if err != nil {
		return failure(err)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return failure(fmt.Errorf("write answer: %w", err))
	}
	return Answer{Status: http.StatusOK, Body: body}
}

func (s *Store) answer(ctx context.Context, c Call) (any, error) {
	operate := operation(c.Operation)
	if operate == nil {
		return nil, refuse("UnsupportedOperationException", "The sandbox does not have the CloudTrail operation %s.", c.Operation)
	}
	return operate(s, ctx, c)
}

// operation returns the handler of an operation, nil for an unsupported one.
func operation(name string) func(*Store, context.Context, Call) (any, error) {
	switch name {
	case "CreateTrail":
		return changing((*Store).createTrail)
	case "UpdateTrail":
		return changing((*Store).updateTrail)
	case "DeleteTrail":
		return changing((*Store).deleteTrail)
	case "StartLogging":
		return changing((*Store).startLogging)
	case "StopLogging":
		return changing((*Store).stopLogging)
	case "PutEventSelectors":
		return changing((*Store).putEventSelectors)
	case "PutInsightSelectors":
		return changing((*Store).putInsightSelectors)
	case "AddTags":
		return changing((*Store).addTags)
	case "RemoveTags":
		return changing((*Store).removeTags)
	case "GetTrail":
		return reading((*Store).getTrail)
	case "DescribeTrails":
		return reading((*Store).describeTrails)
	case "ListTrails":
		return reading((*Store).listTrails)
	case "GetTrailStatus":
		return reading((*Store).getTrailStatus)
	case "GetEventSelectors":
		return reading((*Store).getEventSelectors)
	case "GetInsightSelectors":
		return reading((*Store).getInsightSelectors)
	case "ListTags":
		return reading((*Store).listTags)
	case "LookupEvents":
		return reading((*Store).lookupEvents)
	case "ListPublicKeys":
		return reading((*Store).listPublicKeys)
	}
	return nil
}

// reading returns a handler that decodes the request's body and calls f.
func reading[In any](f func(*Store, context.Context, Call, In) (any, error)) func(*Store, context.Context, Call) (any, error) {
	return func(s *Store, ctx context.Context, c Call) (any, error) {
		var in In
		if err := decode(c.Body, &in); err != nil {
			return nil, err
		}
		return f(s, ctx, c, in)
	}
}

// changing is like reading, for operations that change trails: they run one at a time.
func changing[In any](f func(*Store, context.Context, Call, In) (any, error)) func(*Store, context.Context, Call) (any, error) {
	return reading(func(s *Store, ctx context.Context, c Call, in In) (any, error) {
		s.changing.Lock()
		defer s.changing.Unlock()
		return f(s, ctx, c, in)
	})
}

// decode decodes a request. As in AWS, unknown members are ignored and null means
// absent.
func decode(body []byte, in any) error {
	err := json.Unmarshal(body, in)
	var mismatch *json.UnmarshalTypeError
	var refused *exception
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &mismatch):
		return refuse("SerializationException", "A JSON %s is no value for the member %q.", mismatch.Value, mismatch.Field)
	case err != nil:
		return refuse("SerializationException", "The request is not JSON: %s.", err)
	}
	return nil
}

// nothing is an empty answer.
type nothing struct{}

// exception is a refusal by CloudTrail.
type exception struct{ code, message string }

func (e *exception) Error() string { return e.code + ": " + e.message }

// refuse returns an exception. The codes are CloudTrail's, and so are the messages
// where they are known.
func refuse(code, format string, args ...any) error {
	return &exception{code, fmt.Sprintf(format, args...)}
}

// failure returns the answer for an error.
func failure(err error) Answer {
	// Any error that is not a refusal is internal: the disk failed, or the upstream
	// could not be reached.
	status, code, message := http.StatusBadGateway, "InternalFailure", err.Error()
	var refused *exception
	var denied *permit.Denial
	switch {
	case errors.As(err, &refused):
		status, code, message = http.StatusBadRequest, refused.code, refused.message
	case errors.As(err, &denied):
		status, code, message = http.StatusBadRequest, denied.Code, denied.Message
	}
	body, err := json.Marshal(struct {
		Type    string `json:"__type"`
		Message string
	}{code, message})
	if err != nil {
		panic(err) // two strings are always JSON
	}
	return Answer{Status: status, ErrorType: code, Body: body}
}
