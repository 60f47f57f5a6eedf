package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/simulate"
)

// verify compares verifying an archive with only decompressing and hashing the same
// files, and verifying a bucket with the AWS CLI's validate-logs.
func (b *bench) verify(ctx context.Context) ([]group, error) {
	var groups []group
	for _, s := range []spec{b.small(), b.busy()} {
		a, err := b.archive(ctx, s)
		if err != nil {
			return nil, err
		}
		g, err := b.verifyFolder(ctx, a)
		if err != nil {
			return nil, err
		}
		groups = append(groups, *g)
	}
	memory, err := b.verifyMemory(ctx)
	if err != nil {
		return nil, err
	}
	remote, err := b.verifyBucket(ctx)
	if err != nil || remote == nil {
		return append(groups, *memory), err
	}
	return append(groups, *memory, *remote), nil
}

// verifyOnce runs verify, which must find everything valid.
func (b *bench) verifyOnce(ctx context.Context, a *archiveDir, m *measured, args ...string) error {
	s, err := b.trail(ctx, append([]string{"verify", "--keys", filepath.Join(a.dir, simulate.SideFolder, "public-keys.json")}, args...)...)
	if err != nil {
		return err
	}
	if text := string(s.Output); !strings.Contains(text, " = "+quantity.FormatCount(a.summary.Digests())+" valid") {
		return fmt.Errorf("verify does not find %d valid digests:\n%s", a.summary.Digests(), text)
	}
	m.add(s)
	b.say("%s, %s: %.2f s", a.name, m.Name, s.Seconds)
	return nil
}

func (b *bench) verifyFolder(ctx context.Context, a *archiveDir) (*group, error) {
	ours := &measured{Name: "trailkeeper verify"}
	alone := &measured{Name: "gunzip and SHA-256 alone, the same library"}
	for range 2*b.opts.rounds - 1 {
		if err := b.verifyOnce(ctx, a, ours, "--archive", a.dir); err != nil {
			return nil, err
		}
		if err := b.scanOnce(ctx, a, "hash", alone); err != nil {
			return nil, err
		}
	}
	alone.compare(ours, slowness)
	alone.judge("verify, "+a.name+", against gunzip and SHA-256 alone", bar{AtLeast: 0.6})
	return &group{Title: "verify of " + a.name, About: a.about(), Ratio: "the reference's time to trailkeeper's", Measures: []measured{*ours, *alone}}, nil
}

// verifyMemory compares the peaks of verify for an archive and for one ten times as
// large.
func (b *bench) verifyMemory(ctx context.Context) (*group, error) {
	g := &group{Title: "peak memory of verify, busy files", Ratio: "the peak to that of the first", Measures: make([]measured, 2)}
	for i, s := range []spec{b.busy(), b.busy().times(10)} {
		a, err := b.archive(ctx, s)
		if err != nil {
			return nil, err
		}
		m := &g.Measures[i]
		m.Name = fmt.Sprintf("%s log files, %s", quantity.FormatCount(a.summary.Total.Files), quantity.FormatSize(a.summary.Total.Bytes))
		for range b.opts.rounds {
			if err := b.verifyOnce(ctx, a, m, "--archive", a.dir); err != nil {
				return nil, err
			}
		}
	}
	larger := &g.Measures[1]
	larger.compare(&g.Measures[0], largest)
	larger.judge("peak memory of verify, ten times the archive", bar{AtMost: 1.25})
	return g, nil
}

// oneChain is an archive for validate-logs, which verifies one chain a run.
func (b *bench) oneChain() spec {
	if b.opts.quick {
		return spec{name: "one chain", days: 1, eventsPerDay: 100, perFile: 8, accounts: 1, regions: 1}
	}
	return spec{name: "one chain", days: 3, eventsPerDay: 6000, perFile: 8, accounts: 1, regions: 1}
}

// verifyBucket compares with validate-logs over the same endpoint. Without the AWS CLI
// it measures nothing.
func (b *bench) verifyBucket(ctx context.Context) (_ *group, err error) {
	aws, err := exec.LookPath("aws")
	if err != nil {
		return nil, nil
	}
	a, err := b.archive(ctx, b.oneChain())
	if err != nil {
		return nil, err
	}
	server, err := start(exec.CommandContext(ctx, b.self, childArgument, "bucket", a.dir))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.kill()) }()
	ours, theirs := &measured{Name: "trailkeeper verify"}, &measured{Name: "aws cloudtrail validate-logs"}
	for range b.opts.rounds {
		if err := b.verifyRemote(ctx, a, server.url, ours); err != nil {
			return nil, err
		}
	}
	if err := b.validateLogs(ctx, aws, a, server.url, theirs); err != nil { // once: it is slow
		return nil, err
	}
	theirs.compare(ours, slowness)
	theirs.judge("verify of a bucket, against validate-logs", bar{AtLeast: 20})
	return &group{Title: "verify of a bucket, served by this machine", About: a.about(), Ratio: "the reference's time to trailkeeper's",
		Measures: []measured{*ours, *theirs}, Notes: []string{"Both read every log file of one chain from the same server, which does nothing else."}}, nil
}

// credentials are for an endpoint that does not look at them.
func credentials(url string) []string {
	env := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "AWS_") })
	return append(env, "AWS_ENDPOINT_URL="+url, "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x", "AWS_REGION=us-east-1",
		"AWS_CONFIG_FILE=/nonexistent", "AWS_EC2_METADATA_DISABLED=true", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
}

func (b *bench) verifyRemote(ctx context.Context, a *archiveDir, url string, m *measured) error {
	cmd := exec.CommandContext(ctx, b.trailkeeper, "verify", "--archive", "s3://"+a.summary.Bucket, "--endpoint-url", url, "--path-style",
		"--keys", filepath.Join(a.dir, simulate.SideFolder, "public-keys.json"), "--until", a.summary.Closing)
	cmd.Env = credentials(url)
	s, err := measure(cmd)
	if err != nil {
		return err
	}
	if want := " = " + quantity.FormatCount(a.summary.Digests()) + " valid"; !strings.Contains(string(s.Output), want) {
		return fmt.Errorf("verify of the bucket does not find%s digests:\n%s", want, s.Output)
	}
	m.add(s)
	b.say("%s, %s: %.2f s", a.name, m.Name, s.Seconds)
	return nil
}

func (b *bench) validateLogs(ctx context.Context, aws string, a *archiveDir, url string, m *measured) error {
	cmd := exec.CommandContext(ctx, aws, "cloudtrail", "validate-logs", "--region", a.summary.Home, "--trail-arn", a.summary.Accounts[0].TrailARN,
		"--start-time", "2000-01-01T00:00:00Z", "--end-time", "2099-01-01T00:00:00Z")
	cmd.Env = credentials(url)
	s, err := measure(cmd)
	if err != nil {
		return err
	}
	text := string(s.Output)
	for _, want := range []int64{a.summary.Digests(), a.summary.Total.Files} {
		if !strings.Contains(text, fmt.Sprintf("%d/%d ", want, want)) {
			return fmt.Errorf("validate-logs does not find %d valid files:\n%s", want, text)
		}
	}
	m.add(s)
	b.say("%s, %s: %.2f s", a.name, m.Name, s.Seconds)
	return nil
}
