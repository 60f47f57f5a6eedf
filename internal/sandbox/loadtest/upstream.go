package loadtest

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	largeObject = "/objects/large"
	largeSize   = 8 << 20

	identity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
		`<Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account>` +
		`</GetCallerIdentityResult></GetCallerIdentityResponse>`
)

// Upstream answers the calls of a Caller, and the sandbox's own, at once. It stores
// delivered log files in a folder and nothing else.
type Upstream struct{ dir string }

// NewUpstream stores log files in the folder.
func NewUpstream(dir string) *Upstream { return &Upstream{dir} }

func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amz-Request-Id", "79104EXAMPLEB723")
	switch {
	case r.Method == http.MethodPut:
		if err := u.put(r); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	case r.URL.Path == largeObject:
		w.Header().Set("Content-Type", "binary/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(largeSize))
		piece := make([]byte, 64<<10)
		for range largeSize / len(piece) {
			_, _ = w.Write(piece) // a client that left needs no answer
		}
	case r.Header.Get("X-Amz-Target") != "":
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, `{"QueueUrl":"http://127.0.0.1/123456789012/queue"}`)
	case r.Method == http.MethodPost:
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, identity)
	default:
		http.NotFound(w, r)
	}
}

func (u *Upstream) put(r *http.Request) (err error) {
	if !strings.Contains(r.URL.Path, "/CloudTrail/") {
		_, err = io.Copy(io.Discard, r.Body)
		return err
	}
	file, err := os.Create(filepath.Join(u.dir, url.PathEscape(r.URL.Path)))
	if err != nil {
		return err
	}
	_, err = io.Copy(file, r.Body)
	return errors.Join(err, file.Close())
}
