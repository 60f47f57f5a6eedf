package main

import (
	"context"
	"os"
	"time"

	"github.com/cerpac/trailkeeper/internal/simulate"
)

// coldBound is the processor time that a short query may take, from the start of the
// process to its end.
const coldBound = 60 * time.Millisecond

// coldStart measures short queries as whole processes. Their time is that of the
// processor: it matters where many run, and does not depend on other programs.
func (b *bench) coldStart(ctx context.Context) ([]group, error) {
	a, err := b.archive(ctx, b.busy())
	if err != nil {
		return nil, err
	}
	dir, err := b.lakeOf(ctx, b.busy(), "cold")
	if err != nil {
		return nil, err
	}
	g := group{Title: "cold start of a query", Ratio: "the processor time to 60 ms"}
	day, err := firstDay(a.summary)
	if err != nil {
		return nil, err
	}
	for _, q := range []struct {
		name string
		args []string
	}{
		{"SELECT 1", []string{"SELECT 1"}},
		{"a named query over a day", []string{"--named", "root-use", "--since", day.Format(time.DateOnly), "--until", day.AddDate(0, 0, 1).Format(time.DateOnly)}},
	} {
		m := measured{Name: q.name}
		for range 5*b.opts.rounds + 1 {
			s, err := b.trail(ctx, append([]string{"query", "--lake", dir}, q.args...)...)
			if err != nil {
				return nil, err
			}
			m.add(s)
		}
		m.Ratio = effort(&m) / coldBound.Seconds()
		m.judge("cold start: "+q.name+", against 60 ms of processor time", bar{AtMost: 1})
		g.Measures = append(g.Measures, m)
	}
	return []group{g}, os.RemoveAll(dir)
}

func firstDay(s simulate.Summary) (time.Time, error) { return time.Parse(time.DateOnly, s.First) }
