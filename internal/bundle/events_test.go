package bundle_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/bundle"
)

// prove writes a proof of an event of a log file, which change may alter.
func prove(t *testing.T, m memory, keys []digest.PublicKey, digests []string, log string, change func(e *bundle.Event)) string {
	t.Helper()
	text := archivetest.Gunzip(t, m[log].body)
	at := bytes.Index(text, []byte(`{"eventID"`))
	end := bytes.LastIndexByte(text, ']')
	e := bundle.Event{ID: "event-0", Log: log, Offset: int64(at), Record: text[at:end]}
	change(&e)
	p, err := bundle.NewPacker(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	recorded := p.Record(m)
	for _, key := range digests {
		o := archive.Object{Key: key}
		o.Info, _ = archive.ParseKey(key)
		body, _, err := recorded.Fetch(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		body.Close()
	}
	path := filepath.Join(t.TempDir(), "proof.tar")
	if err := errors.Join(recorded.Keep(t.Context(), log), p.AddEvents([]bundle.Event{e}),
		p.Finish(bundle.Info{Kind: bundle.Proof, Archive: "logs"}, keys), p.Place(t.Context(), path)); err != nil {
		t.Fatal(err)
	}
	return path
}

func same(*bundle.Event) {}

// An event that is not in its log file as the proof says is noticed by the program and
// by the script, whatever the hashes say.
func TestEvents(t *testing.T) {
	m, keys, digests, logs := world(t, 2)
	all := func(string) bool { return true }
	b, err := bundle.Open(t.Context(), prove(t, m, keys, digests, logs[0], same))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if n, err := b.CheckEvents(t.Context(), all); n != 1 || err != nil {
		t.Errorf("%d events, %v", n, err)
	}
	if _, err := b.CheckEvents(t.Context(), func(string) bool { return false }); err == nil {
		t.Error("an event of a log file that is not proven: accepted")
	}
	for what, change := range map[string]func(e *bundle.Event){
		"one byte":     func(e *bundle.Event) { e.Record = bytes.Replace(e.Record, []byte("List"), []byte("Lost"), 1) },
		"position":     func(e *bundle.Event) { e.Offset++ },
		"far position": func(e *bundle.Event) { e.Offset = 1 << 40 },
		"shorter":      func(e *bundle.Event) { e.Record = e.Record[1:] },
		"id":           func(e *bundle.Event) { e.ID = "event-1" },
		"log file":     func(e *bundle.Event) { e.Log = logs[1] },
		"parameters that look like an event": func(e *bundle.Event) {
			at := bytes.Index(e.Record, []byte(`{"eventID":"made up"`))
			e.ID, e.Offset, e.Record = "made up", e.Offset+int64(at), e.Record[at:len(e.Record)-1]
		},
		"the whole file": func(e *bundle.Event) { e.Offset, e.Record = 0, archivetest.Gunzip(t, m[logs[0]].body) },
		"the list": func(e *bundle.Event) {
			e.Offset--
			e.Record = append(append([]byte{'['}, e.Record...), ']')
		},
	} {
		path := prove(t, m, keys, digests, logs[0], change)
		b, err := bundle.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.CheckEvents(t.Context(), all); err == nil {
			t.Errorf("%s: accepted", what)
		} else if _, ok := errors.AsType[*bundle.DamagedError](err); !ok {
			t.Errorf("%s: %v is not damage", what, err)
		}
		b.Close()
		if out, err := script(unpack(t, entries(t, path))); err == nil || !strings.Contains(out, "FAILED") {
			t.Errorf("%s: the script accepts it\n%s", what, out)
		}
	}
}

// By openssl, each file of a proof matters: any byte that is changed, and any file that
// is gone.
func TestProofByScript(t *testing.T) {
	needPrograms(t)
	m, keys, digests, logs := world(t, 3)
	good := entries(t, prove(t, m, keys, digests, logs[0], same))
	out, err := check(unpack(t, good))
	if err != nil || !strings.Contains(out, "events     1\n") || !strings.HasSuffix(out, "OK\n") {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, e := range good {
		for _, at := range []int{0, len(e.content) / 3, len(e.content) - 1} {
			dir := unpack(t, good)
			bad := bytes.Clone(e.content)
			bad[at] ^= 2
			if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(e.header.Name)), bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := check(dir); err == nil {
				t.Errorf("%s changed at %d: accepted\n%s", e.header.Name, at, out)
			}
		}
		dir := unpack(t, good)
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(e.header.Name))); err != nil {
			t.Fatal(err)
		}
		if out, err := check(dir); err == nil {
			t.Errorf("without %s: accepted\n%s", e.header.Name, out)
		}
	}
}

// A digest that is taken out of the middle of a chain is missed by the script, also if
// the hashes are made again.
func TestScriptMissesDigest(t *testing.T) {
	needPrograms(t)
	m, keys, digests, logs := world(t, 4)
	out, err := script(unpack(t, entries(t, prove(t, m, keys, append(digests[:1:1], digests[2:]...), logs[0], same))))
	if err == nil || !strings.Contains(out, "is not here") {
		t.Errorf("accepted: %v\n%s", err, out)
	}
}
