package upstream

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// moto_server applies a bucket's policy to the objects in it as if statements had no
// conditions and every caller were meant: a Deny for requests without TLS takes the
// bucket from everybody. As of two members with one name it sees the last, a policy
// that ends with this has no statements for it, while it keeps the rest.
const unseen = `,"Statement":[]}`

// longestPolicy is more than S3 takes, 20 KB.
const longestPolicy = 1 << 20

// Unapplied stands before moto_server and keeps bucket policies from being applied
// there. Clients get them back as they put them.
func Unapplied(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !r.URL.Query().Has("policy"):
			next.ServeHTTP(w, r)
		case r.Method == http.MethodPut:
			putUnapplied(next, w, r)
		case r.Method == http.MethodGet:
			answer := &kept{ResponseWriter: w, status: http.StatusOK}
			next.ServeHTTP(answer, r)
			answer.send()
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func putUnapplied(next http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, longestPolicy))
	r = r.Clone(r.Context())
	text, isObject := bytes.CutSuffix(bytes.TrimSpace(body), []byte("}"))
	if err != nil || !isObject || len(body) == longestPolicy {
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body)) // for moto to judge
		next.ServeHTTP(w, r)
		return
	}
	body = append(text, unseen...)
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	next.ServeHTTP(w, r)
}

// BucketPolicy gives a policy as it was put, whoever kept it.
func BucketPolicy(held string) string { return string(applied([]byte(held))) }

func applied(held []byte) []byte {
	if text, found := bytes.CutSuffix(held, []byte(unseen)); found {
		return append(text, '}')
	}
	return held
}

// kept holds an answer back until it is whole.
type kept struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (k *kept) WriteHeader(status int)      { k.status = status }
func (k *kept) Write(p []byte) (int, error) { return k.body.Write(p) }

func (k *kept) send() {
	body := applied(k.body.Bytes())
	if k.Header().Get("Content-Length") != "" {
		k.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	k.ResponseWriter.WriteHeader(k.status)
	_, _ = k.ResponseWriter.Write(body) // fails only when the client has gone
}
