package dirarchive

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
)

// Unless asked, no link leads out of the archive, absolute or relative, to a file
// or a folder, directly or by a link in between. Links that stay inside are
// followed, each file once.
func TestLinksOutOfTheArchive(t *testing.T) {
	base := t.TempDir()
	root, outside := filepath.Join(base, "in"), filepath.Join(base, "out")
	write(t, root, "logs/a.json", ".store/b.json", ".store/deep/c.json")
	write(t, outside, "secret.json", "folder/s.json")
	link(t, filepath.Join(outside, "secret.json"), root, "absolute.json")
	link(t, "../out/secret.json", root, "relative.json")
	link(t, "../../out/folder", root, "logs/folder")
	link(t, "../logs/folder", root, ".store/hop")
	link(t, ".store/hop", root, "hop")
	link(t, ".store/b.json", root, "b.json")
	link(t, "b.json", root, "twice.json")
	link(t, filepath.Join(root, ".store/deep"), root, "deep")
	link(t, "../logs/a.json", root, "logs/again.json")
	want := map[string]string{
		".store/": archive.SkipHidden, "absolute.json": skipOutside, "relative.json": skipOutside,
		"logs/a.json": "", "logs/again.json": skipFileElsewhere, "logs/folder/": skipOutside, "hop/": skipOutside,
		"b.json": "", "twice.json": skipFileElsewhere, "deep/c.json": "",
	}
	linked := filepath.Join(base, "linked")
	if err := os.Symlink(root, linked); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{root, linked} {
		s := source(t, path)
		if diff := cmp.Diff(want, said(t, s, archive.Filter{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		for key, reason := range want {
			f, err := s.Open(context.Background(), archive.Object{Key: key})
			switch {
			case reason == "" && err != nil, reason == skipOutside && key[len(key)-1] != '/' && !errors.Is(err, errOutside):
				t.Errorf("open %s: %v", key, err)
			case err == nil:
				if _, err := io.ReadAll(f); err != nil {
					t.Error(err)
				}
				f.Close()
			}
		}
	}
	want["absolute.json"], want["relative.json"] = "", skipFileElsewhere
	delete(want, "logs/folder/")
	delete(want, "hop/")
	want["hop/s.json"], want["logs/folder/"] = "", skipElsewhere
	if diff := cmp.Diff(want, said(t, following(t, root), archive.Filter{})); diff != "" {
		t.Errorf("followed (-want +got):\n%s", diff)
	}
}

// A single file may be a link, and a file that became one after it was listed is
// not followed.
func TestLinksAtOpen(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	write(t, outside, "secret.json")
	link(t, filepath.Join(outside, "secret.json"), root, "single.json")
	single := source(t, filepath.Join(root, "single.json"))
	if diff := cmp.Diff(map[string]string{"single.json": ""}, said(t, single, archive.Filter{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if f, err := single.Open(context.Background(), archive.Object{Key: "single.json"}); err != nil {
		t.Error(err)
	} else {
		f.Close()
	}
	if _, err := source(t, root).Open(context.Background(), archive.Object{Key: "single.json"}); !errors.Is(err, errOutside) {
		t.Errorf("open a file that has become a link: %v", err)
	}
}
