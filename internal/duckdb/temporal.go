package duckdb

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/internal/result"
)

// moment converts a count of units since 1970 to a timestamp. The largest value
// and the second smallest are infinities.
func moment(count int64, unit time.Duration) any {
	switch count {
	case math.MaxInt64:
		return result.Literal("infinity")
	case -math.MaxInt64:
		return result.Literal("-infinity")
	}
	perSecond := int64(time.Second / unit)
	return result.Timestamp{Time: time.Unix(count/perSecond, count%perSecond*int64(unit)).UTC()}
}

func dateValue(days int32) any {
	switch days {
	case math.MaxInt32:
		return result.Literal("infinity")
	case -math.MaxInt32:
		return result.Literal("-infinity")
	}
	return result.Date{Time: time.Unix(int64(days)*24*60*60, 0).UTC()}
}

// clockText formats microseconds since midnight as a time of day.
func clockText(micros int64) string {
	seconds := micros / 1e6
	clock := fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	return clock + fraction(micros%1e6)
}

// fraction formats microseconds as a decimal fraction without trailing zeros.
func fraction(micros int64) string {
	if micros == 0 {
		return ""
	}
	return strings.TrimRight(fmt.Sprintf(".%06d", micros), "0")
}

// timeTZValue reads 40 bits of microseconds and 24 bits of an offset in
// seconds, which the engine stores as the distance from the largest offset.
func timeTZValue(bits uint64) any {
	const largest = 16*60*60 - 1
	offset := largest - int64(bits&(1<<24-1))
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return result.Literal(fmt.Sprintf("%s%c%02d:%02d", clockText(int64(bits>>24)), sign, offset/3600, offset/60%60))
}

type interval struct {
	months, days int32
	micros       int64
}

// text formats an interval as the engine does: "1 year 2 days 03:00:00".
func (v interval) text() string {
	var parts []string
	add := func(n int32, unit string) {
		if n == 0 {
			return
		}
		if n != 1 && n != -1 {
			unit += "s"
		}
		parts = append(parts, fmt.Sprintf("%d %s", n, unit))
	}
	add(v.months/12, "year")
	add(v.months%12, "month")
	add(v.days, "day")
	if v.micros != 0 || parts == nil {
		clock := clockText(max(v.micros, -v.micros))
		if v.micros < 0 {
			clock = "-" + clock
		}
		parts = append(parts, clock)
	}
	return strings.Join(parts, " ")
}

// bitText formats a bit string as zeros and ones. Its first byte is the number
// of padding bits at the start of the second.
func bitText(s string) string {
	if s == "" {
		return ""
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		fmt.Fprintf(&b, "%08b", s[i])
	}
	return b.String()[s[0]:]
}
