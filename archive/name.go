package archive

import (
	"fmt"
	"strings"
	"time"
)

const (
	extGzip      = ".json.gz"
	extPlain     = ".json"
	backfillTail = "_backfill"
)

// parseName parses a file name. A name in the current form fills its parts; any
// other is kept in Key.Name, with the parts parsed from its beginning. The
// error is for a date that does not exist.
func parseName(name string) (Key, error) {
	var k Key
	rest, ok := k.parseHead(name)
	if !ok {
		return Key{Name: name}, nil
	}
	tail, ext := cutExt(rest)
	var done bool
	var err error
	if k.Kind == Digest {
		done, err = k.parseDigestTail(tail)
	} else {
		done, err = k.parseLogTail(tail)
	}
	if done && err == nil && ext != "" {
		k.Ext = ext
		return k, nil
	}
	k.Name = name
	return k, err
}

// parseHead parses ACCOUNT_KIND_REGION, and returns the rest. A name without
// the Region still gives the first two.
func (k *Key) parseHead(name string) (rest string, ok bool) {
	account, rest, ok := strings.Cut(name, "_")
	if !ok || !isAccount(account) {
		return "", false
	}
	kind, rest, ok := strings.Cut(rest, "_")
	if !ok || !isKind(kind) {
		return "", false
	}
	k.Account, k.Kind = account, Kind(kind)
	n := regionLen(rest)
	k.Region = rest[:n]
	return rest[n:], true
}

// parseLogTail reads _TIME_UNIQUE and reports whether tail is just that. Of tails
// such as _TIMEUNIQUE (2014) and -TIME without the Z it takes the time.
func (k *Key) parseLogTail(tail string) (done bool, err error) {
	if k.Region == "" || tail == "" || (tail[0] != '_' && tail[0] != '-') {
		return false, nil
	}
	at := tail[1:]
	n := timeLen(at)
	if n == 0 {
		return false, nil
	}
	t, ok := parseTime(at[:n])
	if !ok {
		return false, fmt.Errorf("%q is not a date", at[:n])
	}
	k.Delivered = t
	unique := strings.TrimLeft(at[n:], "_")
	if !isWord(unique) {
		return false, nil
	}
	k.Unique = unique
	return tail[0] == '_' && n == len(minuteLayout) && at[n:] == "_"+unique, nil
}

// parseDigestTail reads _TRAIL_HOMEREGION_TIME[_backfill] from the right, for
// trail names may hold underscores.
func (k *Key) parseDigestTail(tail string) (done bool, err error) {
	body, backfill := strings.CutSuffix(tail, backfillTail)
	i := strings.LastIndexByte(body, '_')
	if k.Region == "" || i < 0 || timeLen(body[i+1:]) != len(secondLayout) || len(body)-i-1 != len(secondLayout) {
		return false, nil
	}
	t, ok := parseTime(body[i+1:])
	if !ok {
		return false, fmt.Errorf("%q is not a date", body[i+1:])
	}
	k.Delivered, k.Backfill = t, backfill
	j := strings.LastIndexByte(body[:i], '_')
	if j < 1 || body[0] != '_' || !isRegion(body[j+1:i]) || !isTrail(body[1:j]) {
		return false, nil
	}
	k.Trail, k.HomeRegion = body[1:j], body[j+1:i]
	return true, nil
}

func cutExt(name string) (stem, ext string) {
	for _, ext := range []string{extGzip, extPlain} {
		if stem, ok := strings.CutSuffix(name, ext); ok {
			return stem, ext
		}
	}
	return name, ""
}

// timeLen returns the length of the time at the start of s: 8 digits, T, 4 or 6
// digits, and an optional Z. It is 0 when s does not begin with a time.
func timeLen(s string) int {
	date := digits(s)
	if date != 8 || len(s) < 9 || s[8] != 'T' {
		return 0
	}
	clock := digits(s[9:])
	if clock != 4 && clock != 6 {
		return 0
	}
	n := 9 + clock
	if n < len(s) && s[n] == 'Z' {
		n++
	}
	return n
}

// parseTime parses text measured by timeLen. It does not use time.Parse, which
// accepts more forms, such as fractions of seconds.
func parseTime(s string) (time.Time, bool) {
	s = strings.TrimSuffix(s, "Z")
	day, ok := parseDay(s[:4], s[4:6], s[6:8])
	hour, minute, second := number(s[9:11]), number(s[11:13]), 0
	if len(s) == len("20060102T150405") {
		second = number(s[13:15])
	}
	if !ok || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	return day.Add(clock), true
}

// parseDay accepts only digits. It rejects years before 1970, which also keeps
// the zero time distinct from a date.
func parseDay(year, month, day string) (time.Time, bool) {
	y, m, d := number(year), number(month), number(day)
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t, y >= 1970 && t.Day() == d && int(t.Month()) == m
}

// number returns the value of decimal digits.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// digits returns the number of decimal digits at the start of s.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

func isAccount(s string) bool { return len(s) == 12 && digits(s) == 12 }

// isOrganization is looser than AWS (o- and 10 to 32 characters), for test data.
func isOrganization(s string) bool {
	id, ok := strings.CutPrefix(s, "o-")
	return ok && id != "" && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

func isRegion(s string) bool { return s != "" && regionLen(s) == len(s) }

// regionLen measures the Region that s begins with: us-east-1, us-gov-west-1,
// eusc-de-east-1. It is 0 when there is none. The direction before the number tells
// a Region from any other name in this style, such as that of a folder.
func regionLen(s string) int {
	i, direction := 0, false
	for {
		if n := digits(s[i:]); n > 0 && direction {
			return i + n
		}
		n := letters(s[i:])
		if n == 0 || i+n >= len(s) || s[i+n] != '-' {
			return 0
		}
		direction = i > 0 && isDirection(s[i:i+n])
		i += n + 1
	}
}

func isDirection(s string) bool {
	switch s {
	case "central", "north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest":
		return true
	}
	return false
}

func letters(s string) int {
	n := 0
	for n < len(s) && s[n] >= 'a' && s[n] <= 'z' {
		n++
	}
	return n
}

func isWord(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !wordRune(r) }) < 0
}

func isTrail(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !wordRune(r) && r != '.' && r != '-' }) < 0
}

func wordRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
