package delivery

import (
	"fmt"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
)

// globalRegion is the Region in which events of global services are recorded.
const globalRegion = "us-east-1"

// endInterval signs the digests of the interval that is over, one for each chain.
// CloudTrail writes digests in every Region. Here a chain begins with the first
// event of its account in its Region; only the home Region and, for global events,
// us-east-1 have a chain from the start.
func (p *pass) endInterval(end time.Time, final bool) error {
	p.chain(p.trail.Account, p.trail.Region)
	if p.trail.MultiRegion && p.trail.GlobalEvents {
		p.chain(p.trail.Account, globalRegion)
	}
	var files []queued
	var links []*link
	for _, ch := range p.Chains {
		q, next, err := p.sign(ch, ch.Listed, ch.Previous, p.Period.Start, end, "")
		if err != nil {
			return err
		}
		files, links = append(files, q), append(links, next)
	}
	for i, ch := range p.Chains {
		ch.Previous, ch.Listed = links[i], nil
	}
	for i := range p.Queue {
		if q := &p.Queue[i]; q.Log != nil && q.Start.Equal(p.Period.Start) && q.End.IsZero() {
			q.End = end
		}
	}
	p.Queue = append(p.Queue, files...)
	p.Period.Start, p.Period.Active = end, !final
	p.dirty = true
	return nil
}

// backfill signs digests of the files that were delivered after the digest of
// their interval was signed: one for each interval and chain, once all its files
// are delivered. Backfill digests form a chain of their own. AWS does not document
// that; its validator accepts backfill digests with and without a chain.
func (p *pass) backfill() error {
	for _, ch := range p.Chains {
		for len(ch.Late) > 0 {
			start, end := ch.Late[0].Start, ch.Late[0].End
			if p.waiting(ch, start) {
				break
			}
			var listed []digest.LogFile
			var rest []late
			for _, l := range ch.Late {
				if l.Start.Equal(start) {
					listed = append(listed, l.Log)
				} else {
					rest = append(rest, l)
				}
			}
			q, next, err := p.sign(ch, listed, ch.PreviousBackfill, start, end, p.now.Format("2006-01-02T15:04:05.000Z"))
			if err != nil {
				return err
			}
			ch.PreviousBackfill, ch.Late = next, rest
			p.Queue = append(p.Queue, q)
			p.dirty = true
		}
	}
	return nil
}

// waiting reports whether a log file of the interval is still queued.
func (p *pass) waiting(ch *chain, start time.Time) bool {
	return slices.ContainsFunc(p.Queue, func(q queued) bool {
		return q.Log != nil && q.Account == ch.Account && q.Region == ch.Region && q.Start.Equal(start)
	})
}

// sign composes, signs and spools a digest. backfill is the generation time of a
// backfill digest, "" for a normal one.
func (p *pass) sign(ch *chain, listed []digest.LogFile, previous *link, start, end time.Time, backfill string) (queued, *link, error) {
	at := end
	if backfill != "" {
		at = p.now
	}
	key, err := p.keys.At(ch.Region, at)
	if err != nil {
		return queued{}, nil, err
	}
	t := p.trail
	name := archive.Key{
		Prefix: p.prefix(), Organization: t.OrganizationID, Account: ch.Account, Kind: archive.Digest,
		Region: ch.Region, Trail: t.Name, HomeRegion: t.Region, Delivered: end, Backfill: backfill != "",
	}
	d := compile(listed, previous)
	d.AWSAccountID = ch.Account
	d.DigestStartTime, d.DigestEndTime = stamp(start), stamp(end)
	d.DigestS3Bucket, d.DigestS3Object = t.Bucket, name.String()
	d.DigestPublicKeyFingerprint, d.DigestSignatureAlgorithm = key.Public.Fingerprint, digest.SignatureAlgorithm
	body, err := d.Encode()
	if err != nil {
		return queued{}, nil, err
	}
	signature, err := digest.Sign(key.Private, d, body)
	if err != nil {
		return queued{}, nil, fmt.Errorf("sign %q: %w", d.DigestS3Object, err)
	}
	packed, err := compress(body)
	if err != nil {
		return queued{}, nil, err
	}
	file, err := p.spool(packed)
	if err != nil {
		return queued{}, nil, err
	}
	q := queued{
		File: file, Bucket: t.Bucket, Prefix: name.Prefix, Key: d.DigestS3Object, Account: ch.Account, Region: ch.Region,
		Signature: signature, Backfill: backfill,
	}
	return q, &link{d.DigestS3Bucket, d.DigestS3Object, hash(body), signature}, nil
}

// compile returns a digest of the listed files that points to the previous digest
// of its chain, if there is one.
func compile(listed []digest.LogFile, previous *link) *digest.Digest {
	d := &digest.Digest{LogFiles: listed}
	for _, l := range listed {
		if d.OldestEventTime == nil || l.OldestEventTime < *d.OldestEventTime {
			d.OldestEventTime = &l.OldestEventTime
		}
		if d.NewestEventTime == nil || l.NewestEventTime > *d.NewestEventTime {
			d.NewestEventTime = &l.NewestEventTime
		}
	}
	if previous != nil {
		algorithm := digest.HashAlgorithm
		d.PreviousDigestS3Bucket, d.PreviousDigestS3Object = &previous.Bucket, &previous.Key
		d.PreviousDigestHashValue, d.PreviousDigestHashAlgorithm = &previous.Hash, &algorithm
		d.PreviousDigestSignature = &previous.Signature
	}
	return d
}
