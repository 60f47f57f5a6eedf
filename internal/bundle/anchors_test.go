package bundle_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/anchor"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/bundle"
)

// By openssl, the root of the checkpoint follows from the newest digest, wherever it is
// in the log.
func TestAnchorByScript(t *testing.T) {
	needPrograms(t)
	m, keys, digests, logs := world(t, 2)
	newest := digests[1]
	text := archivetest.Gunzip(t, m[newest].body)
	const size = 5
	for at := range size {
		dir := filepath.Join(t.TempDir(), "log")
		log, err := anchor.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		var heads []anchor.Head
		for n := range size {
			heads = append(heads, anchor.Head{Bucket: bucket, Object: fmt.Sprint("other-", n), SHA256: fmt.Sprintf("%064x", n)})
		}
		heads[at] = anchor.Head{Account: account, Region: region, Bucket: bucket, Object: newest, SHA256: fmt.Sprintf("%x", sha256.Sum256(text))}
		if _, err := log.Append(heads); err != nil {
			t.Fatal(err)
		}
		line, steps, ok := log.Inclusion(bucket, newest)
		if err := log.Close(); err != nil || !ok {
			t.Fatal(err, ok)
		}
		path := bundle.AnchorPath{At: bucket + "/" + newest, Line: line}
		for _, s := range steps {
			path.Steps = append(path.Steps, map[bool]string{true: "l:", false: "r:"}[s.Left]+s.Hash.String())
		}
		unpacked := unpack(t, entries(t, proveAnchored(t, m, keys, digests, logs[0], dir, path)))
		if out, err := script(unpacked); err != nil {
			t.Errorf("line %d of %d: %v\n%s", line, size, err, out)
		}
		path.Steps[0] = path.Steps[0][:2] + "AAAA" + path.Steps[0][6:]
		unpacked = unpack(t, entries(t, proveAnchored(t, m, keys, digests, logs[0], dir, path)))
		if out, err := script(unpacked); err == nil || !strings.Contains(out, "the checkpoint is not of a log") {
			t.Errorf("line %d of %d with another step: accepted\n%s", line, size, out)
		}
	}
}

// proveAnchored writes a proof with a log of anchors.
func proveAnchored(t *testing.T, m memory, keys []digest.PublicKey, digests []string, log, anchors string, path bundle.AnchorPath) string {
	t.Helper()
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
	record := archivetest.Gunzip(t, m[log].body)[len(`{"Records":[`):]
	record = record[:len(record)-len("]}")]
	event := bundle.Event{ID: "event-0", Log: log, Offset: int64(len(`{"Records":[`)), Record: record}
	file := filepath.Join(t.TempDir(), "proof.tar")
	if err := errors.Join(recorded.Keep(t.Context(), log), p.AddEvents([]bundle.Event{event}), p.AddAnchorPaths([]bundle.AnchorPath{path}),
		p.Add(bundle.HeadsName, read(t, filepath.Join(anchors, "heads.jsonl"))), p.Add(bundle.CheckpointName, read(t, filepath.Join(anchors, "checkpoint"))),
		p.Finish(bundle.Info{Kind: bundle.Proof, Archive: "logs"}, keys), p.Place(t.Context(), file)); err != nil {
		t.Fatal(err)
	}
	return file
}
