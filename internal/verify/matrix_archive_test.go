package verify_test

import (
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// wide is a change of more than one object.
type wide struct {
	name string
	tampering
	opts verify.Options
	// alone is what is named without anchors, "not seen" where nothing shows it.
	unseen bool
}

func without(keys ...string) func(memory) {
	return func(m memory) {
		for _, key := range keys {
			delete(m, key)
		}
	}
}

// archiveTable has a row for each change of many objects, of ends and of what is
// there beside the archive.
func (s *site) archiveTable(t *testing.T) string {
	var rows [][]string
	for _, w := range slices.Concat(s.cuts(t), s.forgeries(t)) {
		row := []string{w.name}
		for _, anchored := range []bool{false, true} {
			opts := w.opts
			if anchored {
				opts.Anchors = s.anchors(t)
			}
			o, said := s.try(t, w.tampering, opts)
			if o.falseAlarms > 0 || o.missed > 0 && (anchored || !w.unseen) || o.named > 0 && w.unseen && !anchored {
				t.Errorf("%s, anchored %t: %s: %q", w.name, anchored, o, short(said))
			}
			text := "named"
			if o.missed > 0 {
				text = "not seen"
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	return table([]string{"change", "alone", "with `--anchor`"}, rows)
}

// cuts remove objects.
func (s *site) cuts(t *testing.T) []wide {
	d, abroad := s.main.digests, s.abroad
	newest := []string{d[siteHours-1], s.other.digests[siteHours-1], abroad.digests[siteHours-1]}
	heads := append(slices.Clone(newest), s.late.digests[0])
	var lastLogs []string
	for _, key := range newest {
		lastLogs = append(lastLogs, s.logsOf(t, key)...)
	}
	var some []string
	for _, key := range d[3:7] {
		some = append(some, s.logsOf(t, key)...)
	}
	firstLogs := slices.Concat(s.logsOf(t, d[0]), s.logsOf(t, d[1]), s.logsOf(t, d[2]))
	tail := slices.Concat(s.logsOf(t, d[7]), s.logsOf(t, d[8]), s.logsOf(t, d[9]))
	return []wide{
		{name: "several log files deleted", tampering: tampering{do: without(some...), named: some, states: asMissing}},
		{name: "all log files of a chain deleted", tampering: tampering{do: without(s.main.logs...), named: s.main.logs, states: asMissing}},
		{name: "several digests in a row deleted", tampering: tampering{do: without(d[3:7]...), named: d[3:7], states: asMissing, follows: some}},
		{name: "every second digest deleted", tampering: tampering{do: without(d[1], d[3], d[5], d[7]), named: []string{d[1], d[3], d[5], d[7]},
			states: asMissing, follows: s.main.logs}},
		{name: "the oldest digests and log files deleted, younger than `--retention-days`", opts: verify.Options{Retention: 24 * time.Hour, Now: s.main.end},
			tampering: tampering{do: without(slices.Concat(d[:3], firstLogs)...), named: d[2:3], states: asMissing, follows: d[:3]}},
		{name: "the newest digests of one chain and their log files deleted", tampering: tampering{do: without(slices.Concat(d[7:], tail)...),
			named: []string{s.hours()}, states: asMissing, blamed: d[9:]}},
		{name: "the newest digest of every chain and its log files deleted", unseen: true,
			tampering: tampering{do: without(slices.Concat(heads, lastLogs, s.late.logs)...), named: heads, states: asMissing, follows: []string{s.hours()}}},
		{name: "the same, with `--until`", opts: verify.Options{Until: s.main.end.Add(time.Hour), Now: s.main.end},
			tampering: tampering{do: without(slices.Concat(heads, lastLogs, s.late.logs)...), named: []string{s.hours()}, states: asMissing,
				blamed: append(heads, s.hoursOf(s.other), s.hoursOf(abroad))}},
		{name: "all digests of a Region deleted", tampering: tampering{do: without(abroad.digests...), states: asMissing,
			named: []string{tailOf(verify.WholeChain, verify.Chain{Account: account, Region: abroad.region})}, blamed: abroad.digests[siteHours-1:]}},
		{name: "all digests of one of two trails deleted", tampering: tampering{do: without(s.other.digests...), named: s.other.logs, states: asTampered,
			blamed: s.other.digests[siteHours-1:]}},
		{name: "all digests and log files of a Region deleted", unseen: true,
			tampering: tampering{do: without(slices.Concat(abroad.digests, abroad.logs)...), named: abroad.digests[siteHours-1:], states: asMissing}},
		{name: "all digests deleted", tampering: tampering{do: without(slices.Concat(d, s.other.digests, abroad.digests, s.late.digests)...),
			named:  []string{tailOf(verify.WholeChain, verify.Chain{Account: account, Region: region}), tailOf(verify.WholeChain, verify.Chain{Account: account, Region: abroad.region})},
			states: asUnknown, blamed: heads}},
		{name: "everything deleted", unseen: true, tampering: tampering{do: func(m memory) { clear(m) }, named: heads, states: asMissing}},
	}
}

func (s *site) hoursOf(b *builder) string {
	return tailOf(verify.Hours, verify.Chain{Account: account, Region: b.region, Trail: b.trail, HomeRegion: b.home})
}

// forgeries add objects.
func (s *site) forgeries(t *testing.T) (list []wide) {
	for name, at := range map[string]time.Time{
		"in an hour": begin.Add(2*time.Hour + 7*time.Minute), "in an empty hour": begin.Add(emptyHour*time.Hour + 7*time.Minute),
		"on the first minute": begin.Add(2 * time.Minute),
	} {
		list = append(list, s.forgedLog(t, "a forged log file "+name, region, at, asTampered))
	}
	list = append(list,
		s.forgedLog(t, "a forged log file before the first digest", region, begin.Add(-72*time.Hour), asUnknown),
		s.forgedLog(t, "a forged log file after the newest digest", region, s.main.end.Add(40*time.Minute), []verify.State{verify.Pending}),
		s.forgedLog(t, "a forged log file in another Region", "us-east-1", begin.Add(2*time.Hour+7*time.Minute), asTampered),
		s.forgedLog(t, "a forged log file in a Region without digests", "eu-west-3", begin.Add(2*time.Hour+7*time.Minute), asMissing),
	)
	for name, end := range map[string]time.Time{
		"between two others": begin.Add(3*time.Hour + 30*time.Minute), "before the first": begin, "long before the first": begin.AddDate(0, 0, -3),
		"after the newest": s.main.end.Add(time.Hour), "a second after another": begin.Add(3*time.Hour + time.Second),
	} {
		for _, starting := range []bool{false, true} {
			w := s.forgedDigest(t, end, starting)
			w.name = "a forged digest " + name
			if starting {
				w.name += ", naming none before it"
			}
			list = append(list, w)
		}
	}
	slices.SortFunc(list, func(a, b wide) int { return strings.Compare(a.name, b.name) })
	return append(list, s.chains(t)...)
}

func (s *site) forgedLog(t *testing.T, name, region string, at time.Time, states []verify.State) wide {
	extra := newBuilder(memory{}, "extra")
	extra.region = region
	extra.log(t, at, "{}")
	key := extra.logs[0]
	w := wide{name: name, tampering: tampering{do: func(m memory) { m[key] = extra.m[key] }, named: []string{key}, states: states}}
	switch {
	case states[0] == verify.Missing:
		w.named = []string{tailOf(verify.WholeChain, verify.Chain{Account: account, Region: region})}
	case at.Before(begin): // told with a number for the folder
		w.named = []string{tailOf(verify.LogFile, verify.Chain{Account: account, Region: region})}
	}
	return w
}

// forgedDigest adds a digest to the main chain, signed with a key that is not
// CloudTrail's.
func (s *site) forgedDigest(t *testing.T, end time.Time, starting bool) wide {
	key := archive.Key{Account: account, Kind: archive.Digest, Region: region, Delivered: end, Trail: "main", HomeRegion: region}.String()
	return wide{tampering: tampering{named: []string{key}, states: asTampered, do: func(m memory) {
		d := s.m.digest(t, s.main.digests[3])
		if i := int(end.Sub(begin)/time.Hour) - 1; i >= 0 { // with what its predecessor has, to be taken for its successor
			successor := s.main.digests[min(i+1, siteHours-1)]
			d = s.m.digest(t, successor)
		}
		d.DigestStartTime, d.DigestEndTime, d.DigestS3Object = end.Add(-time.Hour).Format(time.RFC3339), end.Format(time.RFC3339), key
		d.LogFiles = []digest.LogFile{}
		if starting {
			d.PreviousDigestS3Bucket, d.PreviousDigestS3Object, d.PreviousDigestHashValue = nil, nil, nil
			d.PreviousDigestHashAlgorithm, d.PreviousDigestSignature = nil, nil
		} else {
			wrong := fmt.Sprintf("%064d", 0)
			d.PreviousDigestHashValue = &wrong
		}
		m.put(t, key, d, otherPair())
	}}}
}

// chains are whole chains that are false, or beside another.
func (s *site) chains(t *testing.T) []wide {
	chain := func(m memory, trail string, pair *rsa.PrivateKey) *builder {
		b := newBuilder(m, trail)
		b.pair = pair
		for range siteHours {
			b.hour(t, 1)
		}
		return b
	}
	decoy := "main_" + region + "_bar"
	forged := chain(memory{}, "main", otherPair())
	copied := strings.ReplaceAll(s.main.digests[4], account, "444455556666")
	return []wide{
		{name: "the digests of a trail deleted, beside a trail `NAME_REGION_x`", tampering: tampering{named: s.main.digests[2:9], states: asMissing,
			follows: s.main.logs, do: func(m memory) { chain(m, decoy, keyPair()); without(s.main.digests[2:9]...)(m) }}},
		{name: "a forged chain of a trail `NAME_REGION_x`", tampering: tampering{named: chain(memory{}, decoy, otherPair()).digests, states: asUnknown,
			follows: chain(memory{}, decoy, otherPair()).logs, do: func(m memory) { chain(m, decoy, otherPair()) }}},
		{name: "a chain replaced by a forged one", tampering: tampering{named: forged.digests, states: asUnknown, follows: slices.Concat(forged.logs, s.main.logs),
			blamed: append(s.main.logs, forged.digests...), do: func(m memory) { without(s.main.digests...)(m); chain(m, "main", otherPair()) }}},
		{name: "a digest copied to another account", tampering: tampering{named: []string{copied}, states: asTampered, do: func(m memory) { m[copied] = m[s.main.digests[4]] }}},
	}
}
