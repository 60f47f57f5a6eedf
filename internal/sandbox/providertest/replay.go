package providertest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/fxamacker/cbor/v2"
)

// request is a call. ${name} in it stands for what an earlier answer had there.
type request struct {
	Method, Path    string
	Host            string // "" for the endpoint's; else without the port
	Region, Service string // of the signature
	Header          map[string]string
	// The body is in one of these.
	Form []string // NAME=VALUE
	JSON json.RawMessage
	CBOR json.RawMessage // as JSON; a number with a point is a float
	Text string
}

// String names the call.
func (q request) String() string {
	name := q.Header["X-Amz-Target"]
	for _, pair := range q.Form {
		if action, ok := strings.CutPrefix(pair, "Action="); ok {
			name = action
		}
	}
	return strings.TrimSpace(q.Service + " " + q.Method + " " + q.Path + " " + name)
}

// timeout is longer than anything is in flux in a sandbox, strict propagation
// included.
const timeout = 30 * time.Second

// replay makes calls to an endpoint.
type replay struct {
	endpoint *url.URL
	values   values
}

func newReplay(t *testing.T, endpoint string) *replay {
	t.Helper()
	at, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return &replay{at, values{}}
}

// play makes the call of a step, again if the step says so.
func (r *replay) play(ctx context.Context, s step) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		got, err := r.call(ctx, s.Request)
		if err != nil {
			return err
		}
		wrong := r.values.match(s.Want, got)
		if wrong == nil || !s.passes(got) {
			return wrong
		}
		if s.Empty != "" {
			if err := r.empty(ctx, s); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the provider would wait in vain: %w", wrong)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// passes reports whether the provider would call again after a wrong answer.
func (s step) passes(got answer) bool {
	return s.Wait && (got.Status < 300 || slices.Contains(s.Again, got.code()) || slices.Contains(s.Again, fmt.Sprint(got.Status)))
}

func (r *replay) call(ctx context.Context, q request) (answer, error) {
	body, err := r.body(q)
	if err != nil {
		return answer{}, err
	}
	target, err := r.endpoint.Parse(r.values.fill(q.Path))
	if err != nil {
		return answer{}, err
	}
	made, err := http.NewRequestWithContext(ctx, q.Method, target.String(), bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for name, value := range q.Header {
		made.Header.Set(name, r.values.fill(value))
	}
	if q.Host != "" {
		made.Host = r.values.fill(q.Host) + ":" + r.endpoint.Port()
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if q.Service == "s3" {
		made.Header.Set("X-Amz-Content-Sha256", hash)
	}
	key := aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}
	if err := v4.NewSigner().SignHTTP(ctx, key, made, hash, q.Service, q.Region, time.Now()); err != nil {
		return answer{}, err
	}
	got, err := http.DefaultClient.Do(made)
	if err != nil {
		return answer{}, err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return answer{}, err
	}
	return decode(got, text)
}

// body returns the bytes of a body, with what earlier answers had in it.
func (r *replay) body(q request) ([]byte, error) {
	switch {
	case q.Form != nil:
		form := make([]string, len(q.Form))
		for i, pair := range q.Form {
			name, value, _ := strings.Cut(pair, "=")
			form[i] = url.QueryEscape(name) + "=" + url.QueryEscape(r.values.fill(value))
		}
		return []byte(strings.Join(form, "&")), nil
	case q.CBOR != nil:
		decoder := json.NewDecoder(strings.NewReader(r.values.fill(string(q.CBOR))))
		decoder.UseNumber()
		var body any
		if err := decoder.Decode(&body); err != nil {
			return nil, err
		}
		return cbor.Marshal(numbers(body))
	case q.JSON != nil:
		return []byte(r.values.fill(string(q.JSON))), nil
	}
	return []byte(r.values.fill(q.Text)), nil
}

// numbers makes integers and floats of numbers as they are written.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		n, _ := v.Float64()
		return n
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = numbers(v[name])
		}
	}
	return v
}

// empty deletes all versions of all objects in a bucket, locked ones too.
func (r *replay) empty(ctx context.Context, s step) error {
	q := request{Method: http.MethodGet, Path: "/" + s.Empty + "?versions=", Region: s.Request.Region, Service: "s3"}
	listed, err := r.call(ctx, q)
	if err != nil {
		return err
	}
	type object struct {
		Key       string
		VersionID string `xml:"VersionId"`
	}
	wanted := struct {
		XMLName xml.Name `xml:"Delete"`
		Quiet   bool
		Object  []object
	}{Quiet: true}
	for _, version := range append(listed.elements("Version"), listed.elements("DeleteMarker")...) {
		wanted.Object = append(wanted.Object, object{version["Key"], version["VersionId"]})
	}
	text, err := xml.Marshal(wanted)
	if err != nil {
		return err
	}
	q.Method, q.Path, q.Text = http.MethodPost, "/"+s.Empty+"?delete=", string(text)
	q.Header = map[string]string{"X-Amz-Bypass-Governance-Retention": "true", "Content-Type": "application/xml"}
	deleted, err := r.call(ctx, q)
	if failed := deleted.elements("Error"); err != nil || deleted.Status != http.StatusOK || len(failed) > 0 {
		return fmt.Errorf("delete objects of bucket %q: status %d, %v: %w", s.Empty, deleted.Status, failed, err)
	}
	return nil
}
