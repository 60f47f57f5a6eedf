package s3archive

import (
	"crypto/md5"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/mototest"
)

// fake is a bucket "b" that can be told to fail. It has what this package asks of
// S3, and nothing more.
type fake struct {
	// fault may answer a request instead of the bucket; n counts requests of one
	// path and query from 1.
	fault func(w http.ResponseWriter, r *http.Request, n int) (done bool)
	// class is the storage class of an object, with restored when it may be read.
	class map[string]string

	mu      sync.Mutex
	objects map[string]string
	sorted  []string       // their keys, as they were when their number last changed
	seen    map[string]int // requests by path and query
	lists   int
	headers []http.Header
}

// newFake starts the server, and points the environment to it.
func newFake(t *testing.T, keys ...string) *fake {
	t.Helper()
	f := &fake{objects: map[string]string{}, seen: map[string]int{}}
	for _, key := range keys {
		f.objects[key] = key
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	mototest.Environment(t)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	return f
}

// quickOptions make failures quick.
func quickOptions() Options {
	return Options{MaxAttempts: 4, MaxBackoff: time.Millisecond, StallTimeout: 10 * time.Second}
}

func (f *fake) source(t *testing.T, uri string, opts Options) *Source {
	t.Helper()
	s, err := New(t.Context(), uri, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// requests are the headers of all requests so far.
func (f *fake) requests() []http.Header {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.headers)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.seen[r.URL.String()]++
	n := f.seen[r.URL.String()]
	f.headers = append(f.headers, r.Header.Clone())
	if r.URL.Query().Get("list-type") == "2" {
		f.lists++
	}
	f.mu.Unlock()
	if f.fault != nil && f.fault(w, r, n) {
		return
	}
	key, isObject := strings.CutPrefix(r.URL.Path, "/b/")
	switch {
	case !isObject && r.URL.Path != "/b":
		apiError(w, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
	case isObject && key != "":
		f.get(w, r, key)
	default:
		f.list(w, r.URL.Query())
	}
}

func (f *fake) get(w http.ResponseWriter, r *http.Request, key string) {
	data, ok := f.objects[key]
	etag := etagOf(data)
	switch match := r.Header.Get("If-Match"); {
	case !ok:
		apiError(w, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	case match != "" && match != etag:
		apiError(w, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	default:
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(data))
	}
}

func etagOf(data string) string { return fmt.Sprintf(`"%x"`, md5.Sum([]byte(data))) }

func apiError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message><RequestId>1</RequestId></Error>", code, message)
}

// listResult is the answer to ListObjectsV2.
type listResult struct {
	XMLName      xml.Name `xml:"ListBucketResult"`
	EncodingType string
	IsTruncated  bool
	Next         string       `xml:"NextContinuationToken,omitempty"`
	Contents     []listObject `xml:"Contents"`
	Folders      []listPrefix `xml:"CommonPrefixes"`
}

type listObject struct {
	Key, ETag, StorageClass string
	Size                    int
	RestoreStatus           *listRestore
}

type listRestore struct {
	IsRestoreInProgress bool
	RestoreExpiryDate   string
}

type listPrefix struct{ Prefix string }

func (f *fake) list(w http.ResponseWriter, q url.Values) {
	after := max(q.Get("start-after"), q.Get("continuation-token"))
	most := 1000
	if n, err := strconv.Atoi(q.Get("max-keys")); err == nil {
		most = min(most, n)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	prefix, delimited := q.Get("prefix"), q.Get("delimiter") == "/"
	ended := "" // folder that the page before ended with
	if delimited && strings.HasSuffix(after, "/") && after != prefix {
		ended = after
	}
	result := listResult{EncodingType: "url"}
	for _, key := range f.keysFrom(max(prefix, after)) {
		if !strings.HasPrefix(key, prefix) {
			break
		}
		if key == after || ended != "" && strings.HasPrefix(key, ended) {
			continue
		}
		if len(result.Contents)+len(result.Folders) == most {
			result.IsTruncated, result.Next = true, after
			break
		}
		after = key
		if i := strings.IndexByte(key[len(prefix):], '/'); i >= 0 && delimited {
			ended = key[:len(prefix)+i+1]
			after = ended
			result.Folders = append(result.Folders, listPrefix{url.QueryEscape(after)})
			continue
		}
		result.Contents = append(result.Contents, f.listObject(key))
	}
	w.Header().Set("Content-Type", "application/xml")
	if err := xml.NewEncoder(w).Encode(result); err != nil {
		panic(err)
	}
}

// keysFrom gives the keys in order, from one that need not exist.
func (f *fake) keysFrom(key string) []string {
	if len(f.sorted) != len(f.objects) {
		f.sorted = slices.Sorted(maps.Keys(f.objects))
	}
	i, _ := slices.BinarySearch(f.sorted, key)
	return f.sorted[i:]
}

func (f *fake) listObject(key string) listObject {
	o := listObject{Key: url.QueryEscape(key), ETag: etagOf(f.objects[key]), Size: len(f.objects[key])}
	class, restored := strings.CutSuffix(f.class[key], " restored")
	o.StorageClass = class
	if restored {
		o.RestoreStatus = &listRestore{RestoreExpiryDate: "2030-01-01T00:00:00.000Z"}
	}
	return o
}

// listed are the objects of a listing as "key", "key (skip)" or "key: error".
func listed(t *testing.T, s *Source, f archive.Filter) ([]string, error) {
	t.Helper()
	var got []string
	err := s.List(t.Context(), f, func(o archive.Object) error {
		switch {
		case o.Err != nil:
			got = append(got, o.Key+": "+o.Err.Error())
		case o.Skip != "":
			got = append(got, o.Key+" ("+o.Skip+")")
		default:
			got = append(got, o.Key)
		}
		return nil
	})
	return got, err
}
