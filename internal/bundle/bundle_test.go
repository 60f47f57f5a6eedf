package bundle_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/bundle"
)

const (
	account = "111122223333"
	region  = "eu-central-1"
	bucket  = "example-logs"
)

var begin = time.Date(2026, 1, 5, 0, 1, 31, 0, time.UTC)

var keyPair = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// memory is an archive in memory.
type memory map[string]stored

type stored struct {
	body     []byte
	metadata map[string]string
	err      error
}

func (memory) URI() string { return "memory" }

func (m memory) List(_ context.Context, f archive.Filter, yield func(archive.Object) error) error {
	for key := range m {
		o := archive.Object{Key: key}
		o.Info, _ = archive.ParseKey(key)
		o.Skip = f.Skip(o.Info)
		if err := yield(o); err != nil {
			return err
		}
	}
	return nil
}

func (m memory) Open(_ context.Context, o archive.Object) (io.ReadCloser, error) {
	s, ok := m[o.Key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(s.body)), s.err
}

func (m memory) Fetch(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error) {
	body, err := m.Open(ctx, o)
	return body, archive.Attributes{Metadata: m[o.Key].metadata}, err
}

// world returns an archive with a chain of digests that each list a log file, the keys
// that signed it, and the keys of its objects: digests, and log files.
func world(t *testing.T, hours int) (m memory, keys []digest.PublicKey, digests, logs []string) {
	t.Helper()
	pair, err := keyPair()
	if err != nil {
		t.Fatal(err)
	}
	der := x509.MarshalPKCS1PublicKey(&pair.PublicKey)
	fingerprint := digest.Fingerprint(der)
	keys = []digest.PublicKey{{
		Value: der, Fingerprint: fingerprint,
		ValidityStartTime: digest.Time{Time: begin.AddDate(0, 0, -3)}, ValidityEndTime: digest.Time{Time: begin.AddDate(0, 0, 27)},
	}}
	m = memory{}
	var last *digest.Digest
	var lastHash, lastSignature string
	algorithm := digest.HashAlgorithm
	for n := range hours {
		start := begin.Add(time.Duration(n) * time.Hour)
		end := start.Add(time.Hour)
		text := fmt.Appendf(nil, `{"Records":[{"eventID":"event-%d","eventName":"ListBuckets","requestParameters":{"eventID":"made up","eventName":"StopLogging","quoted":"\"]}[{"}}]}`, n)
		log := archive.Key{Account: account, Region: region, Kind: archive.Logs, Delivered: end.Truncate(time.Minute), Unique: fmt.Sprintf("ABCDEFGHIJKLMN%02d", n)}.String()
		m[log] = stored{body: archivetest.Gzip(t, text)}
		key := archive.Key{Account: account, Region: region, Kind: archive.Digest, Delivered: end, Trail: "main", HomeRegion: region}.String()
		d := &digest.Digest{
			AWSAccountID: account, DigestStartTime: start.Format(time.RFC3339), DigestEndTime: end.Format(time.RFC3339),
			DigestS3Bucket: bucket, DigestS3Object: key, DigestPublicKeyFingerprint: fingerprint, DigestSignatureAlgorithm: digest.SignatureAlgorithm,
			LogFiles: []digest.LogFile{{S3Bucket: bucket, S3Object: log, HashValue: fmt.Sprintf("%x", sha256.Sum256(text)), HashAlgorithm: algorithm}},
		}
		if last != nil {
			d.PreviousDigestS3Bucket, d.PreviousDigestS3Object = &last.DigestS3Bucket, &last.DigestS3Object
			hash, signature := lastHash, lastSignature
			d.PreviousDigestHashValue, d.PreviousDigestHashAlgorithm, d.PreviousDigestSignature = &hash, &algorithm, &signature
		}
		body, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if lastSignature, err = digest.Sign(pair, d, body); err != nil {
			t.Fatal(err)
		}
		last, lastHash = d, fmt.Sprintf("%x", sha256.Sum256(body))
		m[key] = stored{body: archivetest.Gzip(t, body), metadata: map[string]string{
			digest.MetadataSignature: lastSignature, digest.MetadataSignatureAlgorithm: digest.SignatureAlgorithm,
		}}
		digests, logs = append(digests, key), append(logs, log)
	}
	return m, keys, digests, logs
}

