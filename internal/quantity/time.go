package quantity

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// TimeForms names the forms ParseTime accepts, for help texts.
const TimeForms = "RFC 3339 (2026-01-11T10:00:00Z), a UTC date or time (2026-01-11, 2026-01-11T10:00), or how long ago (15m, 12h, 30d, 2w)"

// layouts without a zone are UTC: nothing depends on the machine's own zone.
var layouts = [...]string{
	time.RFC3339Nano,
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04",
	time.DateTime,
	"2006-01-02 15:04",
	time.DateOnly,
}

// ParseTime reads a moment in one of TimeForms and returns it in UTC. An age
// such as 30d is counted back from now; a day is 24 hours and a week 7 days, as
// UTC has no other.
func ParseTime(s string, now time.Time) (time.Time, error) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	age, ok := parseAge(s)
	if !ok {
		return time.Time{}, fmt.Errorf("parse time %q: expected %s", s, TimeForms)
	}
	return now.Add(-age).UTC(), nil
}

// parseAge reads a sequence of whole numbers with units, largest first or not:
// 30d, 1d12h. Ages beyond what a time.Duration holds (292 years) are refused.
func parseAge(s string) (time.Duration, bool) {
	var total time.Duration
	for rest := s; rest != ""; {
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if end <= 0 {
			return 0, false
		}
		n, err := strconv.ParseInt(rest[:end], 10, 64)
		unit, known := ageUnit(rest[end])
		if err != nil || !known || n > int64((maxAge-total)/unit) {
			return 0, false
		}
		total += time.Duration(n) * unit
		rest = rest[end+1:]
	}
	return total, s != ""
}

const maxAge = time.Duration(1<<63 - 1)

func ageUnit(letter byte) (time.Duration, bool) {
	switch letter {
	case 's':
		return time.Second, true
	case 'm':
		return time.Minute, true
	case 'h':
		return time.Hour, true
	case 'd':
		return 24 * time.Hour, true
	case 'w':
		return 7 * 24 * time.Hour, true
	}
	return 0, false
}
