package delivery

import (
	"fmt"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
)

// globalRegion is where events of global services are recorded.
const globalRegion = "us-east-1"

// endInterval signs the digests of the interval that is over, one for each chain.
// CloudTrail writes one in every Region; here a chain begins with the first event
// of its account in its Region, but for the Regions that nearly every trail has.
func (c *courier) endInterval(end time.Time, final bool) error {
	c.chain(c.trail.Account, c.trail.Region)
	if c.trail.MultiRegion && c.trail.GlobalEvents {
		c.chain(c.trail.Account, globalRegion)
	}
	var parcels []parcel
	var links []*link
	for _, ch := range c.Chains {
		p, next, err := c.sign(ch, ch.Listed, ch.Previous, c.Period.Start, end, "")
		if err != nil {
			return err
		}
		parcels, links = append(parcels, p), append(links, next)
	}
	for i, ch := range c.Chains {
		ch.Previous, ch.Listed = links[i], nil
	}
	for i := range c.Queue {
		if p := &c.Queue[i]; p.Log != nil && p.Start.Equal(c.Period.Start) && p.End.IsZero() {
			p.End = end
		}
	}
	c.Queue = append(c.Queue, parcels...)
	c.Period.Start, c.Period.Active = end, !final
	c.dirty = true
	return nil
}

// backfill signs digests of the files that were delivered after the digest of
// their interval was signed: one for each interval and chain, once all its files
// are delivered. They are a chain of their own, which AWS does not describe; its
// validator follows such a chain and also does without.
func (c *courier) backfill() error {
	for _, ch := range c.Chains {
		for len(ch.Late) > 0 {
			start, end := ch.Late[0].Start, ch.Late[0].End
			if c.waiting(ch, start) {
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
			p, next, err := c.sign(ch, listed, ch.PreviousBackfill, start, end, c.now.Format("2006-01-02T15:04:05.000Z"))
			if err != nil {
				return err
			}
			ch.PreviousBackfill, ch.Late = next, rest
			c.Queue = append(c.Queue, p)
			c.dirty = true
		}
	}
	return nil
}

// waiting tells whether a log file of the interval is still to be delivered.
func (c *courier) waiting(ch *chain, start time.Time) bool {
	return slices.ContainsFunc(c.Queue, func(p parcel) bool {
		return p.Log != nil && p.Account == ch.Account && p.Region == ch.Region && p.Start.Equal(start)
	})
}

// sign composes a digest and spools it. backfill is its generation time, "" for a
// digest that is none.
func (c *courier) sign(ch *chain, listed []digest.LogFile, previous *link, start, end time.Time, backfill string) (parcel, *link, error) {
	at := end
	if backfill != "" {
		at = c.now
	}
	key, err := c.keys.At(ch.Region, at)
	if err != nil {
		return parcel{}, nil, err
	}
	t := c.trail
	name := archive.Key{
		Prefix: c.prefix(), Organization: t.OrganizationID, Account: ch.Account, Kind: archive.Digest,
		Region: ch.Region, Trail: t.Name, HomeRegion: t.Region, Delivered: end, Backfill: backfill != "",
	}
	d := compile(listed, previous)
	d.AWSAccountID = ch.Account
	d.DigestStartTime, d.DigestEndTime = stamp(start), stamp(end)
	d.DigestS3Bucket, d.DigestS3Object = t.Bucket, name.String()
	d.DigestPublicKeyFingerprint, d.DigestSignatureAlgorithm = key.Public.Fingerprint, digest.SignatureAlgorithm
	body, err := d.Encode()
	if err != nil {
		return parcel{}, nil, err
	}
	signature, err := digest.Sign(key.Private, d, body)
	if err != nil {
		return parcel{}, nil, fmt.Errorf("sign %q: %w", d.DigestS3Object, err)
	}
	packed, err := compress(body)
	if err != nil {
		return parcel{}, nil, err
	}
	file, err := c.spool(packed)
	if err != nil {
		return parcel{}, nil, err
	}
	p := parcel{
		File: file, Bucket: t.Bucket, Prefix: name.Prefix, Key: d.DigestS3Object, Account: ch.Account, Region: ch.Region,
		Signature: signature, Backfill: backfill,
	}
	return p, &link{d.DigestS3Bucket, d.DigestS3Object, hash(body), signature}, nil
}

// compile is a digest of files, after the one before it in its chain.
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
