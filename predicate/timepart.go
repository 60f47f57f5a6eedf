package predicate

import "time"

// TimePart is a part of a date and time.
type TimePart string

// The parts of a time that a test can ask for.
const (
	Minute TimePart = "minute" // 0 to 59
	Hour   TimePart = "hour"   // 0 to 23
	Day    TimePart = "day"    // of the month, 1 to 31
	Week   TimePart = "week"   // of ISO 8601, 1 to 53
	Month  TimePart = "month"  // 1 to 12
	Year   TimePart = "year"
)

// of returns the part of a time, -1 if there is no such part.
func (p TimePart) of(t time.Time) int {
	switch p {
	case Minute:
		return t.Minute()
	case Hour:
		return t.Hour()
	case Day:
		return t.Day()
	case Week:
		_, week := t.ISOWeek()
		return week
	case Month:
		return int(t.Month())
	case Year:
		return t.Year()
	}
	return -1
}
