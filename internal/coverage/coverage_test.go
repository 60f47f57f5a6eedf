package coverage

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var allDay = uint32(1<<24 - 1)

// day makes a Day with events in each of the hours.
func day(account, region, date string, hours uint32) Day {
	at, err := time.Parse(dayLayout, date)
	if err != nil {
		panic(err)
	}
	return Day{Account: account, Region: region, Day: date, Events: 2, Hours: hours, First: at.Add(time.Minute), Last: at.Add(23 * time.Hour)}
}

func of(t *testing.T, days ...Day) *Coverage {
	t.Helper()
	c, err := Of(func() (Day, error) {
		if len(days) == 0 {
			return Day{}, io.EOF
		}
		next := days[0]
		days = days[1:]
		return next, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// spans writes holes as ACCOUNT REGION FROM/TO.
func spans(holes []Hole) (list []string) {
	for _, h := range holes {
		list = append(list, h.Account+" "+h.Region+" "+h.From.Format("2006-01-02T15")+"/"+h.To.Format("2006-01-02T15"))
	}
	return list
}

func TestHoles(t *testing.T) {
	hour := func(h ...int) (mask uint32) {
		for _, h := range h {
			mask |= 1 << h
		}
		return mask
	}
	for name, test := range map[string]struct {
		days   []Day
		want   []string
		sparse bool
	}{
		"nothing": {},
		"an hour": {days: []Day{day("1", "a", "2026-01-01", hour(5))}},
		"days without a gap": {days: []Day{
			day("1", "a", "2026-01-31", allDay), day("1", "a", "2026-02-01", allDay)}},
		"hours of the lake": {days: []Day{
			day("1", "a", "2026-01-01", allDay&^hour(3, 4, 9)), day("1", "a", "2026-01-02", allDay)},
			want: []string{"  2026-01-01T03/2026-01-01T05", "  2026-01-01T09/2026-01-01T10"}},
		"an hour of one account is none of the lake": {days: []Day{
			day("1", "a", "2026-01-01", allDay&^hour(3)), day("2", "a", "2026-01-01", hour(3))}},
		"over midnight": {days: []Day{
			day("1", "a", "2026-01-01", allDay&^hour(23)), day("1", "a", "2026-01-02", allDay&^hour(0))},
			want: []string{"  2026-01-01T23/2026-01-02T01"}},
		"before the first and after the last is no hole": {days: []Day{day("1", "a", "2026-01-01", hour(5, 6, 7, 8))}},
		"days of a series": {days: []Day{
			day("1", "a", "2026-01-01", allDay), day("1", "a", "2026-01-02", allDay), day("1", "a", "2026-01-03", allDay),
			day("1", "a", "2026-01-04", allDay), day("1", "a", "2026-01-05", allDay),
			day("1", "b", "2026-01-01", allDay), day("1", "b", "2026-01-03", allDay), day("1", "b", "2026-01-04", allDay), day("1", "b", "2026-01-05", allDay)},
			want: []string{"1 b 2026-01-02T00/2026-01-03T00"}},
		"a quarter may be missing": {days: []Day{
			day("1", "a", "2026-01-01", allDay), day("1", "a", "2026-01-02", allDay), day("1", "a", "2026-01-04", allDay)},
			want: []string{"  2026-01-03T00/2026-01-04T00", "1 a 2026-01-03T00/2026-01-04T00"}},
		"more is too sparse to tell": {days: []Day{
			day("1", "a", "2026-01-01", allDay), day("1", "a", "2026-01-02", allDay), day("1", "a", "2026-01-05", allDay)},
			sparse: true},
	} {
		t.Run(name, func(t *testing.T) {
			got := of(t, test.days...)
			if diff := cmp.Diff(test.want, spans(got.Holes)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got.Sparse != test.sparse {
				t.Errorf("too sparse: %v", got.Sparse)
			}
		})
	}
}

func TestSeries(t *testing.T) {
	got := of(t,
		day("1", "a", "2026-01-01", allDay), day("1", "a", "2026-01-02", allDay),
		day("1", "b", "2026-01-02", allDay), day("1", "b", "2026-01-09", allDay),
		day("2", "a", "2026-01-02", allDay)).Series
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 1, day, hour, minute, 0, 0, time.UTC) }
	want := []Series{
		{"1", "a", 4, at(1, 0, 1), at(2, 23, 0), 2, 2, false},
		{"1", "b", 4, at(2, 0, 1), at(9, 23, 0), 2, 8, true},
		{"2", "a", 2, at(2, 0, 1), at(2, 23, 0), 1, 1, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestErrorsAreReturned(t *testing.T) {
	broken := errors.New("the part is damaged")
	if _, err := Of(func() (Day, error) { return Day{}, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if _, err := Of(func() (Day, error) { return Day{Day: "2026-13-01"}, nil }); err == nil {
		t.Error("a day that is none is accepted")
	}
}

// An hour from the first to the last is in a hole or has events, and never both.
func TestHolesAndEventsCoverEachHour(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		have, days := map[time.Time]bool{}, []Day(nil)
		for d := range 1 + random.IntN(9) {
			date := first.AddDate(0, 0, d)
			mask := allDay
			for range random.IntN(4) {
				mask &^= 1 << random.IntN(24)
			}
			if random.IntN(8) == 0 {
				mask = 0
			}
			for h := range 24 {
				have[date.Add(time.Duration(h)*time.Hour)] = mask>>h&1 == 1
			}
			if mask != 0 {
				days = append(days, day("1", "a", date.Format(dayLayout), mask))
			}
		}
		got := of(t, days...)
		if got.Sparse || len(days) == 0 {
			continue
		}
		var hours []time.Time
		for at, there := range have {
			if there {
				hours = append(hours, at)
			}
		}
		slices.SortFunc(hours, time.Time.Compare)
		for at := hours[0]; at.Before(hours[len(hours)-1]); at = at.Add(time.Hour) {
			inHole := slices.ContainsFunc(got.Holes, func(h Hole) bool { return h.Account == "" && !at.Before(h.From) && at.Before(h.To) })
			if inHole == have[at] {
				t.Fatalf("%s has events %v and is in a hole %v: %v", at, have[at], inHole, spans(got.Holes))
			}
		}
	}
}
