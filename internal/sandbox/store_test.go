package sandbox_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/versitygwtest"
)

// oddRequest is one that no client of AWS sends.
type oddRequest struct {
	method, uri string
	header      []string // NAME: VALUE
	body        string
	anonymous   bool // else it is signed
}

func (r oddRequest) String() string {
	who := "signed"
	if r.anonymous {
		who = "anonymous"
	}
	return fmt.Sprintf("%s %s %q %s", r.method, r.uri, r.header, who)
}

// write sends the request as it is spelled here.
func (r oddRequest) write(t *testing.T, endpoint string) (status int, body string) {
	t.Helper()
	host := strings.TrimPrefix(endpoint, "http://")
	header := http.Header{}
	for _, line := range r.header {
		name, value, _ := strings.Cut(line, ": ")
		header[http.CanonicalHeaderKey(name)] = append(header[http.CanonicalHeaderKey(name)], value)
	}
	if !r.anonymous {
		r.sign(t, host, header)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.method, r.uri)
	if header.Get("Host") == "" {
		fmt.Fprintf(&b, "Host: %s\r\n", host)
	}
	for name, values := range header {
		for _, value := range values {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\nConnection: close\r\n\r\n%s", len(r.body), r.body)
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: strings.ToUpper(r.method)})
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(text)
}

func (r oddRequest) sign(t *testing.T, host string, header http.Header) {
	t.Helper()
	path, query, _ := strings.Cut(r.uri, "?")
	req := &http.Request{Method: r.method, Host: host, Header: header, URL: &url.URL{Scheme: "http", Host: host, Opaque: "//" + host + path, RawQuery: query}}
	sum := sha256.Sum256([]byte(r.body))
	header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	key := aws.Credentials{AccessKeyID: versitygwtest.AccessKey, SecretAccessKey: versitygwtest.SecretKey}
	if err := signer.SignHTTP(t.Context(), key, req, hex.EncodeToString(sum[:]), "s3", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
}

// oddStore is a store behind a sandbox. What it did is in its log and its folder.
type oddStore struct {
	versitygwtest.Server
	*box
	state  string
	direct *s3.Client
	read   int   // of the log, in bytes
	seen   int64 // of the journal, in bytes
}

func openOddStore(t *testing.T) *oddStore {
	t.Helper()
	server := versitygwtest.Start(t)
	s := &oddStore{Server: server, state: t.TempDir()}
	s.box = open(t, sandbox.Config{Upstream: server.URL, State: s.state, Unchecked: true})
	s.direct = s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(versitygwtest.AccessKey, versitygwtest.SecretKey, ""),
	})
	return s
}

var oddBuckets = []string{"shop", "other", "moto-api", "minio", "v20180820"}

// restock makes what every request finds: buckets that anybody may do anything with.
func (s *oddStore) restock(t *testing.T) {
	t.Helper()
	for _, name := range oddBuckets {
		_, _ = s.direct.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}) // it may be there
		policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"]}]}`, name)
		ok[*s3.PutBucketPolicyOutput](t)(s.direct.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &name, Policy: &policy}))
		for _, key := range []string{"a", "dir/b", "admin/v3/c"} {
			ok[*s3.PutObjectOutput](t)(s.direct.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: &key, Body: strings.NewReader(name + key)}))
		}
	}
}

