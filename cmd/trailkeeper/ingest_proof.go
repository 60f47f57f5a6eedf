package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/custody"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/scan"
	"github.com/cerpac/trailkeeper/internal/terminal"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// verifiedOptions demand proof of the log files that are ingested.
type verifiedOptions struct {
	required bool
	keys     keyOptions
}

func (o *verifiedOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.required, "require-verified", false, "only log files that a valid digest vouches for; see trailkeeper verify")
	o.keys.addKeyFlags(f, "with --require-verified, ")
}

func (o *verifiedOptions) validate(a *archiveOptions) error {
	switch {
	case o.required:
		return o.keys.missing(a)
	case o.keys.given():
		return errors.New("--keys and --key-store need --require-verified")
	}
	return nil
}

// evidence is what the digests of an archive say of it, and what is wrong besides
// the log files that are there.
type evidence struct {
	*custody.Archive
	findings []verify.Result // the first ones
	states   map[verify.State]int64
}

// maxFindings is the maximum number of findings that are named.
const maxFindings = 20

// prove verifies the digests of the archive.
func (o *ingestOptions) prove(ctx context.Context, source archiveSource, s *streams) (*evidence, error) {
	keys, err := o.proof.keys.of(&o.archiveOptions)
	if err != nil {
		return nil, outcome.CouldNotLook(err)
	}
	e := &evidence{states: map[verify.State]int64{}}
	e.Archive, err = custody.Build(ctx, custody.Options{
		Source: source, Keys: keys, Filter: o.filter, Now: s.now(), Live: o.remote(), Workers: o.workersOr(o.workers),
		TempDir: lake.ScratchDir(o.lake), Found: e.found,
	})
	if err != nil {
		return nil, fmt.Errorf("verify the digests of archive %q: %w", o.archive, err)
	}
	return e, nil
}

func (e *evidence) found(r verify.Result) error {
	if e.states[r.State]++; len(e.findings) < maxFindings {
		e.findings = append(e.findings, r)
	}
	return nil
}

// Find is that of the Archive, for ingest.
func (e *evidence) Find(ctx context.Context, o archive.Object) (ingest.Proof, *scan.Refusal, error) {
	proof, refused, err := e.Archive.Find(ctx, o)
	if proof == nil {
		return nil, refused, err
	}
	return proof, nil, nil
}

// proofReport is what a report says besides if proof was demanded.
type proofReport struct {
	*ingest.Report
	Findings proofFindings `json:"findings"`
}

// proofFindings are what is wrong with the archive besides log files that are there.
type proofFindings struct {
	States map[verify.State]int64 `json:"states"` // numbers by state
	First  []proofFinding         `json:"first"`
}

type proofFinding struct {
	State  verify.State  `json:"state"`
	Object verify.Object `json:"object"`
	Key    string        `json:"key,omitempty"`
	Reason string        `json:"reason"`
	line   string
}

func (e *evidence) report(r *ingest.Report) *proofReport {
	p := &proofReport{Report: r, Findings: proofFindings{States: e.states, First: []proofFinding{}}}
	for _, f := range e.findings {
		p.Findings.First = append(p.Findings.First, proofFinding{f.State, f.Object, f.Key, f.Reason, f.Line()})
	}
	return p
}

// printUnproven adds to the account of the files those that lack proof.
func printUnproven(table *tabwriter.Writer, r *ingest.Report) {
	for _, state := range slices.Sorted(maps.Keys(r.Unproven.States)) {
		fmt.Fprintf(table, "  unproven\t%s\t%s\n", quantity.FormatCount(r.Unproven.States[state]), state)
	}
}

// printProof names what lacks proof, and what is wrong besides.
func printProof(table *tabwriter.Writer, p *proofReport) {
	n := quantity.FormatCount
	for _, f := range p.Unproven.Files {
		fmt.Fprintf(table, "%s\t\tlog file %q: %s\n", f.State, f.File, terminal.Visible(f.Reason))
	}
	if more := p.Files.Unproven - int64(len(p.Unproven.Files)); more > 0 {
		fmt.Fprintf(table, "unproven\t\tand %s more; trailkeeper verify names all\n", n(more))
	}
	total := int64(0)
	for _, count := range p.Findings.States {
		total += count
	}
	for _, f := range p.Findings.First {
		fmt.Fprintf(table, "%s\t\t%s\n", f.State, strings.TrimSpace(strings.TrimPrefix(f.line, string(f.State))))
	}
	if more := total - int64(len(p.Findings.First)); more > 0 {
		fmt.Fprintf(table, "findings\t\tand %s more; trailkeeper verify names all\n", n(more))
	}
	if p.Proof.Recorded > 0 {
		fmt.Fprintf(table, "proof\t%s\tevents that earlier runs stored without proof have one now\n", n(p.Proof.Recorded))
	}
	if p.Proof.Without > 0 {
		fmt.Fprintf(table, "no proof\t%s\tevents in the lake are of log files without proof: WHERE verified_at IS NULL\n", n(p.Proof.Without))
	}
}

// messages returns what lacks proof and what is wrong besides as messages.
func (p *proofReport) messages() (list []finding.Message) {
	add := func(state, object, reason string) {
		unseen := verify.State(state).Unknown()
		list = append(list, finding.Message{Problem: &finding.Problem{Location: object, Cause: state + ": " + reason, Unseen: unseen}})
	}
	for _, f := range p.Unproven.Files {
		add(f.State, f.File, f.Reason)
	}
	for _, f := range p.Findings.First {
		add(string(f.State), f.Key, f.Reason)
	}
	return list
}

// counts are the numbers of the report, by name.
func (p *proofReport) counts() map[string]int64 {
	counts := map[string]int64{"files.unproven": p.Files.Unproven, "proof.recorded": p.Proof.Recorded, "proof.without": p.Proof.Without}
	for state, n := range p.Unproven.States {
		counts["unproven."+state] = n
	}
	for state, n := range p.Findings.States {
		counts["findings."+string(state)] = n
	}
	return counts
}

// bad returns how much evidence there is against the archive.
func (p *proofReport) bad() int64 {
	return p.Unproven.Bad + p.Findings.States[verify.Tampered] + p.Findings.States[verify.Missing]
}

// unknown returns how many log files and digests are neither proven nor disproved.
func (p *proofReport) unknown() (n int64) {
	n = p.Files.Unproven - p.Unproven.Bad - p.Unproven.Open
	for state, count := range p.Findings.States {
		if state.Unknown() {
			n += count
		}
	}
	return n
}

// judge turns what lacks proof into the command's outcome.
func (p *proofReport) judge(opts ingestOptions) error {
	n := quantity.FormatCount
	const hint = "trailkeeper verify names all, and why; what is proven is in the lake"
	switch {
	case p.bad() > 0:
		return outcome.BadEvidence(outcome.WithHint(fmt.Errorf("ingest archive %q: evidence against %s log files, which did not enter; missing or tampered besides: %s",
			opts.archive, n(p.Unproven.Bad), n(p.bad()-p.Unproven.Bad)), hint))
	case p.unknown() > 0:
		return outcome.CouldNotLook(outcome.WithHint(fmt.Errorf("ingest archive %q: %s log files or digests could not be proven", opts.archive, n(p.unknown())), hint))
	}
	return nil
}
