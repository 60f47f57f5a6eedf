package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/cerpac/trailkeeper/internal/sandbox/bulkdelete"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
	"github.com/cerpac/trailkeeper/internal/sandbox/proxy"
)

// readable refuses requests to delete many objects whose keys cannot be told for
// sure, as S3 does: their record would not name what is gone.
func readable(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || !strings.Contains(r.URL.RawQuery, "delete") ||
			operation.Identify(requested(r)).Name != "DeleteObjects" {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bulkdelete.MaxBody))
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			proxy.Refuse(w, r, http.StatusBadRequest, "MaxMessageLengthExceeded",
				fmt.Sprintf("a request to delete objects has at most %d bytes", bulkdelete.MaxBody))
			return
		}
		if err != nil {
			proxy.Refuse(w, r, http.StatusBadRequest, "IncompleteBody", fmt.Sprintf("the request's body broke off: %v", err))
			return
		}
		document, err := bulkdelete.Document(r.Header, body)
		if err == nil {
			_, err = bulkdelete.Parse(document)
		}
		if err != nil {
			proxy.Refuse(w, r, http.StatusBadRequest, "MalformedXML", err.Error())
			return
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// unmistakable refuses requests that a store may take for others than their record
// says.
func unmistakable(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := operation.Doubt(requested(r), r.RequestURI); why != "" {
			proxy.Refuse(w, r, http.StatusBadRequest, "InvalidRequest", "the request is not passed on, because its record could be wrong: "+why)
			return
		}
		next.ServeHTTP(w, r)
	})
}
