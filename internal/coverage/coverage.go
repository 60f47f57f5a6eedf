// Package coverage finds the gaps in a lake: spans of time in which events are
// expected and are missing.
//
// The expectation follows from the events themselves. A series, such as the
// days of an account in a Region, that has events in most of its units from the
// first to the last has a hole in each unit without events. A series with fewer
// is too sparse: a Region that is used now and then has no holes.
package coverage

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"time"
)

// A series is dense, and so has holes, when at least 3 of 4 of its units have
// events.
const (
	denseOf  = 3
	denseAll = 4
)

const (
	dayLayout   = "2006-01-02"
	hoursPerDay = 24
)

// Day is the activity of an account in a Region on a day in UTC.
type Day struct {
	Account, Region string
	Day             string // YYYY-MM-DD
	Events          int64
	Hours           uint32 // bit h is set when there are events in hour h
	First, Last     time.Time
}

// Hole is a span of time without events: From <= t < To.
type Hole struct {
	Account string    `json:"account,omitempty"` // "" for the whole lake
	Region  string    `json:"region,omitempty"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
}

// Series is the activity of an account in a Region.
type Series struct {
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Events  int64     `json:"events"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Days    int       `json:"days"`       // with events
	Span    int       `json:"days_span"`  // from the first to the last
	Sparse  bool      `json:"too_sparse"` // to find holes
}

// Coverage describes the time for which a lake has events, and the gaps.
type Coverage struct {
	Series []Series `json:"series"`           // by account and Region
	Sparse bool     `json:"hours_too_sparse"` // to find holes
	Holes  []Hole   `json:"holes"`            // hours of the whole lake, then days of each series, in order
}

// Of reads days, ordered by account, Region and day, until next returns io.EOF.
// Any other error is returned.
func Of(next func() (Day, error)) (*Coverage, error) {
	c := &Coverage{Series: []Series{}, Holes: []Hole{}}
	hours := map[int]uint32{} // of the whole lake, by number of the day
	var days []int            // of the current series
	var ofSeries []Hole
	finish := func() {
		if len(days) > 0 {
			current := &c.Series[len(c.Series)-1]
			ofSeries = append(ofSeries, current.close(days)...)
		}
		days = days[:0]
	}
	for {
		day, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		at, err := time.Parse(dayLayout, day.Day)
		if err != nil {
			return nil, fmt.Errorf("%q is not a day", day.Day)
		}
		number := int(at.Unix() / (hoursPerDay * 3600))
		if n := len(c.Series); n == 0 || c.Series[n-1].Account != day.Account || c.Series[n-1].Region != day.Region {
			finish()
			c.Series = append(c.Series, Series{Account: day.Account, Region: day.Region, First: day.First})
		}
		c.Series[len(c.Series)-1].add(day)
		days = append(days, number)
		hours[number] |= day.Hours
	}
	finish()
	var ofLake []Hole
	ofLake, c.Sparse = holesInHours(hours)
	c.Holes = append(append(c.Holes, ofLake...), ofSeries...)
	return c, nil
}

func (s *Series) add(day Day) {
	s.Events += day.Events
	s.Days++
	if day.First.Before(s.First) {
		s.First = day.First
	}
	if day.Last.After(s.Last) {
		s.Last = day.Last
	}
}

// close sets whether the series is sparse and returns its holes.
func (s *Series) close(days []int) []Hole {
	s.Span = days[len(days)-1] - days[0] + 1
	s.Sparse = !dense(s.Days, s.Span)
	if s.Sparse {
		return nil
	}
	holes := gaps(days, hoursPerDay*time.Hour)
	for i := range holes {
		holes[i].Account, holes[i].Region = s.Account, s.Region
	}
	return holes
}

// holesInHours returns the holes of the whole lake, and whether it is too
// sparse.
func holesInHours(byDay map[int]uint32) (holes []Hole, sparse bool) {
	var hours []int
	for day, mask := range byDay {
		for ; mask != 0; mask &= mask - 1 {
			hours = append(hours, day*hoursPerDay+bits.TrailingZeros32(mask))
		}
	}
	if len(hours) == 0 {
		return nil, false
	}
	slices.SortFunc(hours, cmp.Compare[int])
	if !dense(len(hours), hours[len(hours)-1]-hours[0]+1) {
		return nil, true
	}
	return gaps(hours, time.Hour), false
}

func dense(have, span int) bool { return have*denseAll >= span*denseOf }

// gaps returns the spans between consecutive numbers, counted in units since
// 1970 and sorted, that are more than one apart.
func gaps(numbers []int, unit time.Duration) []Hole {
	start := func(number int) time.Time {
		return time.Unix(int64(number)*int64(unit/time.Second), 0).UTC()
	}
	var holes []Hole
	for i := 1; i < len(numbers); i++ {
		if numbers[i] > numbers[i-1]+1 {
			holes = append(holes, Hole{From: start(numbers[i-1] + 1), To: start(numbers[i])})
		}
	}
	return holes
}
