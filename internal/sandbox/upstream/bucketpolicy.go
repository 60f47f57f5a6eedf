package upstream

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// moto_server applies a bucket policy to objects but ignores conditions and principals:
// a Deny for requests without TLS denies everything. Of two members with the same name
// it uses the last, so Unapplied appends a second list of statements without the Deny
// ones. The escape in the name marks this list as ours.
const again = `,"\u0053tatement":`

// longestPolicy exceeds S3's limit of 20 KB.
const longestPolicy = 1 << 20

// Unapplied keeps moto_server from applying the Deny statements of bucket policies.
// Clients read policies back as they put them.
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
	var allowed []byte
	if err == nil && len(body) < longestPolicy {
		allowed = allowing(body)
	}
	if allowed == nil { // forwarded unchanged, moto validates it
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
		next.ServeHTTP(w, r)
		return
	}
	body = slices.Concat(bytes.TrimSuffix(bytes.TrimSpace(body), []byte("}")), []byte(again), allowed, []byte("}"))
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	next.ServeHTTP(w, r)
}

// allowing returns the list of a policy's Allow statements, nil if it has no list.
func allowing(text []byte) []byte {
	var document struct{ Statement []json.RawMessage }
	if json.Unmarshal(text, &document) != nil || document.Statement == nil {
		return nil
	}
	kept := slices.DeleteFunc(document.Statement, func(statement json.RawMessage) bool {
		var s struct{ Effect string }
		return json.Unmarshal(statement, &s) != nil || s.Effect != "Allow"
	})
	list, err := json.Marshal(kept)
	if err != nil {
		return nil
	}
	return list
}

// BucketPolicy returns a stored policy as it was put, with or without Unapplied.
func BucketPolicy(held string) string { return string(applied([]byte(held))) }

func applied(held []byte) []byte {
	if i := bytes.LastIndex(held, []byte(again)); i >= 0 {
		return append(bytes.Clone(held[:i]), '}')
	}
	return held
}

// kept buffers an answer until it is complete.
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
	_, _ = k.ResponseWriter.Write(body) // fails only if the client hung up
}
