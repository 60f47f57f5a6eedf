package verify_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/verify"
)

const (
	bucket  = "example-logs"
	account = "111122223333"
	region  = "eu-central-1"
)

// begin is the start of the first digest of every chain.
var begin = time.Date(2026, 1, 5, 0, 1, 31, 0, time.UTC)

// stored is an object with what can go wrong when it is read.
type stored struct {
	body     []byte
	metadata map[string]string
	open     error // of Open
	broken   int   // bytes until reading fails; 0 for never
}

// memory is an archive in memory.
type memory map[string]stored

func (m memory) clone() memory { return maps.Clone(m) }

func (memory) URI() string { return "memory" }

func (m memory) List(_ context.Context, f archive.Filter, yield func(archive.Object) error) error {
	var list []archive.Object
	for key, s := range m {
		o := archive.Object{Key: key, Size: int64(len(s.body))}
		o.Info, _ = archive.ParseKey(key)
		if o.Skip = f.Skip(o.Info); errors.Is(s.open, archive.ErrCold) && o.Skip == "" {
			o.Err = s.open // as a listing of S3 tells
		}
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b archive.Object) int {
		return cmp.Or(a.Info.Delivered.Compare(b.Info.Delivered), strings.Compare(a.Key, b.Key))
	})
	for _, o := range list {
		if err := yield(o); err != nil {
			return err
		}
	}
	return nil
}

func (m memory) Open(ctx context.Context, o archive.Object) (io.ReadCloser, error) {
	s, ok := m[o.Key]
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !ok:
		return nil, fmt.Errorf("open %q: %w", o.Key, fs.ErrNotExist)
	case s.open != nil:
		return nil, s.open
	case s.broken > 0:
		return io.NopCloser(io.MultiReader(bytes.NewReader(s.body[:s.broken]), failing{})), nil
	}
	return io.NopCloser(bytes.NewReader(s.body)), nil
}

func (m memory) Fetch(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error) {
	body, err := m.Open(ctx, o)
	return body, archive.Attributes{Metadata: m[o.Key].metadata}, err
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, fmt.Errorf("connection reset by peer") }

// key is a key pair of a Region, made once for all tests.
var keyPair = sync.OnceValue(func() *rsa.PrivateKey { return mustKey() })

// otherPair is a key pair that CloudTrail does not know.
var otherPair = sync.OnceValue(func() *rsa.PrivateKey { return mustKey() })

func mustKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func published(pair *rsa.PrivateKey) digest.PublicKey {
	der := x509.MarshalPKCS1PublicKey(&pair.PublicKey)
	return digest.PublicKey{
		Value: der, Fingerprint: digest.Fingerprint(der),
		ValidityStartTime: digest.Time{Time: begin.AddDate(0, 0, -3)}, ValidityEndTime: digest.Time{Time: begin.AddDate(0, 0, 27)},
	}
}

func keys() *verify.Keys { return verify.NewKeys([]digest.PublicKey{published(keyPair())}) }

// builder writes one chain.
type builder struct {
	m              memory
	trail, home    string
	bucket, region string
	prefix         string // of the keys, with a slash
	organization   string
	pair           *rsa.PrivateKey
	previous       *digest.Digest
	hash, signed   string // of previous
	end            time.Time
	digests, logs  []string // keys
}

func newBuilder(m memory, trail string) *builder {
	return &builder{m: m, trail: trail, home: region, bucket: bucket, region: region, pair: keyPair(), end: begin}
}

// hour writes the digest of the next hour with so many log files.
func (b *builder) hour(t *testing.T, logs int) {
	t.Helper()
	start := b.end
	b.end = start.Add(time.Hour)
	var files []digest.LogFile
	for i := range logs {
		at := start.Add(time.Duration(i+1) * 5 * time.Minute)
		files = append(files, b.log(t, at, fmt.Sprintf(`{"Records":[{"eventID":"%s-%d","of":"%s in %s"}]}`, at.Format(time.RFC3339), i, b.trail, b.region)))
	}
	b.write(t, start, files, false)
}

