package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/cerpac/trailkeeper/internal/sandbox/loadtest"
)

// connections is the number of concurrent connections to an endpoint.
const connections = 32

// latencyReport is the durations of calls made one after another.
type latencyReport struct {
	Median float64 `json:"median"` // seconds
	P99    float64 `json:"p99"`    // the 99th percentile
}

// measureLatency takes a URL, the kind of call, and the number of calls.
func measureLatency(ctx context.Context, args []string) (*latencyReport, error) {
	kind := loadtest.Kind(args[1])
	calls, err := strconv.Atoi(args[2])
	if err != nil {
		return nil, err
	}
	caller := loadtest.NewCaller(args[0], nil, 1)
	defer caller.Close()
	if _, err := caller.Latencies(ctx, kind, 1+calls/10); err != nil { // warms up
		return nil, err
	}
	took, err := caller.Latencies(ctx, kind, calls)
	if err != nil {
		return nil, err
	}
	slices.Sort(took)
	return &latencyReport{took[len(took)/2].Seconds(), took[len(took)*99/100].Seconds()}, nil
}

// burstReport is the result of calls from all connections.
type burstReport struct {
	Calls   int     `json:"calls"`
	Seconds float64 `json:"seconds"`
}

// measureBurst takes a URL and a duration.
func measureBurst(ctx context.Context, args []string) (*burstReport, error) {
	const noLimit = 1 << 30
	lasts, err := time.ParseDuration(args[1])
	if err != nil {
		return nil, err
	}
	caller := loadtest.NewCaller(args[0], nil, connections)
	defer caller.Close()
	until, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	started := time.Now()
	calls, err := caller.Burst(until, connections, 0, noLimit)
	return &burstReport{calls, time.Since(started).Seconds()}, err
}

// checkCalls checks that each call is once in the journal and once in the delivered
// files. It takes the folders of both and the number of calls.
func checkCalls(args []string) error {
	calls, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	recorded, err := loadtest.InJournal(args[0], calls)
	if err != nil {
		return err
	}
	delivered, err := loadtest.Delivered(args[1], calls)
	if err != nil {
		return err
	}
	return errors.Join(recorded.Err(), delivered.Err())
}
