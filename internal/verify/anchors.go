package verify

import (
	"errors"
	"path"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/anchor"
)

// checkpoints reports whether the anchor log continues what it was.
func (v *verifier) checkpoints() {
	if v.opts.Anchors == nil {
		return
	}
	for _, c := range v.opts.Checkpoints {
		err := v.opts.Anchors.Extends(c)
		if err == nil {
			continue
		}
		r := Result{State: Unverifiable, Object: AnchorLog, Check: CheckAnchor, Reason: err.Error()}
		if _, forked := errors.AsType[*anchor.ForkError](err); forked {
			r.State = Tampered
		}
		v.emit(r)
	}
}

// anchor returns the digest as the head of its chain.
func (n *node) anchor() anchor.Head {
	return anchor.Head{
		Organization: n.chain.Organization, Account: n.chain.Account, Region: n.chain.Region,
		Trail: n.chain.Trail, HomeRegion: n.chain.HomeRegion,
		Bucket: n.digest.DigestS3Bucket, Object: n.digest.DigestS3Object, End: n.end, SHA256: n.hash,
	}
}

// anchored compares a digest with the anchor log.
func (v *verifier) anchored(n *node) {
	if v.opts.Anchors == nil {
		return
	}
	hash, ok := v.opts.Anchors.Seen(n.digest.DigestS3Bucket, n.digest.DigestS3Object, n.hash)
	v.anchorsSeen = v.anchorsSeen || hash != ""
	if !ok {
		n.changed = &fault{state: Tampered, check: CheckAnchor, reason: "an earlier run saw another digest in its place", expected: hash, found: n.hash}
	}
}

// unseen reports the anchored heads that are not in the archive any more. Those
// between the ends of their chain are named as missing already.
func (v *verifier) unseen() error {
	if v.opts.Anchors == nil {
		return nil
	}
	unseen, foreign := 0, len(v.chains) > 0
	err := v.opts.Anchors.Unseen(func(h anchor.Head) error {
		if !v.wants(h) || v.faulty[path.Base(h.Object)] {
			return nil
		}
		id := Chain{Organization: h.Organization, Account: h.Account, Region: h.Region, Trail: h.Trail, HomeRegion: h.HomeRegion}
		k, _ := archive.ParseKey(h.Object)
		id.Backfill = k.Backfill
		r := Result{State: Missing, Object: DigestFile, Chain: id, Key: h.Object, Check: CheckAnchor, To: h.End, want: h.SHA256,
			Reason: "an earlier run saw it, and it is not in the archive"}
		for _, c := range v.chains {
			if withoutPrefix(c.id) != id || c.first == nil || c.head == nil {
				continue
			}
			foreign = false
			switch r.Chain = c.id; {
			case h.End.After(c.head.end):
			case h.End.After(c.first.start) && !id.Backfill:
				return nil
			case !c.starts:
				r.State = v.retained(r.Key, h.End)
			}
		}
		unseen++
		v.emit(r)
		return nil
	})
	if err == nil && unseen > 0 && foreign && !v.anchorsSeen {
		v.emit(Result{State: Unverifiable, Object: AnchorLog, Check: CheckAnchor,
			Reason: "it has no chain of this archive: it may be the log of another one"})
	}
	return err
}

// unanchored reports the chains of an extract that do not end in an anchored head.
func (v *verifier) unanchored(chains []*chain) {
	if v.opts.Anchors == nil {
		return
	}
	for _, c := range chains {
		if c.head != nil && !v.opts.Anchors.Has(c.head.digest.DigestS3Bucket, c.head.digest.DigestS3Object) {
			v.emit(Result{State: Unverifiable, Object: WholeChain, Chain: c.id, Check: CheckAnchor, From: c.head.start, To: c.head.end,
				Reason: "its newest digest here is not in the log of anchors"})
		}
	}
}

// withoutPrefix is a chain wherever its archive was copied to.
func withoutPrefix(c Chain) Chain {
	c.Prefix = ""
	return c
}

// wants reports whether a head is among what is verified.
func (v *verifier) wants(h anchor.Head) bool {
	o := v.opts
	listed := func(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }
	return listed(o.Accounts, h.Account) && listed(o.Regions, h.Region) && v.selectedTrail(h.Trail, h.HomeRegion) &&
		h.End.After(o.Since) && (o.Until.IsZero() || !h.End.Add(-time.Hour).After(o.Until))
}
