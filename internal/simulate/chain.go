package simulate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
)

// chain writes the digest files of one account in one Region. Days may be added out of
// order; digests are written in order.
type chain struct {
	world   *world
	root    string
	account *account
	region  *region
	keys    *keyRing
	spill   string // file that collects the digests' metadata

	mu       sync.Mutex
	early    map[int][]logFile // days added before the next one
	next     int               // day
	pending  []logFile         // delivered, not yet in a digest
	end      int64             // of the digest to write next
	previous *signedDigest
	folders  map[string]bool
	metadata []byte
	digests  int
}

type signedDigest struct {
	key, hash, signature string
}

// ObjectMetadata is a line of _simulate/object-metadata.jsonl: the S3 user
// metadata of one object, without the x-amz-meta- prefix.
type ObjectMetadata struct {
	Key      string            `json:"key"`
	Metadata map[string]string `json:"metadata"`
}

// newChain returns a chain that starts an hour before the first full hour of the
// simulation, at a minute and second of its own.
func newChain(w *world, root string, keys *keyRing, a *account, r *region, spill string) *chain {
	phase := int64(derive(w.org.seed, a.id, r.name, "digest phase") % 3600)
	return &chain{
		world: w, root: root, account: a, region: r, keys: keys, spill: spill,
		early: map[int][]logFile{}, folders: map[string]bool{}, end: w.opts.midnight(0) + phase,
	}
}

// add adds the files of a day and writes every digest that is complete.
func (c *chain) add(day int, files []logFile) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.early[day] = files
	for {
		files, ok := c.early[c.next]
		if !ok {
			return nil
		}
		delete(c.early, c.next)
		c.pending = append(c.pending, files...)
		c.next++
		until := c.world.opts.midnight(c.next) // later days deliver nothing earlier
		if c.next == c.world.opts.Days {
			until = c.world.opts.closing() + 3*interval + 3600
		}
		if err := c.writeUntil(until); err != nil {
			return err
		}
	}
}

func (c *chain) writeUntil(until int64) error {
	slices.SortFunc(c.pending, func(a, b logFile) int {
		if a.delivered != b.delivered {
			return compare(a.delivered, b.delivered)
		}
		return strings.Compare(a.key, b.key)
	})
	for c.end <= until {
		n := 0
		for n < len(c.pending) && c.pending[n].delivered < c.end {
			n++
		}
		if err := c.write(c.pending[:n]); err != nil {
			return err
		}
		c.pending = slices.Clone(c.pending[n:])
		c.end += 3600
	}
	return c.flush()
}

// write writes the digest that ends at c.end.
func (c *chain) write(files []logFile) error {
	key, err := c.keys.key(c.region.name, c.end)
	if err != nil {
		return err
	}
	d := c.digest(files, key)
	body, err := d.Encode()
	if err != nil {
		return err
	}
	signature, err := digest.Sign(key.private, d, body)
	if err != nil {
		return err
	}
	packed, err := compressed(body, c.world.opts.GzipLevel)
	if err != nil {
		return fmt.Errorf("compress %q: %w", d.DigestS3Object, err)
	}
	if err := writeObject(c.root, d.DigestS3Object, packed, c.folders); err != nil {
		return err
	}
	c.digests++
	hash := sha256.Sum256(body)
	c.previous = &signedDigest{d.DigestS3Object, hex.EncodeToString(hash[:]), signature}
	return c.noteMetadata(d.DigestS3Object, signature)
}

func (c *chain) digest(files []logFile, key *signingKey) *digest.Digest {
	org := c.world.org
	end := time.Unix(c.end, 0).UTC()
	d := &digest.Digest{
		AWSAccountID:    c.account.id,
		DigestStartTime: formatTime(c.end - 3600), DigestEndTime: formatTime(c.end),
		DigestS3Bucket: org.bucket,
		DigestS3Object: archive.Key{
			Organization: org.folder(), Account: c.account.id, Kind: archive.Digest, Region: c.region.name,
			Trail: org.trail, HomeRegion: org.home.name, Delivered: end,
		}.String(),
		DigestPublicKeyFingerprint: key.public.Fingerprint,
		DigestSignatureAlgorithm:   digest.SignatureAlgorithm,
	}
	if p := c.previous; p != nil {
		bucket, algorithm := org.bucket, digest.HashAlgorithm
		d.PreviousDigestS3Bucket, d.PreviousDigestS3Object = &bucket, &p.key
		d.PreviousDigestHashValue, d.PreviousDigestHashAlgorithm = &p.hash, &algorithm
		d.PreviousDigestSignature = &p.signature
	}
	list(d, org.bucket, files)
	return d
}

// list sets the log files of d.
func list(d *digest.Digest, bucket string, files []logFile) {
	if len(files) == 0 {
		return
	}
	oldest, newest := files[0].oldest, files[0].newest
	for _, f := range files {
		oldest, newest = min(oldest, f.oldest), max(newest, f.newest)
		d.LogFiles = append(d.LogFiles, digest.LogFile{
			S3Bucket: bucket, S3Object: f.key,
			HashValue: hex.EncodeToString(f.hash[:]), HashAlgorithm: digest.HashAlgorithm,
			NewestEventTime: formatTime(f.newest), OldestEventTime: formatTime(f.oldest),
		})
	}
	oldestText, newestText := formatTime(oldest), formatTime(newest)
	d.OldestEventTime, d.NewestEventTime = &oldestText, &newestText
}

func formatTime(at int64) string { return string(appendTime(nil, at)) }

func compressed(body []byte, level int) ([]byte, error) {
	var b bytes.Buffer
	zip, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		return nil, err
	}
	if _, err := zip.Write(body); err != nil {
		return nil, err
	}
	err = zip.Close()
	return b.Bytes(), err
}

func (c *chain) noteMetadata(key, signature string) error {
	line, err := json.Marshal(ObjectMetadata{key, map[string]string{
		digest.MetadataSignature:          signature,
		digest.MetadataSignatureAlgorithm: digest.SignatureAlgorithm,
	}})
	if err != nil {
		return fmt.Errorf("note metadata of %q: %w", key, err)
	}
	c.metadata = append(append(c.metadata, line...), '\n')
	return nil
}

// flush writes the metadata to disk, because years of it would fill memory.
func (c *chain) flush() error {
	f, err := os.OpenFile(c.spill, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write object metadata: %w", err)
	}
	_, err = f.Write(c.metadata)
	c.metadata = c.metadata[:0]
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write object metadata: %w", err)
	}
	return nil
}
