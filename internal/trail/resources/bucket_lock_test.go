package resources_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
)

// locking answers what is asked of a lock, which moto does not tell.
func locking(box *deploytest.Box, answer func(w http.ResponseWriter, legalHold bool)) {
	box.Tap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			if r.Method != http.MethodGet || !query.Has("legal-hold") && !query.Has("retention") {
				next.ServeHTTP(w, r)
				return
			}
			answer(w, query.Has("legal-hold"))
		})
	})
}

// A plan says what will stay, and until when, before anybody is asked; afterwards the
// result says that it was to go.
func TestLocksAreAnnounced(t *testing.T) {
	box := deploytest.Open(t)
	spec := hardened("announced")
	spec.ForceDestroy = true
	set := box.Set(t, spec)
	apply(t, set)
	version := put(t, set, "AWSLogs/123456789012/CloudTrail/a")
	put(t, set, "AWSLogs/123456789012/CloudTrail/b")
	for name, test := range map[string]struct {
		answer func(w http.ResponseWriter, legalHold bool)
		says   []string
	}{
		"retained": {func(w http.ResponseWriter, legalHold bool) {
			if legalHold {
				fmt.Fprint(w, "<LegalHold><Status>OFF</Status></LegalHold>")
				return
			}
			fmt.Fprint(w, "<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>2099-01-02T03:04:05Z</RetainUntilDate></Retention>")
		}, []string{"2 of 2 versions in it are locked, the longest until 2099-01-02T03:04:05Z: they stay, and the bucket with them"}},
		"held": {func(w http.ResponseWriter, legalHold bool) {
			if legalHold {
				fmt.Fprint(w, "<LegalHold><Status>ON</Status></LegalHold>")
				return
			}
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "<Error><Code>NoSuchObjectLockConfiguration</Code></Error>")
		}, []string{"2 of 2 versions in it are locked, 2 by a legal hold, until somebody lifts it: they stay"}},
		"cannot be read": {func(w http.ResponseWriter, _ bool) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "<Error><Code>AccessDenied</Code></Error>")
		}, []string{"2 of 2 versions in it are locked, the longest until " + time.Now().UTC().Format("2006-"), "as far as the bucket's default tells"}},
		"over": {func(w http.ResponseWriter, legalHold bool) {
			if legalHold {
				fmt.Fprint(w, "<LegalHold><Status>OFF</Status></LegalHold>")
				return
			}
			fmt.Fprint(w, "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2020-01-02T03:04:05Z</RetainUntilDate></Retention>")
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			locking(box, test.answer)
			note := deletion(t, set).Note
			for _, want := range test.says {
				if !strings.Contains(note, want) {
					t.Errorf("the plan says %q, not %q", note, want)
				}
			}
			if test.says == nil && note != "" {
				t.Errorf("the plan says %q", note)
			}
		})
	}
	box.Tap(nil)
	if result := destroy(t, set); len(result.Left) != 2 || !strings.HasPrefix(result.Left[0], "bucket ") {
		t.Errorf("what was to go and stays is %q", result.Left)
	}
	if _, err := set.Account.S3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &set.Names.Bucket, Key: new("AWSLogs/123456789012/CloudTrail/a"), VersionId: version}); err != nil {
		t.Errorf("a locked version: %v", err)
	}
}

// A service that has trouble lacks no right, and is not said to.
func TestTroubleIsNotALackOfRights(t *testing.T) {
	box := deploytest.Open(t)
	for name, status := range map[string]int{"InternalError": http.StatusInternalServerError, "SlowDown": http.StatusServiceUnavailable} {
		t.Run(name, func(t *testing.T) {
			box.Tap(nil)
			spec := hardened("trouble-" + strings.ToLower(name))
			spec.ForceDestroy = true
			set := box.Set(t, spec)
			apply(t, set)
			put(t, set, "AWSLogs/123456789012/CloudTrail/a")
			locking(box, func(w http.ResponseWriter, _ bool) {
				w.WriteHeader(status)
				fmt.Fprintf(w, "<Error><Code>%s</Code><Message>trouble at S3</Message></Error>", name)
			})
			_, err := converge.Destroy(t.Context(), storage(set), deploytest.Options())
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "trouble at S3") {
				t.Errorf("the error is %v", err)
			}
			if text := fmt.Sprint(err, outcome.Hint(err)); strings.Contains(text, "allow the caller") || strings.Contains(text, "needs s3:") {
				t.Errorf("it blames rights: %s", text)
			}
		})
	}
}

// An error for single objects among many is named as what it is too.
func TestTroubleWithOneObject(t *testing.T) {
	box := deploytest.Open(t)
	spec := deploytest.Spec("one")
	spec.ForceDestroy = true
	set := box.Set(t, spec)
	apply(t, set)
	put(t, set, "AWSLogs/a")
	for _, code := range []string{"InternalError", "SlowDown", "ServiceUnavailable"} {
		box.Tap(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !r.URL.Query().Has("delete") {
					next.ServeHTTP(w, r)
					return
				}
				fmt.Fprintf(w, "<DeleteResult><Error><Key>AWSLogs/a</Key><Code>%s</Code><Message>trouble at S3</Message></Error></DeleteResult>", code)
			})
		})
		_, err := converge.Destroy(t.Context(), storage(set), deploytest.Options())
		if err == nil || !strings.Contains(err.Error(), code) || !strings.Contains(err.Error(), `"AWSLogs/a"`) || strings.Contains(outcome.Hint(err), "allow the caller") {
			t.Errorf("%s: the error is %v, the hint %q", code, err, outcome.Hint(err))
		}
	}
}
