// Package custody finds out which log files of an archive digests vouch for, so
// that others read only these.
//
// Build verifies the digests of an archive and keeps, in a temporary folder, what
// the proven ones say of each log file. The log files are not read: [Proof.Check]
// compares the content of one when it is read. So an archive is read once, and
// what was compared is what is used.
//
// Memory is that of package verify, and of the log files of a few days: some 100
// bytes each. On disk a log file takes some 200 bytes.
package custody

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/scan"
	"github.com/cerpac/trailkeeper/internal/scratch"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// Options say what is verified.
type Options struct {
	Source  verify.Source
	Keys    *verify.Keys
	Filter  archive.Filter
	Now     time.Time // of the run
	Live    bool      // the archive is the trail's bucket, so that it must reach Now
	Workers int       // digests read at a time; at least 1
	TempDir string    // parent of the temporary folder; "" for that of the system
	// Found is called with what is wrong besides the log files that are there: with
	// digests that are tampered with, and with log files and digests that are missing.
	Found func(verify.Result) error
}

// Archive is what the digests of an archive say of its log files. Find is for one
// goroutine.
type Archive struct {
	dir    *scratch.Dir
	store  *store
	texts  verify.Texts
	newest time.Time // delivery of the newest object that was listed
}

// Build verifies the digests of an archive. The caller closes the result.
func Build(ctx context.Context, opts Options) (a *Archive, err error) {
	dir, err := scratch.New(opts.TempDir)
	if err != nil {
		return nil, err
	}
	a = &Archive{dir: dir, store: newStore(dir.Path())}
	source := &noting{Source: opts.Source, store: a.store}
	absent := newAbsences(opts)
	_, err = verify.Run(ctx, source, opts.Keys, verify.Options{
		Accounts: opts.Filter.Accounts, Regions: opts.Filter.Regions, Since: opts.Filter.Since, Until: opts.Filter.Until,
		Now: opts.Now, Live: opts.Live, Workers: opts.Workers, ListedOnly: true,
	}, func(r verify.Result) error {
		if r.Object == verify.DigestFile && r.Check == verify.CheckHead {
			absent.cut[r.Chain] = true
		}
		return a.take(r, opts)
	})
	if err == nil {
		err = a.store.flush()
	}
	if err == nil {
		err = absent.report(ctx, a.store)
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.newest = source.newest
	return a, nil
}

// Close removes the temporary folder.
func (a *Archive) Close() error { return a.dir.Remove() }

// take keeps a result of the verification.
func (a *Archive) take(r verify.Result, opts Options) error {
	switch {
	case r.Object != verify.LogFile:
		return found(r, opts)
	case r.Key == "" || r.State == verify.Expired: // of many, none of which is listed; or not there
		return nil
	case r.State != verify.Valid:
		return a.store.refuse(r.Key, r.State, r.Reason)
	}
	var hash [sha256.Size]byte
	if n, err := hex.Decode(hash[:], []byte(r.Expected)); err != nil || n != len(hash) {
		return a.store.refuse(r.Key, verify.Unverifiable, "the digest that lists it names no SHA-256")
	}
	return a.store.vouch(r.Key, r.Digest, hash)
}

// found passes on a result about something else than a log file. What is not known
// of digests, hours and chains matters for the log files alone, unless a digest
// could not be read.
func found(r verify.Result, opts Options) error {
	switch {
	case r.Check == verify.CheckTail && !opts.Filter.Until.IsZero():
		return nil // the end that was asked for need not be that of the archive
	case r.State.Bad(), r.Object == verify.DigestFile && r.State.Unknown() && r.State != verify.Unverifiable:
		return opts.Found(r)
	}
	return nil
}

// Find returns what proves a log file, or why nothing does. Files are best asked
// for in order of delivery.
func (a *Archive) Find(ctx context.Context, o archive.Object) (*Proof, *scan.Refusal, error) {
	entries, err := a.store.find(ctx, o.Key)
	if err != nil {
		return nil, nil, fmt.Errorf("find the proof of log file %q: %w", o.Key, err)
	}
	proof := &Proof{texts: &a.texts}
	for _, e := range entries {
		if e.state == verify.Valid {
			proof.claims = append(proof.claims, claim{e.text, e.hash})
		}
	}
	switch at := o.Info.Delivered; {
	case len(proof.claims) > 0:
		return proof, nil, nil
	case len(entries) > 0:
		return nil, refusal(entries[0].state, entries[0].text), nil
	case o.Info.Account == "" || o.Info.Region == "" || at.IsZero():
		return nil, refusal(verify.Unverifiable, "its name is not one that CloudTrail gives, so no digest lists it"), nil
	case at.After(a.newest):
		return nil, refusal(verify.Pending, "delivered after the digests were read"), nil
	}
	return nil, refusal(verify.Unverifiable, "no digest in the archive covers the time of its delivery"), nil
}

func refusal(state verify.State, reason string) *scan.Refusal {
	return &scan.Refusal{State: string(state), Reason: reason, Bad: state.Bad(), Open: state == verify.Pending}
}

// noting is a source that notes which log files it lists, and how far its listing
// goes.
type noting struct {
	verify.Source
	store  *store
	newest time.Time
}

func (n *noting) List(ctx context.Context, f archive.Filter, yield func(archive.Object) error) error {
	return n.Source.List(ctx, f, func(o archive.Object) error {
		if o.Info.Delivered.After(n.newest) {
			n.newest = o.Info.Delivered
		}
		if o.Skip == "" && o.Info.Account != "" {
			if err := n.store.there(o.Key); err != nil {
				return err
			}
		}
		return yield(o)
	})
}
