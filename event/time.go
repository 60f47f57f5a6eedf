package event

import (
	"bytes"
	"time"
)

// timeLayouts are the spellings of a time seen in CloudTrail data, commonest
// first: the one of eventTime, fractions of a second as emulators and
// EventBridge write them, and the basic form the userIdentity reference shows
// for creationDate.
func timeLayouts() []string {
	return []string{time.RFC3339Nano, "20060102T150405Z", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00"}
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
	return time.Time{}, false
}

// PlainTime reports whether text is a time spelled as CloudTrail writes
// eventTime, so that AppendTime gives it back.
func PlainTime(text []byte) bool {
	_, ok := parsePlain(text)
	return ok
}

// AppendTime appends t as CloudTrail writes eventTime.
func AppendTime(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, "2006-01-02T15:04:05Z")
}

// parsePlain reads YYYY-MM-DDThh:mm:ssZ, nearly every eventTime there is.
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

// Time returns when the event happened, in UTC: eventTime, or the start of an
// aggregated event's window. ok is false when the record has no time that can
// be read.
func (r *Record) Time() (t time.Time, ok bool) {
	if text := r.Text(EventTime); text != nil {
		return ParseTime(text)
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
