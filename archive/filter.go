package archive

import (
	"slices"
	"time"
)

// Filter selects objects by their keys. The zero value selects all.
type Filter struct {
	Accounts []string // any of these; empty for every account
	Regions  []string // any of these; empty for every Region
	// Since and Until bound the time of delivery, [Since, Until). Zero leaves that
	// side open. An event is delivered minutes, rarely days, after it happened.
	Since, Until time.Time
}

// Match reports whether f selects the key, and if not why, in plain words. A
// key that lacks a value that f filters by is not selected, and the reason says
// so. If the name has no time of delivery, the day of the folder is used.
func (f Filter) Match(k Key) (ok bool, reason string) {
	switch {
	case len(f.Accounts) > 0 && k.Account == "":
		return false, "account not told by its name"
	case len(f.Accounts) > 0 && !slices.Contains(f.Accounts, k.Account):
		return false, "outside --account"
	case len(f.Regions) > 0 && k.Region == "":
		return false, "region not told by its name"
	case len(f.Regions) > 0 && !slices.Contains(f.Regions, k.Region):
		return false, "outside --region"
	case f.Since.IsZero() && f.Until.IsZero():
		return true, ""
	}
	from, to := k.Delivered, k.Delivered.Add(1)
	if from.IsZero() {
		from, to = k.Day, k.Day.AddDate(0, 0, 1)
	}
	if from.IsZero() {
		return false, "delivery time not told by its name"
	}
	if !f.overlaps(from, to) {
		return false, "outside --since/--until"
	}
	return true, ""
}

// Skip returns the reason not to read an object with the key for events: that
// of Match, or that it is a digest. It is empty for an object to read.
func (f Filter) Skip(k Key) string {
	if ok, reason := f.Match(k); !ok {
		return reason
	}
	if k.Kind == Digest {
		return SkipDigest
	}
	return ""
}

// Prunes reports whether f selects no key below the folder, so that it need not
// be read.
func (f Filter) Prunes(d Folder) bool {
	return len(f.Accounts) > 0 && d.Account != "" && !slices.Contains(f.Accounts, d.Account) ||
		len(f.Regions) > 0 && d.Region != "" && !slices.Contains(f.Regions, d.Region) ||
		!d.From.IsZero() && !f.overlaps(d.From, d.To)
}

// overlaps reports whether some time of [from, to) is selected.
func (f Filter) overlaps(from, to time.Time) bool {
	return (f.Since.IsZero() || to.After(f.Since)) && (f.Until.IsZero() || from.Before(f.Until))
}
