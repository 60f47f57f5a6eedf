package verify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxSilent bounds how many chains are named that could be expected.
const maxSilent = 20

// expected names the chains that could be expected and of which the archive has
// nothing: a trail's chain in its home Region, and those in Regions where the
// same trail has chains of other accounts. It is no more than a hint, as the archive
// may be a part of another, and accounts use different Regions.
func (v *verifier) expected() (notes []string) {
	type trail struct{ prefix, organization, name, home string }
	accounts, regions := map[trail]map[string]bool{}, map[trail]map[string]bool{}
	for id := range v.chains {
		t := trail{id.Prefix, id.Organization, id.Trail, id.HomeRegion}
		if accounts[t] == nil {
			accounts[t], regions[t] = map[string]bool{}, map[string]bool{}
		}
		accounts[t][id.Account] = true
		regions[t][id.Region] = true
		if len(v.opts.Regions) == 0 || slices.Contains(v.opts.Regions, id.HomeRegion) {
			regions[t][id.HomeRegion] = true
		}
	}
	trails := slices.SortedFunc(maps.Keys(accounts), func(a, b trail) int {
		return cmp.Or(strings.Compare(a.prefix, b.prefix), strings.Compare(a.organization, b.organization),
			strings.Compare(a.name, b.name), strings.Compare(a.home, b.home))
	})
	more := 0
	for _, t := range trails {
		for _, account := range slices.Sorted(maps.Keys(accounts[t])) {
			for _, region := range slices.Sorted(maps.Keys(regions[t])) {
				id := Chain{Prefix: t.prefix, Organization: t.organization, Account: account, Region: region, Trail: t.name, HomeRegion: t.home}
				backfill := id
				backfill.Backfill = true
				switch {
				case v.chains[id] != nil || v.chains[backfill] != nil:
				case len(notes) == maxSilent:
					more++
				case region == t.home:
					notes = append(notes, fmt.Sprintf("%s: the archive has no chain of it, though this is the trail's home Region", id))
				default:
					notes = append(notes, fmt.Sprintf("%s: the archive has no chain of it, though other accounts have one there", id))
				}
			}
		}
	}
	if more > 0 {
		notes = append(notes, fmt.Sprintf("%d more chains of these trails could be expected", more))
	}
	return notes
}
