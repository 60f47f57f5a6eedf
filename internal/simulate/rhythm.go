package simulate

import "time"

// rhythm is the distribution of a caller's activity over the hours of its own time
// zone.
type rhythm struct {
	hours   [24]float64 // relative activity of each local hour
	weekend float64     // activity of a weekend day, relative to a working day
	every   int64       // activities start at multiples of this many seconds; 0 for any time
}

// rhythms lists the rhythms a persona can have.
func rhythms() map[string]rhythm {
	flat := rhythm{weekend: 1}
	for h := range flat.hours {
		flat.hours[h] = 1
	}
	cron := flat
	cron.every = 300
	return map[string]rhythm{
		"flat": flat,
		"cron": cron,
		// people in offices: two peaks, less at lunch, little at night
		"office": {weekend: 0.06, hours: [24]float64{
			.05, .02, .01, .01, .02, .05, .3, 1.5, 5, 9, 10, 9.5, 6, 8.5, 9.5, 9, 7.5, 4.5, 2, 1, .8, .6, .3, .1}},
		// machines that serve customers
		"traffic": {weekend: 0.8, hours: [24]float64{
			2, 1.5, 1.2, 1, 1, 1.3, 2, 3.2, 4.5, 5.5, 6, 6.2, 6.4, 6.2, 6, 5.8, 5.7, 5.8, 6.2, 6.5, 6, 5, 4, 3}},
	}
}

// onDay returns the activity in each UTC hour of the day that begins at midnight, in a
// time zone offset seconds ahead of UTC. An ordinary working day sums up to 1.
func (r *rhythm) onDay(midnight int64, offset int64) chooser {
	sum := 0.0
	for _, w := range r.hours {
		sum += w
	}
	var weights [24]float64
	for h := range weights {
		local := time.Unix(midnight+int64(h)*3600+offset, 0).UTC()
		w := r.hours[local.Hour()] / sum
		if day := local.Weekday(); day == time.Saturday || day == time.Sunday {
			w *= r.weekend
		}
		weights[h] = w
	}
	return newChooser(weights[:])
}

// start draws a time within the day, in seconds since 1970.
func (r *rhythm) start(s *stream, midnight int64, hours chooser) int64 {
	at := midnight + int64(hours.draw(s))*3600
	if r.every == 0 {
		return at + int64(s.intn(3600))
	}
	return at + int64(s.intn(int(3600/r.every)))*r.every + int64(s.intn(20))
}