// contents is every file and folder of the store, with what is in it.
func (s *oddStore) contents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(s.Folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(s.Folder, path)
		if entry.Name() == ".sgwtmp" || entry.Name() == ".vgwlocks" { // its own
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() {
			all[name] = "folder"
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		all[name] = fmt.Sprint(info.ModTime().UnixNano(), string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// storeCall is a request as the store read it.
type storeCall struct{ bucket, operation, rest string }

// OWNER BUCKET [TIME] IP REQUESTER REQUESTID OPERATION KEY URI STATUS ...
var logLine = regexp.MustCompile(`^\S+ (\S+) \[[^\]]*\] \S+ \S+ \S+ s3_(\S+) (.*)$`)

// log is what the store read since the last time.
func (s *oddStore) log(t *testing.T) (all []storeCall) {
	t.Helper()
	text, err := os.ReadFile(s.Log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text[s.read:])) {
		if m := logLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			all = append(all, storeCall{m[1], m[2], m[3]})
		}
	}
	s.read = len(text)
	return all
}

type oddRecord struct {
	EventSource, EventName, ErrorCode string
	ReadOnly                          bool
	RequestParameters                 map[string]any
}

func (r oddRecord) text(name string) string {
	text, _ := r.RequestParameters[name].(string)
	return text
}

// records are those since the last time.
func (s *oddStore) records(t *testing.T) (all []oddRecord) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.state, "journal", "*.journal"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	file, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Seek(s.seen, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	s.seen += int64(len(text))
	for line := range strings.Lines(string(text)) {
		start := strings.Index(line, "{")
		if start < 0 { // the first line
			continue
		}
		var r oddRecord
		if err := json.Unmarshal([]byte(line[start:]), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// try sends a request, and compares what the store did with what is recorded.
func (s *oddStore) try(t *testing.T, r oddRequest) (passed bool) {
	t.Helper()
	before := s.contents(t)
	s.log(t)
	s.records(t)
	status, answer := r.write(t, s.endpoint)
	records, log, after := s.records(t), s.log(t), s.contents(t)
	changed := changes(before, after)
	complain := func(format string, args ...any) {
		t.Errorf("%s\n\tanswer %d %.200s\n\tstore: %v, changed %q\n\trecords: %+v\n\t%s", r, status, answer, log, changed, records, fmt.Sprintf(format, args...))
	}
	if len(log) > 0 && len(records) == 0 {
		complain("the store was reached, and nothing is recorded")
	}
	for _, name := range changed {
		if !slices.ContainsFunc(records, func(r oddRecord) bool { return r.ErrorCode == "" && !r.ReadOnly && r.names(name) }) {
			complain("no record names %q", name)
		}
	}
	for _, l := range log {
		if status < 300 && l.operation != "ActionUnDetected" && !slices.ContainsFunc(records, func(record oddRecord) bool { return record.tells(l, r.uri) }) {
			complain("no record tells of %v", l)
		}
	}
	if len(changed) > 0 {
		s.restock(t)
	}
	return len(log) > 0
}

func changes(before, after map[string]string) (names []string) {
	for name, text := range before {
		if after[name] != text {
			names = append(names, name)
		}
	}
	for name := range after {
		if before[name] == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// names reports whether a record is about a file or folder: its object or what lies on
// the way to it.
func (r oddRecord) names(path string) bool {
	object := r.text("bucketName") + "/" + r.text("key")
	return strings.TrimSuffix(object, "/") == path || strings.HasPrefix(object, path+"/")
}

// tells reports whether a record names the bucket, the key and the operation that the
// store served.
func (r oddRecord) tells(s storeCall, uri string) bool {
	key := r.text("key")
	if key == "" {
		key = "-"
	}
	bucket := r.text("bucketName")
	if bucket == "" {
		bucket = "-"
	}
	name := s.operation
	if other := oddNames[name]; other != "" {
		name = other
	}
	return bucket == s.bucket && (strings.HasPrefix(s.rest, key+" ") || s.operation == "PostObject") && r.EventName == name
}

// oddNames are operations whose events have another name than the store's log.
var oddNames = map[string]string{
	"ListAllMyBuckets": "ListBuckets", "ListObjectsV2": "ListObjects", "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
	"PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
}

// What a store did is what the record says, or the request never reached it.
func TestOddRequestsToAStore(t *testing.T) {
	s := openOddStore(t)
	s.restock(t)
	requests := namedOdd()
	random := rand.New(rand.NewPCG(20261128, 1))
	for range 300 {
		requests = append(requests, madeOdd(random))
	}
	reached := 0
	for _, r := range requests {
		for _, r.anonymous = range []bool{false, true} {
			if s.try(t, r) {
				reached++
			}
		}
	}
	if t.Logf("%d of %d requests reached the store", reached, 2*len(requests)); reached < 200 {
		t.Error("too few of them test anything")
	}
}
