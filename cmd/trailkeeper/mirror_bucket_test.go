package main

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
)

// TestMirrorOfColdStorage asks for objects in cold storage, and mirrors those that can
// be read then. The listing of moto does not tell what was restored, so these are the
// digests, which are tried.
func TestMirrorOfColdStorage(t *testing.T) {
	b := newBucketArchive(t, onMoto(t), types.StorageClassGlacier)
	dir, uri := filepath.Join(t.TempDir(), "copy"), "s3://"+b.name
	mirrored := func(want int, text string, args ...string) {
		t.Helper()
		out, errs, code := b.run(t, append([]string{"mirror", uri, dir}, args...)...)
		if code != want || !strings.Contains(out+errs, text) {
			t.Errorf("mirror %q: exit code %d, want %d and %q:\n%s%s", args, code, want, text, out, errs)
		}
	}
	mirrored(3, "52 failed")
	mirrored(3, "archived in GLACIER, restore it first")
	if out, errs, code := b.verify(t, "--digests-only"); code != 3 || !strings.Contains(out, "26 = 26 archived") {
		t.Errorf("verify: exit code %d\n%s%s", code, out, errs)
	}
	mirrored(2, "nobody can confirm it", "--restore", "7")
	mirrored(2, "--restore is 400", "--restore", "400")
	mirrored(2, `"Slow"`, "--restore", "7", "--tier", "Slow")
	mirrored(0, "52 objects", "--restore", "7", "--tier", "Bulk", "--auto-approve")
	mirrored(0, "by list prices of US East (N. Virginia) as of June 2026", "--restore", "7", "--tier", "Standard", "--auto-approve")
	mirrored(3, "26 copied")
	mirrored(0, "asked    26 = ", "--restore", "7", "--auto-approve")
	if out, errs, code := b.run(t, "mirror", b.folder, dir, "--restore", "7"); code != 2 || !strings.Contains(errs, "needs a bucket") {
		t.Errorf("a folder: exit code %d\n%s%s", code, out, errs)
	}
}

// TestKilledMirrors kills the real program at random instants. At none is there a
// file under a final name that is not whole or lacks its attributes, and the run
// that is left alone completes the copy.
func TestKilledMirrors(t *testing.T) {
	b := newBucketArchive(t, onMoto(t), "")
	whole := mirroredObjects(t, b.folder)
	random := rand.New(rand.NewPCG(3, 5))
	started := time.Now()
	if out, errs, code := b.run(t, "mirror", "s3://"+b.name, t.TempDir()); code != 0 {
		t.Fatalf("undisturbed: %d\n%s%s", code, out, errs)
	}
	span, killed := time.Since(started), 0
	for folders := 0; killed < 8; folders++ {
		if folders == 40 {
			t.Fatalf("only %d runs were killed before their end", killed)
		}
		dir := filepath.Join(t.TempDir(), "copy")
		for range 4 {
			cmd, _, errs := trailkeeper(t, "mirror", "s3://"+b.name, dir)
			cmd.Env = append(cmd.Env, b.environment()...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(time.Duration(random.Int64N(int64(span))), func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			timer.Stop()
			if err == nil {
				span = span * 9 / 10 // the machine may have become faster
				break
			}
			if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
				t.Fatalf("ended with %v instead of being killed: %s", err, errs)
			}
			killed++
			for key, got := range mirroredObjects(t, dir) {
				if got != whole[key] {
					t.Fatalf("after a kill, %s is not what it was, or its metadata are not", key)
				}
			}
		}
		if out, errs, code := b.run(t, "mirror", "s3://"+b.name, dir); code != 0 {
			t.Fatalf("after kills: %d\n%s%s", code, out, errs)
		}
		if got := mirroredObjects(t, dir); len(got) != len(whole) {
			t.Fatalf("after kills, the copy has %d objects of %d", len(got), len(whole))
		}
		out, errs, code := b.run(t, "verify", "--archive", dir, "--keys", filepath.Join(b.folder, "_simulate", "public-keys.json"))
		if code != 0 {
			t.Fatalf("the copy is not valid: %d\n%s%s", code, out, errs)
		}
		_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if strings.HasSuffix(path, ".part") {
				t.Errorf("%s is left behind (%v)", path, err)
			}
			return nil
		})
	}
}

// mirroredObjects are the objects of a folder by key: content and metadata.
func mirroredObjects(t *testing.T, dir string) map[string]string {
	t.Helper()
	objects := map[string]string{}
	source, err := dirarchive.New(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return objects // killed before it was made
	}
	if err != nil {
		t.Fatal(err)
	}
	err = source.List(t.Context(), archive.Filter{}, func(o archive.Object) error {
		if o.Skip != "" && o.Skip != archive.SkipDigest {
			return nil
		}
		body, attributes, err := source.Fetch(t.Context(), o)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(o.Key)))
		objects[o.Key] = string(text) + attributes.Metadata["signature"]
		return errors.Join(err, body.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
	return objects
}
