package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// runChild runs one measured process, named by the first argument.
func runChild(ctx context.Context, args []string, stdout io.Writer) error {
	jobs := []struct {
		name string
		args int // at least
		run  func(args []string) (any, error)
	}{
		{"version", 0, func([]string) (any, error) { return engineVersion(ctx) }},
		{"sql", 1, func(args []string) (any, error) { return runSQL(ctx, args) }},
		{"count", 1, func(args []string) (any, error) { return countNames(ctx, args[0]) }},
		{"gunzip", 1, func(args []string) (any, error) { return gunzipAll(ctx, args[0], (*unzipper).stream) }},
		{"libdeflate", 1, func(args []string) (any, error) { return gunzipAll(ctx, args[0], (*unzipper).whole) }},
		{"hash", 1, func(args []string) (any, error) { return gunzipAll(ctx, args[0], (*unzipper).hash) }},
		{"bucket", 1, func(args []string) (any, error) { return nil, serveBucket(ctx, stdout, args[0]) }},
		{"queries", 2, func(args []string) (any, error) {
			rounds, err := strconv.Atoi(args[1])
			if err != nil {
				return nil, err
			}
			return askAll(ctx, args[0], rounds)
		}},
		{"upstream", 1, func(args []string) (any, error) { return nil, serveUpstream(ctx, stdout, args[0]) }},
		{"proxy", 1, func(args []string) (any, error) { return nil, serveProxy(ctx, stdout, args[0]) }},
		{"latency", 3, func(args []string) (any, error) { return measureLatency(ctx, args) }},
		{"burst", 2, func(args []string) (any, error) { return measureBurst(ctx, args) }},
		{"check", 3, func(args []string) (any, error) { return nil, checkCalls(args) }},
	}
	for _, job := range jobs {
		if len(args) > job.args && slices.Contains(args[:1], job.name) {
			report, err := job.run(args[1:])
			if err != nil {
				return err
			}
			return json.NewEncoder(stdout).Encode(report)
		}
	}
	return fmt.Errorf("measure %q: no such job", args)
}
