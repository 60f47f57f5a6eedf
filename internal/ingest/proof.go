package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/scan"
)

// Proofs say which log files are as they were delivered.
type Proofs interface {
	// Find returns what proves a log file, or why nothing does. It is called in order
	// of delivery.
	Find(ctx context.Context, o archive.Object) (Proof, *scan.Refusal, error)
}

// Proof is the claim of a digest about a log file.
type Proof interface {
	scan.Claim
	// Digest returns the key of the digest that vouches for the content that was
	// checked.
	Digest() string
}

// demand finds what proves a file that is to be read. Without proof the file is
// refused; if that is evidence against it, it is listed.
func (in *ingest) demand(ctx context.Context, f *scan.File) error {
	if in.opts.Proofs == nil {
		return nil
	}
	proof, refused, err := in.opts.Proofs.Find(ctx, f.Object)
	switch {
	case err != nil:
		return err
	case refused == nil:
		f.Claim = proof
		return nil
	}
	f.Refused = refused
	if in.held.Add(in.refusal(f)) >= in.full {
		in.rotate(false)
	}
	return ctx.Err()
}

// refusal lists a refused file if there is evidence against it, and returns the
// size of its line in bytes.
func (in *ingest) refusal(f *scan.File) int64 {
	if !f.Refused.Bad {
		return 0
	}
	return in.refuse.file(scan.LogFile(in.opts.Source.URI(), f.Key), 0, f.Refused.State+": "+f.Refused.Reason)
}

// proofOf returns the proof of a file's content, as its events are stored with it.
func (in *ingest) proofOf(f *scan.File) lake.Proof {
	proof, ok := f.Claim.(Proof)
	if !ok {
		return lake.Proof{}
	}
	return lake.Proof{Digest: scan.LogFile(in.opts.Source.URI(), proof.Digest()), At: in.opts.VerifiedAt.Truncate(time.Microsecond)}
}

// ErrProofRequired reports that a lake takes only events of proven log files, and
// that no proof was demanded.
var ErrProofRequired = errors.New("the lake takes only events of log files that are proven")

// agree compares what the run demands with what the lake requires. A new lake that
// is filled with proof requires it from then on.
func (in *ingest) agree(ctx context.Context) error {
	switch {
	case in.opts.Proofs != nil:
		in.report.Proof = &LakeProof{}
		in.attests.lacking = in.writer.Unproven() > 0
		return in.writer.RequireProof(ctx)
	case in.writer.RequiresProof():
		return fmt.Errorf("write to lake %q: %w", in.opts.Lake.Location(""), ErrProofRequired)
	}
	return nil
}

// LakeProof says how many events of a lake come from log files that are proven.
type LakeProof struct {
	Recorded int64 `json:"recorded"` // events of earlier runs that this one found to be proven
	Without  int64 `json:"without"`  // events of the lake that have no proof afterwards
}

// attestation collects the log files that this run has proven and of which events
// are in the lake without proof. It takes some 100 bytes for each.
type attestation struct {
	lacking bool                             // the lake has events without proof
	proofs  map[[sha256.Size]byte]lake.Proof // by hash of the file as it is stored
	files   map[string][]lake.LogFile        // to be recorded as proven afterwards, by shard
}

// note notes a proven log file that holds events which were stored before.
func (in *ingest) note(f *scan.File, file *begun) {
	if !in.attests.lacking || f.Claim == nil || !file.met || !f.Hashed {
		return
	}
	in.doneMu.Lock()
	defer in.doneMu.Unlock()
	if in.attests.proofs == nil {
		in.attests.proofs = map[[sha256.Size]byte]lake.Proof{}
	}
	in.attests.proofs[f.SHA256] = in.proofOf(f)
}

// keep reports whether a log file is recorded only when its proof is: an earlier run
// has stored events of it without.
func (a *attestation) keep(file *begun) bool {
	if !file.unproven || !a.lacking {
		return false
	}
	if a.files == nil {
		a.files = map[string][]lake.LogFile{}
	}
	a.files[file.shard] = append(a.files[file.shard], lake.LogFile{Identity: file.id})
	return true
}

// attest records the proofs of events that earlier runs have stored without, and
// then that their log files need not be read again.
func (in *ingest) attest(ctx context.Context) error {
	if len(in.attests.proofs) == 0 && len(in.attests.files) == 0 {
		return nil
	}
	in.opts.Bar.SetNote("recording proofs")
	recorded, err := in.writer.Attest(ctx, func(sum [sha256.Size]byte) (lake.Proof, bool) {
		proof, ok := in.attests.proofs[sum]
		return proof, ok
	})
	in.report.Proof.Recorded = recorded
	if err != nil || len(in.attests.files) == 0 {
		return err
	}
	return in.writer.Commit(ctx, lake.Batch{Sources: in.attests.files})
}
