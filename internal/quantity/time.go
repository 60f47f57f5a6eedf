package quantity

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// TimeForms lists the forms that ParseTime accepts, for help texts and errors.
const TimeForms = "RFC 3339 (2026-01-11T10:00:00Z), a UTC time, date or month (2026-01-11T10:00, 2026-01-11, 2026-01), " +
	"how long ago (30m, 24h, 7d, 4w, 3mo, 1y), yesterday, today, now, or seconds or milliseconds since 1970"

// ParseTime parses a time in one of TimeForms and returns it in UTC, whatever the
// machine's time zone. A date, a month, yesterday and today mean their start. An age is
// subtracted from now: a day is 24 hours and a week 7 days; months and years are
// calendar units, and a day that the month does not have becomes its last one. Times
// before 1970 or after the year 9999 are errors.
func ParseTime(s string, now time.Time) (time.Time, error) {
	for _, parse := range [...]func(string, time.Time) (time.Time, bool){parseAbsolute, parseWord, parseEpoch, parseAge} {
		t, ok := parse(s, now.UTC())
		if ok && t.Unix() >= 0 && t.Year() <= 9999 {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("parse time %q: expected %s", s, TimeForms)
}

func parseAbsolute(s string, _ time.Time) (time.Time, bool) {
	// Without a zone it is UTC: the machine's zone does not matter.
	for _, layout := range [...]string{
		time.RFC3339Nano,
		"2006-01-02T15:04Z07:00",
		"2006-01-02T15:04:05",
		"2006-01-02T15:04",
		time.DateTime,
		"2006-01-02 15:04",
		time.DateOnly,
		"2006-01",
	} {
		if t, err := time.Parse(layout, strings.ToUpper(s)); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func parseWord(s string, now time.Time) (time.Time, bool) {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	switch strings.ToLower(s) {
	case "now":
		return now, true
	case "today":
		return today, true
	case "yesterday":
		return today.AddDate(0, 0, -1), true
	}
	return time.Time{}, false
}

// parseEpoch parses seconds since 1970, optionally with a fraction, or milliseconds.
// They are distinguished by their number of digits, 10 and 13, which they have from
// 2001 to 2286. Other numbers except 0 are refused: 20260111 is meant as a date, and 30
// lacks a unit.
func parseEpoch(s string, _ time.Time) (time.Time, bool) {
	whole, fraction, hasFraction := strings.Cut(s, ".")
	n, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || hasFraction && (fraction == "" || strings.Trim(fraction, "0123456789") != "") {
		return time.Time{}, false
	}
	switch {
	case len(whole) == 10 || s == "0":
		nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64) // digits only
		return time.Unix(int64(n), nanos).UTC(), true
	case len(whole) == 13 && !hasFraction:
		return time.UnixMilli(int64(n)).UTC(), true
	}
	return time.Time{}, false
}

// age is the distance to an earlier time: calendar months and a duration.
type age struct {
	months int64
	rest   time.Duration
}

// parseAge parses a sequence of whole numbers with units, in any order: 30d, 1d12h,
// 1y6mo.
func parseAge(s string, now time.Time) (time.Time, bool) {
	var total age
	for rest := s; rest != ""; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		letters := len(rest[digits:]) - len(strings.TrimLeft(rest[digits:], "abcdefghijklmnopqrstuvwxyz"))
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil || !total.add(n, rest[digits:digits+letters]) {
			return time.Time{}, false
		}
		rest = rest[digits+letters:]
	}
	if s == "" {
		return time.Time{}, false
	}
	return monthsBefore(now, int(total.months)).Add(-total.rest), true
}

// maxAgeYears prevents overflow in sums of ages. ParseTime refuses times before 1970
// anyway.
const maxAgeYears = 250

// add adds n units, and reports whether the unit exists and the sum is within the
// limit.
func (a *age) add(n int64, unit string) bool {
	const year = 366 * 24 * time.Hour
	if months := map[string]int64{"mo": 1, "y": 12}[unit]; months > 0 && n <= maxAgeYears*12 {
		a.months += n * months
		return a.months <= maxAgeYears*12
	}
	size := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[unit]
	if size == 0 || n > int64((maxAgeYears*year-a.rest)/size) {
		return false
	}
	a.rest += time.Duration(n) * size
	return true
}

// monthsBefore subtracts calendar months: one before 31 March is the last day of
// February.
func monthsBefore(t time.Time, months int) time.Time {
	to := time.Date(t.Year(), t.Month()-time.Month(months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	lastDay := to.AddDate(0, 1, -1).Day()
	return to.AddDate(0, 0, min(t.Day(), lastDay)-1)
}
