package custody_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/custody"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// proofOf returns the proof of a log file with a text, which is listed by the digest
// of the archive that it is added to.
func proofOf(t *testing.T, text []byte) *custody.Proof {
	t.Helper()
	w := newWorld(t)
	key := w.logs[len(w.logs)/2]
	for _, name := range w.digests { // one is signed again, by a key that counts, and stands alone
		d := read(t, w.m, name)
		delete(w.m.objects, name)
		for i, f := range d.LogFiles {
			if f.S3Object[strings.LastIndexByte(f.S3Object, '/'):] == key[strings.LastIndexByte(key, '/'):] {
				d.LogFiles[i].HashValue = fmt.Sprintf("%x", sha256.Sum256(text))
				d.DigestPublicKeyFingerprint = trusted(t).fingerprint
				sign(t, w.m, name, d, trusted(t).pair)
			}
		}
	}
	keys := verify.NewKeys(w.keys, []digest.PublicKey{trusted(t).public})
	a, err := custody.Build(t.Context(), custody.Options{Source: w.m, Keys: keys, Now: verifiedAt, Workers: 1, TempDir: t.TempDir(),
		Found: func(verify.Result) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	o := archive.Object{Key: key}
	o.Info, _ = archive.ParseKey(key)
	proof, refused, err := a.Find(t.Context(), o)
	if err != nil || proof == nil {
		t.Fatalf("refused %+v, %v", refused, err)
	}
	return proof
}

// A text of any length is the one that was hashed, held in memory or unpacked twice.
func TestCheckReturnsTheText(t *testing.T) {
	for _, size := range []int{0, 1, 1 << 20, 8<<20 - 1, 8 << 20, 8<<20 + 1, 20 << 20} {
		text := bytes.Repeat([]byte("0123456789abcde\n"), size/16+1)[:size]
		proof := proofOf(t, text)
		var room bytes.Buffer
		got, refused, err := proof.Check(bytes.NewReader(archivetest.Gzip(t, text)), &room)
		if err != nil || refused != nil {
			t.Fatalf("%d bytes: refused %+v, %v", size, refused, err)
		}
		if read, err := io.ReadAll(got); err != nil || !bytes.Equal(read, text) {
			t.Errorf("%d bytes: %d are read, %v", size, len(read), err)
		}
		if room.Cap() > 32<<20 {
			t.Errorf("%d bytes: %d are held", size, room.Cap())
		}
		for name, stored := range map[string][]byte{
			"another text": archivetest.Gzip(t, append(slices.Clone(text), ' ')), "two members": append(archivetest.Gzip(t, text), archivetest.Gzip(t, nil)...),
			"cut": archivetest.Gzip(t, text)[:15], "plain": text,
		} {
			if _, refused, err := proof.Check(bytes.NewReader(stored), &room); err != nil || refused == nil || !refused.Bad {
				t.Errorf("%d bytes, %s: refused %+v, %v", size, name, refused, err)
			}
		}
	}
}

// A gzip header can hold what looks like an archive of another form. The text that was
// hashed is decoded, and not that.
func TestPolyglot(t *testing.T) {
	w := newWorld(t)
	m := w.m.clone()
	for _, key := range w.logs {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		tar := make([]byte, 1024)
		copy(tar[257-12:], "ustar\x0000") // at 257 of the file, where tar has its mark
		z.Extra = tar
		z.Comment = `{"Records":[{"eventVersion":"1.11","eventTime":"2026-01-05T10:00:00Z","eventName":"Evil","eventID":"1"}]}`
		if _, err := z.Write(archivetest.Gunzip(t, m.objects[key].body)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if body := b.Bytes(); string(body[257:262]) != "ustar" {
			t.Fatalf("%q is at 257", body[257:262])
		}
		m.objects[key] = object{body: b.Bytes()}
	}
	got := run(t, m, w.known(), t.TempDir())
	require(t, m, w.known(), got)
	if got.report.Files.Read != int64(len(w.logs)) {
		t.Errorf("%+v", got.report.Files)
	}
}

// Log files whose digest is not delivered yet are pending, and enter when it is.
func TestPending(t *testing.T) {
	w := newWorld(t)
	m := w.m.clone()
	last, _ := archive.ParseKey(w.logs[len(w.logs)-1])
	for _, key := range w.digests {
		if info, _ := archive.ParseKey(key); info.Delivered.After(last.Delivered.Add(-30 * time.Minute)) {
			delete(m.objects, key)
		}
	}
	lake := t.TempDir()
	got := run(t, m, w.known(), lake)
	require(t, m, w.known(), got)
	u := got.report.Unproven
	if u.States["pending"] == 0 || u.Open != u.States["pending"] || u.Bad > 0 || len(got.found) > 0 || u.Open != got.report.Files.Unproven {
		t.Errorf("%+v, findings %v", u, got.found)
	}
	got = run(t, w.m.clone(), w.known(), lake)
	require(t, w.m, w.known(), got)
	if got.report.Files.Unproven > 0 || got.report.Files.Read != u.Open {
		t.Errorf("%+v after %+v", got.report.Files, u)
	}
}

// Digests that the oldest end of a chain has lost have taken no log file with them
// that is missed; a log file that is lost later is.
func TestExpired(t *testing.T) {
	w := newWorld(t)
	m := w.m.clone()
	for _, key := range slices.Concat(w.digests[:8], w.logs[:6]) {
		delete(m.objects, key)
	}
	require(t, m, w.known(), run(t, m, w.known(), t.TempDir()))
	random := mathrand.New(mathrand.NewPCG(1, 2))
	for range 5 {
		delete(m.objects, w.logs[20+random.IntN(len(w.logs)-20)])
	}
	require(t, m, w.known(), run(t, m, w.known(), t.TempDir()))
}
