package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// RequiresProof reports whether the lake takes only events of log files that are
// proven.
func (w *Writer) RequiresProof() bool { return w.manifest.RequiresProof }

// RequireProof makes an empty lake one that requires proof, and leaves any other
// lake as it is.
func (w *Writer) RequireProof(ctx context.Context) error {
	if w.manifest.RequiresProof || len(w.manifest.Parts) > 0 || len(w.manifest.Sources) > 0 {
		return nil
	}
	next, err := w.next()
	if err != nil {
		return err
	}
	next.RequiresProof = true
	return w.replace(ctx, next, nil, nil)
}

// Unproven returns the number of events of log files without proof.
func (w *Writer) Unproven() (n int64) {
	for _, p := range w.manifest.Parts {
		n += p.Rows - p.Proven
	}
	return n
}

// Attest records proofs of log files whose events are in the lake without one: of
// each row whose column log_file_sha256 has a hash that proof knows. It replaces each
// part with such rows in one commit, and returns the number of events that were
// given a proof. Damaged parts are left; the error names them as [*PartError] once
// all others are done.
func (w *Writer) Attest(ctx context.Context, proof func(sum [sha256.Size]byte) (Proof, bool)) (events int64, err error) {
	var bad error
	for _, p := range w.manifest.Parts {
		if p.Proven == p.Rows {
			continue
		}
		n, damage, err := w.attestPart(ctx, p, proof)
		if err != nil {
			return events, fmt.Errorf("record proofs in part %q: %w", p.published(), err)
		}
		events += n
		bad = errors.Join(bad, damage)
	}
	return events, bad
}

// attestPart replaces a part if some of its rows get a proof, or returns its damage.
func (w *Writer) attestPart(ctx context.Context, p Part, proof func(sum [sha256.Size]byte) (Proof, bool)) (events int64, damage, err error) {
	blocks, err := readPart(ctx, stored{w.store, p.published()}, p.Schema)
	if err != nil {
		p.file = stored{w.store, p.published()}
		err = p.unreadable(err)
		if _, damaged := errors.AsType[*PartError](err); damaged {
			return 0, err, nil
		}
		return 0, nil, err
	}
	for _, b := range blocks {
		events += b.attest(proof)
	}
	if events == 0 {
		return 0, nil, nil
	}
	if _, err := w.damagedOf(ctx, []Part{p}, &damage); err != nil || damage != nil {
		return 0, damage, err
	}
	if p.Schema < Schema {
		for _, b := range blocks {
			if err := b.derive(ctx); err != nil {
				return 0, nil, err
			}
		}
	}
	return events, nil, w.rewrite(ctx, p, blocks)
}

// rewrite replaces a part by one with the same events, in one commit.
func (w *Writer) rewrite(ctx context.Context, p Part, blocks []*Block) error {
	next, err := w.next()
	if err != nil {
		return err
	}
	hours, err := w.partIDs(ctx, p)
	if err != nil {
		return err
	}
	made, err := w.stagePart(ctx, Part{Name: fmt.Sprintf("part-%08d-%04d.parquet", next.Sequence, 0), Day: p.Day}, blocks, hours)
	if err == nil && made.Rows != p.Rows {
		err = fmt.Errorf("%d events of %d", made.Rows, p.Rows)
	}
	if err != nil {
		return w.abandon(ctx, err)
	}
	next.Parts = append(without(next.Parts, []Part{p}), made)
	return w.replace(ctx, next, []Part{made}, []string{p.published(), idsPath(p.Name)})
}

// attest gives a proof to the rows that lack one, and returns their number.
func (b *Block) attest(proof func(sum [sha256.Size]byte) (Proof, bool)) (n int64) {
	sums := &b.text[colLogFileHash]
	known := make([]Proof, sums.distinct()+1) // by code of the hash
	for code := 1; code < len(known); code++ {
		var sum [sha256.Size]byte
		text := sums.value(uint32(code))
		if len(text) != hex.EncodedLen(len(sum)) {
			continue
		}
		if _, err := hex.Decode(sum[:], text); err == nil {
			known[code], _ = proof(sum)
		}
	}
	digests := &textColumn{}
	for i := range b.Rows() {
		given := known[sums.codes[i]]
		if b.verified[i] != unverified || given.Digest == "" {
			digests.addOrNull(b.text[colDigest].get(i))
			continue
		}
		digests.add([]byte(given.Digest))
		b.verified[i] = given.time()
		n++
	}
	b.text[colDigest] = *digests
	b.measure()
	return n
}