// pack writes a bundle of all digests of an archive, and of the log files named.
func pack(t *testing.T, m memory, keys []digest.PublicKey, logs ...string) string {
	t.Helper()
	p, err := bundle.NewPacker(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	recorded := p.Record(m)
	if err := recorded.List(t.Context(), archive.Filter{}, func(o archive.Object) error {
		if o.Info.Kind != archive.Digest {
			return nil
		}
		body, _, err := recorded.Fetch(t.Context(), o)
		if err != nil {
			return nil //nolint:nilerr // recorded as well
		}
		defer body.Close()
		got, err := io.ReadAll(body)
		if !bytes.Equal(got, m[o.Key].body) {
			t.Errorf("%s: a recorded source reads something else", o.Key)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, key := range logs {
		if err := recorded.Keep(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Add(bundle.ResultName, []byte("digests 3 = 3 valid\n")); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(bundle.Info{Kind: bundle.Verification, Archive: "logs"}, keys); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bundle.tar")
	if err := p.Place(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := p.Place(t.Context(), path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("placed twice: %v", err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A bundle gives back the objects with their attributes, and the errors of those that
// could not be read.
func TestRoundTrip(t *testing.T) {
	m, keys, digests, logs := world(t, 4)
	m[digests[1]] = stored{err: fmt.Errorf("get: %w", fs.ErrPermission)}
	m[digests[2]] = stored{err: fmt.Errorf("get: %w", archive.ErrCold)}
	b, err := bundle.Open(t.Context(), pack(t, m, keys, logs[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var listed []string
	if err := b.List(t.Context(), archive.Filter{}, func(o archive.Object) error {
		listed = append(listed, o.Key)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{logs[0], digests[0], digests[1], digests[2], digests[3]}; fmt.Sprint(listed) != fmt.Sprint(want) {
		t.Errorf("listed %q\nwant %q", listed, want)
	}
	for key, s := range m {
		info, _ := archive.ParseKey(key)
		body, attributes, err := b.Fetch(t.Context(), archive.Object{Key: key})
		switch {
		case info.Kind == archive.Digest && s.err != nil:
			if !errors.Is(err, errors.Unwrap(s.err)) {
				t.Errorf("%s: %v, want %v", key, err, s.err)
			}
		case info.Kind == archive.Digest || key == logs[0]:
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := io.ReadAll(body); !bytes.Equal(got, s.body) || fmt.Sprint(attributes.Metadata) != fmt.Sprint(s.metadata) {
				t.Errorf("%s: other content or metadata", key)
			}
		default:
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
	b.UseLogs(m)
	if _, err := b.Open(t.Context(), archive.Object{Key: logs[2]}); err != nil {
		t.Errorf("log file of a copy: %v", err)
	}
	if _, err := b.Open(t.Context(), archive.Object{Key: "copied/" + logs[2]}); err != nil {
		t.Errorf("log file of a copy without the prefix: %v", err)
	}
	if got, err := b.Keys(); err != nil || len(got) != 1 || got[0].Fingerprint != keys[0].Fingerprint {
		t.Errorf("keys %v, %v", got, err)
	}
}

// The same archive gives the same bytes.
func TestSameBytes(t *testing.T) {
	m, keys, _, logs := world(t, 3)
	first := read(t, pack(t, m, keys, logs...))
	for range 3 {
		if !bytes.Equal(first, read(t, pack(t, m, keys, logs...))) {
			t.Fatal("other bytes")
		}
	}
}

// Each byte of a bundle matters, of members and of what is between them.
func TestOneByteChanged(t *testing.T) {
	m, keys, _, logs := world(t, 2)
	path := pack(t, m, keys, logs[0])
	good := read(t, path)
	step := 31
	if testing.Short() {
		step = 997
	}
	for at := 0; at < len(good); at += step {
		bad := bytes.Clone(good)
		bad[at] ^= 1 << (at % 8)
		wantDamaged(t, bad, fmt.Sprintf("byte %d changed", at))
	}
	for size := 0; size < len(good); size += 512 {
		wantDamaged(t, good[:size], fmt.Sprintf("cut at %d", size))
	}
	wantDamaged(t, append(bytes.Clone(good), 0), "a byte added")
	wantDamaged(t, append(bytes.Clone(good), good...), "twice")
}

func wantDamaged(t *testing.T, content []byte, what string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bad.tar")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Open(t.Context(), path)
	if err == nil {
		b.Close()
		t.Errorf("%s: accepted", what)
		return
	}
	if _, ok := errors.AsType[*bundle.DamagedError](err); !ok {
		t.Errorf("%s: %v is not damage", what, err)
	}
}

// entry is a member of a tar file.
type entry struct {
	header  tar.Header
	content []byte
}

func entries(t *testing.T, path string) (list []entry) {
	t.Helper()
	in := tar.NewReader(bytes.NewReader(read(t, path)))
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, entry{*h, content})
	}
}

func packed(t *testing.T, list []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range list {
		if err := w.WriteHeader(&e.header); err != nil {
			t.Fatal(err)
		}
		if e.header.Typeflag != tar.TypeReg {
			continue
		}
		if _, err := w.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What tar can hold and a bundle does not is refused.
func TestHostile(t *testing.T) {
	m, keys, _, logs := world(t, 2)
	good := entries(t, pack(t, m, keys, logs[0]))
	if got := packed(t, good); !bytes.Equal(got, read(t, pack(t, m, keys, logs[0]))) {
		t.Fatal("the test does not write what a bundle is")
	}
	regular := good[0].header
	with := func(change func(h *tar.Header), content string) []entry {
		h := regular
		h.Size = int64(len(content))
		change(&h)
		return append(append([]entry{}, good...), entry{h, []byte(content)})
	}
	named := func(name string) []entry { return with(func(h *tar.Header) { h.Name = name }, "x") }
	for what, list := range map[string][]entry{
		"path out of the folder": named("z/../../x"),
		"absolute path":          named("/z"),
		"duplicate":              named(good[len(good)-1].header.Name),
		"new member":             named("z"),
		"empty component":        named("z//x"),
		"line feed":              named("z\nx"),
		"folder":                 with(func(h *tar.Header) { h.Name, h.Typeflag = "z/", tar.TypeDir }, ""),
		"symbolic link":          with(func(h *tar.Header) { h.Name, h.Typeflag, h.Linkname = "z", tar.TypeSymlink, "/etc/passwd" }, ""),
		"hard link":              with(func(h *tar.Header) { h.Name, h.Typeflag, h.Linkname = "z", tar.TypeLink, "keys.json" }, ""),
		"device":                 with(func(h *tar.Header) { h.Name, h.Typeflag = "z", tar.TypeChar }, ""),
		"other time":             with(func(h *tar.Header) { h.Name, h.ModTime = "z", begin }, ""),
		"other mode":             with(func(h *tar.Header) { h.Name, h.Mode = "z", 0o4755 }, ""),
		"other format": with(func(h *tar.Header) {
			h.Name, h.Format, h.PAXRecords = "z", tar.FormatPAX, map[string]string{"A.b": "c"}
		}, ""),
		"other order": append(append([]entry{}, good[1:]...), good[0]),
	} {
		wantDamaged(t, packed(t, list), what)
	}
	// A size that the file does not have, and a hole of a terabyte.
	h := regular
	h.Name, h.Size = "z", 1<<50
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(&h); err != nil {
		t.Fatal(err)
	}
	end := packed(t, good)
	wantDamaged(t, append(end[:len(end)-1024], b.Bytes()...), "huge member")
	for i := range good {
		left := append(append([]entry{}, good[:i]...), good[i+1:]...)
		wantDamaged(t, packed(t, left), "without "+good[i].header.Name)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("not a bundle"))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "fuzzed.tar")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := bundle.Open(t.Context(), path); err == nil {
			b.Close()
		}
	})
}

// unpack writes the members to a folder.
func unpack(t *testing.T, list []entry) string {
	t.Helper()
	dir := t.TempDir()
	for _, e := range list {
		path := filepath.Join(dir, filepath.FromSlash(e.header.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, e.content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// check follows the README: by sha256sum, and by the script.
func check(dir string) (string, error) {
	sums := exec.Command("sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS")
	sums.Dir = dir
	if out, err := sums.CombinedOutput(); err != nil {
		return string(out), err
	}
	return script(dir)
}

func script(dir string) (string, error) {
	sh := exec.Command("sh", "check.sh")
	sh.Dir = dir
	out, err := sh.CombinedOutput()
	return string(out), err
}

func needPrograms(t *testing.T) {
	t.Helper()
	for _, program := range []string{"sh", "openssl", "gzip", "sha256sum", "awk"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIPPED REAL SERVICE: %s is not installed", program)
		}
	}
}

// The script accepts what is good. It fails when a byte of any file is changed, or
// when a file is gone.
func TestScript(t *testing.T) {
	needPrograms(t)
	m, keys, _, logs := world(t, 2)
	good := entries(t, pack(t, m, keys, logs[0]))
	if out, err := check(unpack(t, good)); err != nil || !strings.HasSuffix(out, "OK\n") {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, e := range good {
		dir := unpack(t, good)
		path := filepath.Join(dir, filepath.FromSlash(e.header.Name))
		bad := bytes.Clone(e.content)
		bad[len(bad)/2] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := check(dir); err == nil {
			t.Errorf("%s changed at %d: accepted\n%s", e.header.Name, len(bad)/2, out)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if out, err := check(dir); err == nil {
			t.Errorf("without %s: accepted\n%s", good[i].header.Name, out)
		}
	}
}

// With hashes that were made again, the signatures still show what was changed.
func TestScriptNeedsNoHashes(t *testing.T) {
	needPrograms(t)
	m, keys, digests, logs := world(t, 3)
	body := func(key string) string { return "archive/" + key }
	for what, change := range map[string]func(m memory){
		"digest": func(m memory) {
			s := m[digests[1]]
			m[digests[1]] = stored{archivetest.Gzip(t, bytes.Replace(archivetest.Gunzip(t, s.body), []byte("ABCDEF"), []byte("ABCDEG"), 1)), s.metadata, nil}
		},
		"log file": func(m memory) { m[logs[0]] = stored{body: archivetest.Gzip(t, []byte(`{"Records":[]}`))} },
		"metadata": func(m memory) {
			s := m[digests[1]]
			m[digests[1]] = stored{s.body, m[digests[0]].metadata, nil}
		},
		"cut": func(m memory) {
			s := m[digests[1]]
			m[digests[1]] = stored{s.body[:len(s.body)-1], s.metadata, nil}
		},
	} {
		changed := memory{}
		for key, s := range m {
			changed[key] = s
		}
		change(changed)
		dir := unpack(t, entries(t, pack(t, changed, keys, logs[0])))
		if out, err := script(dir); err == nil || !strings.Contains(out, "FAILED") {
			t.Errorf("%s: accepted\n%s", what, out)
		}
	}
	if _, err := os.Stat(filepath.Join(unpack(t, entries(t, pack(t, m, keys))), body(digests[0]))); err != nil {
		t.Error(err)
	}
}

// A cancelled context ends writing and reading, and says nothing against the bundle.
func TestCancelled(t *testing.T) {
	m, keys, _, _ := world(t, 2)
	path := pack(t, m, keys)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bundle.Open(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("open: %v", err)
	}
	p, err := bundle.NewPacker(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	dir := t.TempDir()
	if err := p.Place(ctx, filepath.Join(dir, "bundle.tar")); !errors.Is(err, context.Canceled) {
		t.Errorf("place: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
