package event

import (
	"cmp"
	"strconv"
	"strings"
)

// Version is an eventVersion. Minor versions only add members; they are whole
// numbers, so 1.10 is newer than 1.09.
type Version struct{ Major, Minor int }

// ParseVersion reads an eventVersion such as "1.08".
func ParseVersion(text string) (Version, bool) {
	major, minor, ok := strings.Cut(text, ".")
	if !ok {
		return Version{}, false
	}
	a, errA := strconv.ParseUint(major, 10, 16)
	b, errB := strconv.ParseUint(minor, 10, 16)
	return Version{int(a), int(b)}, errA == nil && errB == nil
}

// Compare orders versions: -1, 0 or 1 as v is older than, the same as or newer
// than w.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor))
}
