package proof

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
)

// Source is an archive with what S3 keeps beside each object.
type Source interface {
	archive.Source
	Fetch(ctx context.Context, o archive.Object) (io.ReadCloser, archive.Attributes, error)
}

// maxDigest bounds the uncompressed size of a digest.
const maxDigest = 64 << 20

// Anchors says whether a digest was seen by an earlier verification.
type Anchors interface {
	Has(bucket, object string) bool
}

// lane is an account and Region of an organization.
type lane struct{ prefix, organization, account, region string }

func laneOf(k archive.Key) lane { return lane{k.Prefix, k.Organization, k.Account, k.Region} }

// chainID names a chain.
type chainID struct {
	lane
	trail, home string
	backfill    bool
}

// link is a digest, without the long list in it.
type link struct {
	object       archive.Object
	bucket, path string // where it was delivered
	previous     string // key of the digest before it, or ""
	lists        []string
}

// Chains returns the keys of the digests that prove log files, by their keys in the
// archive: for each the digest that lists it, and those that follow up to the newest
// one, or up to the first that anchors has unless that is nil. Workers bounds the
// objects that are read at a time.
func Chains(ctx context.Context, source Source, logs []string, anchors Anchors, workers int) ([]archive.Object, error) {
	byLane := map[lane]map[string]bool{}
	for _, key := range logs {
		info, _ := archive.ParseKey(key)
		l := laneOf(info)
		if info.Account == "" || info.Region == "" || info.Delivered.IsZero() {
			return nil, fmt.Errorf("log file %q: its name does not tell account, Region and time of delivery", key)
		}
		if byLane[l] == nil {
			byLane[l] = map[string]bool{}
		}
		byLane[l][key] = true
	}
	lanes := make([]lane, 0, len(byLane))
	for l := range byLane {
		lanes = append(lanes, l)
	}
	slices.SortFunc(lanes, func(a, b lane) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	var all []archive.Object
	for _, l := range lanes {
		list, err := chainsOf(ctx, source, l, byLane[l], anchors, workers)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func chainsOf(ctx context.Context, source Source, l lane, wanted map[string]bool, anchors Anchors, workers int) ([]archive.Object, error) {
	objects, err := digestsOf(ctx, source, l, wanted)
	if err != nil {
		return nil, err
	}
	links := make([]*link, len(objects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, workers))
	for i, o := range objects {
		group.Go(func() (err error) {
			links[i], err = read(ctx, source, o, wanted)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	chains := map[chainID][]*link{}
	for _, n := range links {
		k := n.object.Info
		id := chainID{laneOf(k), k.Trail, k.HomeRegion, k.Backfill}
		chains[id] = append(chains[id], n)
	}
	return choose(chains, wanted, anchors)
}

// digestsOf lists the digests that can list the log files of a lane, and all later
// ones, in order of time.
func digestsOf(ctx context.Context, source Source, l lane, wanted map[string]bool) (objects []archive.Object, err error) {
	var since time.Time
	for key := range wanted {
		if info, _ := archive.ParseKey(key); since.IsZero() || info.Delivered.Before(since) {
			since = info.Delivered
		}
	}
	filter := archive.Filter{Accounts: []string{l.account}, Regions: []string{l.region}, Since: since}
	err = source.List(ctx, filter, func(o archive.Object) error {
		if o.Info.Kind == archive.Digest && o.Skip == archive.SkipDigest && o.Info.Trail != "" && laneOf(o.Info) == l {
			objects = append(objects, o)
		}
		return nil
	})
	slices.SortStableFunc(objects, func(a, b archive.Object) int {
		return cmp.Or(a.Info.Delivered.Compare(b.Info.Delivered), strings.Compare(a.Key, b.Key))
	})
	return objects, err
}

// read reads a digest.
func read(ctx context.Context, source Source, o archive.Object, wanted map[string]bool) (*link, error) {
	body, _, err := source.Fetch(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("read digest %q: %w", o.Key, err)
	}
	defer body.Close()
	text, err := unpack(body, maxDigest)
	if err != nil {
		return nil, fmt.Errorf("read digest %q: %w", o.Key, err)
	}
	d, err := digest.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read digest %q: %w", o.Key, err)
	}
	n := &link{object: o, bucket: d.DigestS3Bucket, path: d.DigestS3Object}
	if !d.IsStarting() && d.PreviousDigestS3Object != nil {
		n.previous = *d.PreviousDigestS3Object
	}
	local, ok := strings.CutSuffix(d.DigestS3Object, tail(o))
	if !ok {
		return nil, fmt.Errorf("digest %q is of another place: %q", o.Key, d.DigestS3Object)
	}
	for _, f := range d.LogFiles {
		rest, ok := strings.CutPrefix(f.S3Object, local)
		if key := strings.TrimSuffix(o.Key, tail(o)) + rest; ok && wanted[key] {
			n.lists = append(n.lists, key)
		}
	}
	return n, nil
}

// tail is the part of a digest's key from CloudTrail's folders on.
func tail(o archive.Object) string {
	return strings.TrimPrefix(strings.TrimPrefix(o.Key, o.Info.Prefix), "/")
}

// unpack returns the text of a gzip file of one member.
func unpack(packed io.Reader, most int64) ([]byte, error) {
	plain, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	plain.Multistream(false)
	text, err := io.ReadAll(io.LimitReader(plain, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("unpacks to more than %d bytes", most)
	}
	return text, err
}

// choose returns the digests from the first that lists a log file to the anchor, of
// each chain that is needed. A digest of backfill is chosen for what no other lists.
func choose(chains map[chainID][]*link, wanted map[string]bool, anchors Anchors) (chosen []archive.Object, err error) {
	ids := make([]chainID, 0, len(chains))
	for id := range chains {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b chainID) int {
		switch {
		case a.backfill != b.backfill && b.backfill:
			return -1
		case a.backfill != b.backfill:
			return 1
		}
		return cmp.Or(strings.Compare(a.trail, b.trail), strings.Compare(a.home, b.home))
	})
	found := map[string]bool{}
	for _, id := range ids {
		links := chains[id]
		from, to := len(links), 0
		for i, n := range links {
			isNew := slices.ContainsFunc(n.lists, func(key string) bool { return !found[key] })
			if !isNew {
				continue
			}
			end, ok := follow(links, i, anchors)
			if !ok {
				err = fmt.Errorf("digest %q: no digest that follows it is in the log of anchors", n.object.Key)
				continue
			}
			for _, key := range n.lists {
				found[key] = true
			}
			from, to = min(from, i), max(to, end)
		}
		for i := from; i < to; i++ {
			chosen = append(chosen, links[i].object)
		}
	}
	for key := range wanted {
		if !found[key] {
			return nil, errors.Join(fmt.Errorf("log file %q: no digest in the archive lists it", key), err)
		}
	}
	return chosen, nil
}

// follow returns the end of the digests that follow each other from the first on: after
// the newest of them, or after the first that is anchored.
func follow(links []*link, first int, anchors Anchors) (end int, ok bool) {
	for i := first; ; i++ {
		if anchors != nil && anchors.Has(links[i].bucket, links[i].path) {
			return i + 1, true
		}
		if i+1 == len(links) || links[i+1].previous != links[i].path {
			return i + 1, anchors == nil
		}
	}
}
