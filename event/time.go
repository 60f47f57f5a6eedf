package event

import (
	"bytes"
	"strconv"
	"time"
)

// timeLayouts are the spellings of a time seen in CloudTrail data, commonest
// first: the one of eventTime, fractions of a second as emulators and
// EventBridge write them, the basic form the userIdentity reference shows for
// creationDate, and those of CloudTrail Lake, Athena and Java's formatters.
// Parsing takes a fraction after the seconds in any of them.
func timeLayouts() []string {
	return []string{
		time.RFC3339Nano, "20060102T150405Z", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700",
		"2006-01-02 15:04:05", "2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700",
	}
}

// ParseTime reads a time as CloudTrail data spells it, in UTC.
func ParseTime(text []byte) (time.Time, bool) {
	if t, ok := parsePlain(text); ok {
		return t, true
	}
	for _, layout := range timeLayouts() {
		if t, err := time.Parse(layout, string(text)); err == nil {
			return t.UTC(), true
		}
	}
	return parseEpoch(text)
}

// parseEpoch parses a time as a count since 1970, which tools write that store
// times as numbers: ten digits of seconds or thirteen of milliseconds,
// unambiguous from 2001 to 2286, with an optional fraction.
func parseEpoch(text []byte) (time.Time, bool) {
	whole, fraction, dotted := bytes.Cut(text, []byte{'.'})
	n, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil || whole[0] < '1' { // a sign or a leading zero
		return time.Time{}, false
	}
	if _, ok := number(fraction); !ok || dotted && len(fraction) == 0 {
		return time.Time{}, false
	}
	nanos, _ := number(append(bytes.Clone(fraction), "000000000"...)[:9])
	switch len(whole) {
	case 10:
		return time.Unix(n, int64(nanos)).UTC(), true
	case 13:
		return time.UnixMilli(n).Add(time.Duration(nanos / 1000)).UTC(), true
	}
	return time.Time{}, false
}

// PlainTime reports whether text is a time in CloudTrail's spelling of
// eventTime, so that AppendTime returns it unchanged.
func PlainTime(text []byte) bool {
	_, ok := parsePlain(text)
	return ok
}

// AppendTime appends t as CloudTrail writes eventTime.
func AppendTime(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, "2006-01-02T15:04:05Z")
}

// parsePlain parses YYYY-MM-DDThh:mm:ssZ, the form of nearly every eventTime.
func parsePlain(s []byte) (time.Time, bool) {
	if len(s) != 20 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != 'Z' {
		return time.Time{}, false
	}
	year, ok0 := number(s[0:4])
	month, ok1 := number(s[5:7])
	day, ok2 := number(s[8:10])
	hour, ok3 := number(s[11:13])
	minute, ok4 := number(s[14:16])
	second, ok5 := number(s[17:19])
	digits := ok0 && ok1 && ok2 && ok3 && ok4 && ok5
	if !digits || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	return t, t.Day() == day
}

func number(s []byte) (n int, ok bool) {
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// Time returns the time of the event in UTC: eventTime, a string or a number,
// or the start of an aggregated event's window. ok is false when the record has
// no valid time.
func (r *Record) Time() (t time.Time, ok bool) {
	switch v := r.Get(EventTime); {
	case v.IsString():
		text, _ := v.Text()
		return ParseTime(text)
	case v.IsNumber():
		return parseEpoch(v.Raw)
	}
	window := r.Get(TimeWindow)
	if !window.Present() {
		return time.Time{}, false
	}
	var start []byte
	eachMember(window.Raw, func(name []byte, v Value) {
		if string(name) == "windowStart" {
			start, _ = v.Text()
		}
	})
	return ParseTime(bytes.TrimSpace(start))
}
