package trails

import (
	"context"
	"time"
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

// Answer is what CloudTrail says to a call.
type Answer struct {
	Status int
	// ErrorType is the exception, "" for none.
	ErrorType string
	Body      []byte // JSON
}

// Handle answers a call. What it changed is on disk before it returns.
func (s *Store) Handle(ctx context.Context, c Call) Answer {
	return Answer{}
}
