package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A bundle and a proof that are made from a bucket are those of the folder that was put
// into it, and can be read without the bucket.
func TestBundleOfABucket(t *testing.T) {
	b := newBucketArchive(t, onMoto(t), "")
	keys := filepath.Join(b.folder, "_simulate", "public-keys.json")
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	ok := func(want string, args ...string) {
		t.Helper()
		out, errs, code := b.run(t, args...)
		if code != 0 || !strings.Contains(out+errs, want) {
			t.Errorf("%s: exit code %d, want %q\n%s%s", strings.Join(args, " "), code, want, out, errs)
		}
	}
	ok("digests", "verify", "--archive", "s3://"+b.name, "--keys", keys, "--until", "2026-01-06", "--bundle", file("bucket.tar"))
	ok("digests", "verify", "--from-bundle", file("bucket.tar"), "--keys", keys)
	ok("log files", "verify", "--from-bundle", file("bucket.tar"), "--keys", keys, "--archive", b.folder)

	ok("events read", "ingest", "--archive", "s3://"+b.name, "--lake", file("lake"))
	ok("", "export", "--lake", file("lake"), "--until", "2026-01-07", "--with-proof", file("proof.tar"), "--archive", "s3://"+b.name, "--keys", keys)
	ok("events are proven", "verify", "--from-bundle", file("proof.tar"), "--keys", keys)

	// A log file that was replaced since proves nothing.
	for _, key := range b.logs() {
		b.put(t, key, []byte("overwritten"), nil)
	}
	if out, errs, code := b.run(t, "export", "--lake", file("lake"), "--until", "2026-01-07", "--with-proof", file("none.tar"), "--archive", "s3://"+b.name, "--keys", keys); code == 0 {
		t.Errorf("a proof by overwritten log files:\n%s%s", out, errs)
	}
}
