// Package simulate writes the CloudTrail archive of an organization that does not exist: realistic events, log files in the form that AWS delivers, signed digest files, and attacks whose events are all known.
package simulate

import (
	"fmt"
	"math"
	"time"
)

// Options configure a simulation. The bytes of the archive depend on all of them but
// Workers.
type Options struct {
	Out           string // folder, absent or empty
	Seed          uint64
	Accounts      int
	Regions       int
	Days          int
	EventsPerDay  int       // in each account, on an ordinary working day
	Start         time.Time // first day, midnight UTC
	Attacks       []string  // names of attacks, or "all"
	Duplicates    float64   // fraction of events delivered twice
	Late          float64   // fraction of events delivered hours or days late
	EventsPerFile int       // in each log file; 0: as AWS does
	Organization  bool      // one organization trail, not a trail in each account
	GzipLevel     int       // gzip level, 1 to 9
	Workers       int       // shards written concurrently; 0: one per processor
}

// Bounds of the options, for messages and flags.
const (
	MaxAccounts     = 200
	MaxDays         = 3660
	MaxEventsPerDay = 50_000_000
	MaxPerFile      = 1_000_000
)

// maxRegions is the smallest number of Regions that world/places.json may list.
const maxRegions = 17

// DefaultOptions returns a week of a small organization. The start is fixed,
// so that the same seed gives the same bytes on any day.
func DefaultOptions() Options {
	return Options{
		Seed: 1, Accounts: 2, Regions: 3, Days: 7, EventsPerDay: 50_000,
		Start:      time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC),
		Duplicates: 0.02, Late: 0.01, GzipLevel: 3,
	}
}

// OptionError reports an option outside its bounds.
type OptionError struct {
	Option string // the flag's name
	Reason string
}

func (e *OptionError) Error() string { return fmt.Sprintf("read option --%s: %s", e.Option, e.Reason) }

// Validate returns an *OptionError for the first invalid option.
func (o *Options) Validate() error {
	if o.Out == "" {
		return &OptionError{"out", "name the folder to write"}
	}
	for _, n := range []struct {
		option        string
		value, lo, hi int
	}{
		{"accounts", o.Accounts, 1, MaxAccounts},
		{"regions", o.Regions, 1, maxRegions},
		{"days", o.Days, 1, MaxDays},
		{"events-per-day", o.EventsPerDay, 0, MaxEventsPerDay},
		{"events-per-file", o.EventsPerFile, 0, MaxPerFile},
		{"gzip-level", o.GzipLevel, 1, 9},
		{"workers", o.Workers, 0, 4096},
	} {
		if n.value < n.lo || n.value > n.hi {
			return &OptionError{n.option, fmt.Sprintf("%d is not between %d and %d", n.value, n.lo, n.hi)}
		}
	}
	for _, f := range []struct {
		option string
		value  float64
	}{{"duplicates", o.Duplicates}, {"late", o.Late}} {
		if math.IsNaN(f.value) || f.value < 0 || f.value > 1 {
			return &OptionError{f.option, fmt.Sprintf("%v is not a fraction between 0 and 1", f.value)}
		}
	}
	if !o.Start.Equal(o.Start.Truncate(24 * time.Hour)) {
		return &OptionError{"start", "not a whole day (UTC)"}
	}
	if y := o.Start.Year(); y < 2014 || y > 2200 {
		return &OptionError{"start", fmt.Sprintf("year %d is not between 2014 and 2200", y)}
	}
	return nil
}

// midnight returns the start of a simulated day, in seconds since 1970.
func (o *Options) midnight(day int) int64 { return o.Start.Unix() + int64(day)*86400 }

// closing returns the end of the archive: all events and deliveries are earlier.
func (o *Options) closing() int64 { return o.midnight(o.Days) + 3600 }