// log writes a log file and returns its entry.
func (b *builder) log(t *testing.T, at time.Time, text string) digest.LogFile {
	t.Helper()
	key := b.prefix + archive.Key{Organization: b.organization, Account: account, Kind: archive.Logs, Region: b.region, Delivered: at,
		Unique: fmt.Sprintf("%s%010d", strings.NewReplacer("_", "", ".", "", "-", "").Replace(b.trail), at.Unix())}.String()
	b.m[key] = stored{body: archivetest.Gzip(t, []byte(text))}
	b.logs = append(b.logs, key)
	sum := sha256.Sum256([]byte(text))
	return digest.LogFile{S3Bucket: b.bucket, S3Object: key, HashValue: hex.EncodeToString(sum[:]), HashAlgorithm: digest.HashAlgorithm,
		NewestEventTime: at.Format(time.RFC3339), OldestEventTime: at.Format(time.RFC3339)}
}

func (b *builder) write(t *testing.T, start time.Time, files []digest.LogFile, backfill bool) {
	t.Helper()
	if files == nil {
		files = []digest.LogFile{}
	}
	key := b.prefix + archive.Key{Organization: b.organization, Account: account, Kind: archive.Digest, Region: b.region, Delivered: b.end,
		Trail: b.trail, HomeRegion: b.home, Backfill: backfill}.String()
	d := &digest.Digest{AWSAccountID: account, DigestStartTime: start.Format(time.RFC3339), DigestEndTime: b.end.Format(time.RFC3339),
		DigestS3Bucket: b.bucket, DigestS3Object: key, DigestPublicKeyFingerprint: published(b.pair).Fingerprint,
		DigestSignatureAlgorithm: digest.SignatureAlgorithm, LogFiles: files}
	if p := b.previous; p != nil {
		algorithm := digest.HashAlgorithm
		d.PreviousDigestS3Bucket, d.PreviousDigestS3Object, d.PreviousDigestHashAlgorithm = &p.DigestS3Bucket, &p.DigestS3Object, &algorithm
		hash, signed := b.hash, b.signed
		d.PreviousDigestHashValue, d.PreviousDigestSignature = &hash, &signed
	}
	b.hash, b.signed = b.m.put(t, key, d, b.pair)
	b.previous = d
	b.digests = append(b.digests, key)
}

// put signs a digest and stores it under a key.
func (m memory) put(t *testing.T, key string, d *digest.Digest, pair *rsa.PrivateKey) (hash, signature string) {
	t.Helper()
	body, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signature, err = digest.Sign(pair, d, body)
	if err != nil {
		t.Fatal(err)
	}
	m[key] = stored{body: archivetest.Gzip(t, body), metadata: map[string]string{
		digest.MetadataSignature: signature, digest.MetadataSignatureAlgorithm: digest.SignatureAlgorithm}}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), signature
}

// digest reads a digest of the archive.
func (m memory) digest(t *testing.T, key string) *digest.Digest {
	t.Helper()
	d, err := digest.Parse(archivetest.Gunzip(t, m[key].body))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// run verifies an archive and returns the results that are not valid.
func run(t *testing.T, m verify.Source, k *verify.Keys, opts verify.Options) ([]verify.Result, *verify.Summary) {
	t.Helper()
	opts.Workers = max(opts.Workers, 4)
	var bad []verify.Result
	sum, err := verify.Run(t.Context(), m, k, opts, func(r verify.Result) error {
		if r.State != verify.Valid {
			bad = append(bad, r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return bad, sum
}

// lines writes results as lines of state, object, check and the end of the key.
func lines(results []verify.Result) []string {
	var out []string
	for _, r := range results {
		what := r.Key
		if what == "" {
			what = r.From.Format("15:04") + "-" + r.To.Format("15:04")
		}
		out = append(out, fmt.Sprintf("%s %s %s %s", r.State, r.Object, r.Check, what))
	}
	slices.Sort(out)
	return out
}
