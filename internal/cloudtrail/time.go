package cloudtrail

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// RequestTime is a time in a request: seconds since 1970, with a fraction.
type RequestTime struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (t *RequestTime) UnmarshalJSON(text []byte) error {
	var seconds float64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return err
	}
	if seconds < 0 || seconds > 1e11 { // after the year 5138: milliseconds by mistake
		return Refuse("InvalidTimeRangeException", "The time %s is out of range.", text)
	}
	t.Time = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return nil
}

// EpochTime is a time in an answer: seconds since 1970 with milliseconds.
type EpochTime struct{ time.Time }

// MarshalJSON implements json.Marshaler.
func (t EpochTime) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', -1, 64), nil
}

// Epoch returns nil for the zero time, which an answer leaves out.
func Epoch(t time.Time) *EpochTime {
	if t.IsZero() {
		return nil
	}
	return &EpochTime{t}
}
