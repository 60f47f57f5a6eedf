package bundle

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
)

// maxPlain bounds the uncompressed size of a digest, as a verification does.
const maxPlain = 64 << 20

// row is a digest as the script reads it.
type row struct {
	key string
	d   *digest.Digest
	// signature is of the metadata, or of the next digest.
	signature string
}

// tables adds the members that list all digests and the log files in them. It returns
// the fingerprints of the keys that the digests name.
func (p *Packer) tables() (fingerprints map[string]bool, err error) {
	digests, err := p.create(tableName)
	if err != nil {
		return nil, err
	}
	logs, err := p.create(logsName)
	if err != nil {
		return nil, errors.Join(err, digests.remove())
	}
	fingerprints = map[string]bool{}
	var last *row
	for _, key := range p.digests() {
		next := p.row(key)
		if next.d != nil {
			fingerprints[strings.ToLower(next.d.DigestPublicKeyFingerprint)] = true
			writeLogs(logs, next.d)
			next.d.LogFiles = nil // the list is long
		}
		if last != nil {
			last.write(digests, next)
		}
		last = next
	}
	if last != nil {
		last.write(digests, &row{})
	}
	return fingerprints, errors.Join(digests.add(), logs.add())
}

// digests returns the keys of all digests: those of a chain follow each other, in
// order of time.
func (p *Packer) digests() []string {
	type place struct{ key, chain, name string }
	var list []place
	for key := range p.objects {
		if info, _ := archive.ParseKey(key); info.Kind == archive.Digest {
			chain := fmt.Sprintf("%q %q %q %q %q %t", info.Organization, info.Account, info.Region, info.Trail, info.HomeRegion, info.Backfill)
			list = append(list, place{key, info.Prefix + " " + chain, info.Delivered.Format(archive.DigestTime)})
		}
	}
	slices.SortFunc(list, func(a, b place) int {
		return cmp.Or(strings.Compare(a.chain, b.chain), strings.Compare(a.name, b.name), strings.Compare(a.key, b.key))
	})
	keys := make([]string, len(list))
	for i, l := range list {
		keys[i] = l.key
	}
	return keys
}

// row reads a digest. One that is damaged has only its key.
func (p *Packer) row(key string) *row {
	r := &row{key: key, signature: p.objects[key].Metadata[digest.MetadataSignature]}
	packed, err := gzip.NewReader(p.open(p.members[memberOf(key)]))
	if err != nil {
		return r
	}
	packed.Multistream(false)
	body, err := io.ReadAll(io.LimitReader(packed, maxPlain+1))
	if err != nil || len(body) > maxPlain {
		return r
	}
	if d, err := digest.Parse(body); err == nil {
		r.d = d
	}
	return r
}

// write writes the line of a digest, whose successor may be next.
func (r *row) write(w io.Writer, next *row) {
	fields := []string{memberOf(r.key), "-", "-", "-", "-", "-", "-"}
	if d := r.d; d != nil {
		signature := r.signature
		if n := next.d; signature == "" && n != nil && !n.IsStarting() && pointed(n.PreviousDigestS3Object) == d.DigestS3Object {
			signature = pointed(n.PreviousDigestSignature)
		}
		previous, before := "null", "-"
		if !d.IsStarting() {
			previous = pointed(d.PreviousDigestSignature)
			before = pointed(d.PreviousDigestS3Bucket) + "/" + pointed(d.PreviousDigestS3Object)
		}
		fields = []string{fields[0], d.DigestPublicKeyFingerprint, d.DigestEndTime, d.DigestS3Bucket + "/" + d.DigestS3Object,
			previous, cmp.Or(signature, "-"), before}
	}
	if slices.ContainsFunc(fields, func(f string) bool { return f == "" || archive.EscapeName(f) != f }) {
		fields = []string{fields[0], "-", "-", "-", "-", "-", "-"} // no digest of CloudTrail, and not for a shell
	}
	_, _ = fmt.Fprintln(w, strings.Join(fields, "\t"))
}

func pointed(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// writeLogs writes the hashes of the log files that a digest lists.
func writeLogs(w io.Writer, d *digest.Digest) {
	for _, f := range d.LogFiles {
		_, _ = fmt.Fprintf(w, "%s  s3://%s/%s\n", archive.EscapeName(f.HashValue), archive.EscapeName(f.S3Bucket), archive.EscapeName(f.S3Object))
	}
}

// keyFiles adds the public keys that the digests name: as ListPublicKeys returns
// them, and a file for openssl of each.
func (p *Packer) keyFiles(keys []digest.PublicKey, wanted map[string]bool) error {
	used := []digest.PublicKey{}
	for _, k := range keys {
		k.Fingerprint = digest.Fingerprint(k.Value)
		if wanted[k.Fingerprint] {
			used = append(used, k)
			delete(wanted, k.Fingerprint)
		}
	}
	slices.SortFunc(used, func(a, b digest.PublicKey) int { return strings.Compare(a.Fingerprint, b.Fingerprint) })
	for _, k := range used {
		public, err := digest.ParsePublicKey(k.Value)
		if err != nil {
			continue // the digests that it signed are not proven
		}
		text, err := publicPEM(public)
		if err != nil {
			return err
		}
		if err := p.add("keys/"+k.Fingerprint+".pem", bytes.NewReader(text)); err != nil {
			return err
		}
	}
	text, err := marshalLines(digest.PublicKeyList{PublicKeyList: used})
	if err != nil {
		return err
	}
	return p.add(keysName, bytes.NewReader(text))
}
