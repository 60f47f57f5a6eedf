package lake

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
)

// place is the position of a row in several blocks.
type place struct{ block, row uint32 }

// order sorts the rows of blocks by account, region and time. Equal rows keep
// their order.
func order(blocks []*Block) []place {
	type key struct {
		cluster int
		time    int64
		at      place
	}
	ranks := clusterRanks(blocks)
	var keys []key
	for b, block := range blocks {
		for i, codes := range block.clusters() {
			keys = append(keys, key{ranks[b][codes], block.time[i], place{uint32(b), uint32(i)}})
		}
	}
	slices.SortFunc(keys, func(x, y key) int {
		return cmp.Or(cmp.Compare(x.cluster, y.cluster), cmp.Compare(x.time, y.time),
			cmp.Compare(x.at.block, y.at.block), cmp.Compare(x.at.row, y.at.row))
	})
	places := make([]place, len(keys))
	for i, k := range keys {
		places[i] = k.at
	}
	return places
}

// clusterCodes are the codes of a row's account and region.
type clusterCodes struct{ account, region uint32 }

// clusters yields the codes of each row.
func (b *Block) clusters() iter.Seq2[int, clusterCodes] {
	return func(yield func(int, clusterCodes) bool) {
		accounts, regions := b.text[colAccount].codes, b.text[colAWSRegion].codes
		for i := range accounts {
			if !yield(i, clusterCodes{accounts[i], regions[i]}) {
				return
			}
		}
	}
}

// clusterRanks numbers the pairs of account and region in their order, for the
// codes of each block.
func clusterRanks(blocks []*Block) []map[clusterCodes]int {
	type cluster struct{ account, region string }
	names := map[cluster]int{}
	codes := make([]map[clusterCodes]cluster, len(blocks))
	for b, block := range blocks {
		codes[b] = map[clusterCodes]cluster{}
		for _, c := range block.clusters() {
			if _, ok := codes[b][c]; !ok {
				name := cluster{string(block.text[colAccount].value(c.account)), string(block.text[colAWSRegion].value(c.region))}
				codes[b][c] = name
				names[name] = 0
			}
		}
	}
	sorted := slices.SortedFunc(maps.Keys(names), func(x, y cluster) int {
		return cmp.Or(strings.Compare(x.account, y.account), strings.Compare(x.region, y.region))
	})
	for rank, name := range sorted {
		names[name] = rank
	}
	ranks := make([]map[clusterCodes]int, len(blocks))
	for b := range blocks {
		ranks[b] = map[clusterCodes]int{}
		for c, name := range codes[b] {
			ranks[b][c] = names[name]
		}
	}
	return ranks
}
