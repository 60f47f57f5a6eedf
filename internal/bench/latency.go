package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"

	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/sandbox/loadtest"
)

// repeated is a call that is made again and again, one at a time.
type repeated struct {
	name  string
	kind  loadtest.Kind
	times int // per round
	bar   bar
}

func (b *bench) repeated() []repeated {
	small, large := 3000, 150
	if b.opts.quick {
		small, large = 50, 5
	}
	return []repeated{
		{"a small call in JSON", loadtest.Queue, small, bar{AtMost: 6}},
		{"PUT of a small object", loadtest.Put, small, bar{AtMost: 6}},
		{"GET of 8 MiB", loadtest.Get, large, bar{AtMost: 4}},
	}
}

// latencies measures one call at a time, at each endpoint in turn.
func (b *bench) latencies(ctx context.Context) (groups []group, err error) {
	f, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if f.proxy, err = start(exec.CommandContext(ctx, b.self, childArgument, "proxy", f.upstream.url)); err != nil {
		return nil, err
	}
	for _, call := range b.repeated() {
		g, err := b.latency(ctx, f, call)
		if err != nil {
			return nil, err
		}
		groups = append(groups, *g)
	}
	groups[len(groups)-1].Notes = []string{
		"The upstream answers at once; a real one takes longer, and the sandbox adds the same to it. The proxy is",
		"net/http/httputil.ReverseProxy.",
	}
	return groups, nil
}

func (b *bench) latency(ctx context.Context, f *front, call repeated) (*group, error) {
	g := &group{
		Title: "sandbox: " + call.name, Ratio: "the time to the bare upstream's",
		About: fmt.Sprintf("%s calls a run, one after the other", quantity.FormatCount(int64(call.times))),
	}
	for _, name := range []string{"bare upstream", "through the sandbox", "through a proxy that records nothing"} {
		g.Measures = append(g.Measures, measured{Name: name + ", median"}, measured{Name: name + ", 99th percentile"})
	}
	for range 2*b.opts.rounds - 1 { // short, and varies much
		for i, e := range []*endpoint{f.upstream, f.sandbox, f.proxy} {
			var report latencyReport
			if _, err := b.timed(ctx, &report, "latency", e.url, string(call.kind), strconv.Itoa(call.times)); err != nil {
				return nil, err
			}
			g.Measures[2*i].add(sample{Seconds: report.Median})
			g.Measures[2*i+1].add(sample{Seconds: report.P99})
		}
	}
	for i := 2; i < len(g.Measures); i++ {
		g.Measures[i].compare(&g.Measures[i%2], slowness)
	}
	g.Measures[2].judge("sandbox: "+call.name+", against the bare upstream", call.bar)
	b.say("%s: %.2f times the time", g.Title, g.Measures[2].Ratio)
	return g, nil
}
