package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/sandbox/access"
	"github.com/cerpac/trailkeeper/internal/sandbox/proxy"
)

// protect allows only the administrator to call CloudTrail's API and the control API, so
// that other users of the port cannot stop a trail. As in AWS, refused calls are not
// recorded, because the caller is unknown.
func (s *Sandbox) protect(next http.Handler) http.Handler {
	if s.admin == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d := protectedAPIOf(r)
		if d == nil {
			next.ServeHTTP(w, r)
			return
		}
		// Signatures have the real time, not the sandbox's.
		verify, err := s.admin.Check(r, time.Now(), s.config.Owner)
		if err != nil {
			s.refuse(w, r, d, err)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, d.maxBody))
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			d.refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", d.tooLong)
			return
		}
		if err != nil {
			proxy.BrokeOff(w, r, err)
			return
		}
		if err := verify(body); err != nil {
			s.refuse(w, r, d, err)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// protectedAPI is an API that only the administrator may call.
type protectedAPI struct {
	name    string // of the call
	maxBody int64
	tooLong string
	refuse  func(w http.ResponseWriter, status int, code, message string)
}

// protectedAPIOf returns the protected API of a request, or nil for the upstream's.
func protectedAPIOf(r *http.Request) *protectedAPI {
	if isControl(r) {
		return &protectedAPI{r.URL.Path, maxInjected, tooManyInjected, func(w http.ResponseWriter, status int, code, message string) {
			answerError(w, status, fmt.Errorf("%s: %s", code, message))
		}}
	}
	if name, ok := cloudtrail.Operation(r); ok {
		return &protectedAPI{name, cloudtrail.MaxBody, cloudtrail.TooLarge().Message, func(w http.ResponseWriter, status int, code, message string) {
			cloudtrail.Fail(&cloudtrail.Exception{Code: code, Message: message, Status: status}).Write(w)
		}}
	}
	return nil
}

func isControl(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, controlPath) }

func (s *Sandbox) refuse(w http.ResponseWriter, r *http.Request, d *protectedAPI, err error) {
	refusal, ok := errors.AsType[*access.Refusal](err)
	if !ok {
		refusal = &access.Refusal{Code: "InternalFailure", Message: err.Error()}
	}
	if write, skipped := s.refusals.next(time.Now()); write {
		s.config.Log.Warn("refused", "call", d.name, "client", r.RemoteAddr, "error", refusal.Code, "not shown", skipped)
	}
	status := http.StatusBadRequest
	if isControl(r) {
		status = http.StatusForbidden
	}
	d.refuse(w, status, refusal.Code, refusal.Message)
}
