package cloudtrail

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Exception is a refusal by CloudTrail. It is an error of the caller.
type Exception struct {
	Code    string // such as TrailNotFoundException
	Message string
	Status  int // of HTTP; 0 is 400, which all that CloudTrail documents have
}

// Error implements error.
func (e *Exception) Error() string { return e.Code + ": " + e.Message }

// Refuse returns an exception. The codes are CloudTrail's, and so are the messages
// where they are known.
func Refuse(code, format string, args ...any) error {
	return &Exception{Code: code, Message: fmt.Sprintf(format, args...)}
}

// TooLarge returns the exception for a body of more than MaxBody bytes.
func TooLarge() *Exception {
	return &Exception{
		Code: "RequestEntityTooLargeException", Status: http.StatusRequestEntityTooLarge,
		Message: fmt.Sprintf("a request to CloudTrail has at most %d bytes", MaxBody),
	}
}

// Fail returns the answer for an error. One that is no [Exception] is internal: the
// disk failed, or what CloudTrail asks could not be reached.
func Fail(err error) Answer {
	refused, ok := errors.AsType[*Exception](err)
	if !ok {
		refused = &Exception{Code: "InternalFailure", Message: err.Error(), Status: http.StatusBadGateway}
	}
	body, err := json.Marshal(struct {
		Type    string `json:"__type"`
		Message string
	}{refused.Code, refused.Message})
	if err != nil {
		panic(err) // two strings are always JSON
	}
	return Answer{Status: cmp.Or(refused.Status, http.StatusBadRequest), ErrorType: refused.Code, Body: body}
}
