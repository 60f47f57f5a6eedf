// Package nearest suggests names for a misspelled one.
package nearest

import (
	"cmp"
	"slices"
	"strings"
)

// Name returns the candidate that is closest to name, or "" if none is close
// enough to be a typing error. A name that is a prefix of a candidate is always
// close. Ties go to the first candidate.
func Name(name string, candidates []string) string {
	for _, near := range Names(name, candidates, 1) {
		return near
	}
	return ""
}

// Names returns up to n candidates that are close to name as for Name, the
// closest first. Those that differ in case only are closest of all.
func Names(name string, candidates []string, n int) []string {
	type near struct {
		name     string
		distance int
	}
	limit := max(1, len(name)/3)
	var found []near
	for _, candidate := range candidates {
		d := limit + 1
		switch {
		case strings.EqualFold(name, candidate):
			d = 0
		case len(name) >= 2 && len(candidate) > len(name) && candidate[:len(name)] == name:
			d = 1
		case len(candidate)-len(name) <= limit && len(name)-len(candidate) <= limit:
			d = distance(name, candidate)
		}
		if d <= limit {
			found = append(found, near{candidate, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, f := range found[:min(n, len(found))] {
		names = append(names, f.name)
	}
	return names
}

// distance returns the number of single-byte insertions, deletions,
// replacements and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	before, above := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replace := above[j]
			if a[i] != b[j] {
				replace++
			}
			row[j+1] = min(replace, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above = above, row
	}
	return above[len(b)]
}
