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

// refuseAmbiguousDeletes refuses DeleteObjects requests with ambiguous keys, as S3 does: their record
// would not name the deleted objects. For other upstreams than moto it also refuses
// keys that the server may interpret differently.
func refuseAmbiguousDeletes(next http.Handler, store bool) http.Handler {
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
		var objects []bulkdelete.Object
		if err == nil {
			objects, err = bulkdelete.Parse(document)
		}
		for _, o := range objects {
			if why := operation.OddKey(o.Key); store && err == nil && why != "" {
				err = errors.New(why)
			}
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

// refuseAmbiguous refuses requests that a server may interpret differently than their
// record.
func refuseAmbiguous(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := operation.Ambiguity(requested(r), r.RequestURI); why != "" {
			proxy.Refuse(w, r, http.StatusBadRequest, "InvalidRequest", "the request is not passed on, because its record could be wrong: "+why)
			return
		}
		next.ServeHTTP(w, r)
	})
}
