// Package asff renders findings in the AWS Security Finding Format, for BatchImportFindings of AWS Security Hub.
//
// Each line is one batch, an array that a call takes: at most 100 findings and 6 MB.
package asff

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/cerpac/trailkeeper/arn/partition"
	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings"
)

// Limits of BatchImportFindings: findings of a batch, and bytes of a batch and of a
// finding. AWS writes KB and MB; the smaller reading is taken.
const (
	maxBatch      = 100
	maxBatchBytes = 6_000_000
	maxFinding    = 240_000
)

// Options are what a stream may not say.
type Options struct {
	// Account and Region are those of findings that have none, for the stream that
	// has none either. Security Hub wants to be called by the account and in the
	// Region of a finding.
	Account, Region string
}

// New returns a rendering to w. Close does not close w.
func New(w io.Writer, o Options) *Handler {
	return &Handler{out: bufio.NewWriter(w), options: o, checks: map[string]*finding.Check{}}
}

// Handler is the rendering.
type Handler struct {
	out     *bufio.Writer
	options Options
	verb    string
	checks  map[string]*finding.Check
	batch   [][]byte
	bytes   int
	leftOut findings.LeftOut
}

// LeftOut counts what has no form here.
func (h *Handler) LeftOut() findings.LeftOut { return h.leftOut }

// Handle adds a finding to a batch, and writes batches that are full.
func (h *Handler) Handle(m finding.Message) error {
	switch {
	case m.Config != nil:
		h.verb = m.Config.Verb
		if m.Config.Account != "" {
			h.options.Account = m.Config.Account
		}
		if m.Config.Region != "" {
			h.options.Region = m.Config.Region
		}
	case m.Check != nil:
		h.checks[m.Check.ID] = m.Check
	case m.Finding != nil:
		return h.finding(*m.Finding)
	case m.Incident != nil:
		h.leftOut.Incidents++
	case m.Problem != nil:
		h.leftOut.Problems++
	case m.Change != nil:
		return errors.New("write ASFF: it has no form for a change of a resource")
	}
	return nil
}

// finding adds one to the batch.
func (h *Handler) finding(f finding.Finding) error {
	// What events say may be anything, and must not keep a finding back.
	said := f
	if !isAccount(f.Account) {
		f.Account = h.options.Account
	}
	if !isRegion(f.Region) {
		f.Region = h.options.Region
	}
	if !isAccount(f.Account) || !isRegion(f.Region) {
		return fmt.Errorf("write finding %.200q as ASFF: Security Hub wants an account and a Region, and neither the finding nor the stream has both: %.200q, %.200q", f.ID, f.Account, f.Region)
	}
	e := h.entry(f, partition.Of(f.Region).ID)
	if said.Account != f.Account && said.Account != "" {
		e.base["trailkeeper/account"] = findings.Clip(said.Account, maxValue)
	}
	if said.Region != f.Region && said.Region != "" {
		e.base["trailkeeper/region"] = findings.Clip(said.Region, maxValue)
	}
	text, err := encode(e)
	if err != nil {
		return fmt.Errorf("write finding %.200q as ASFF: %w", f.ID, err)
	}
	if len(h.batch) == maxBatch || h.bytes+len(text)+1 > maxBatchBytes {
		if err := h.flush(); err != nil {
			return err
		}
	}
	h.batch = append(h.batch, text)
	h.bytes += len(text) + 1
	return nil
}

func isAccount(id string) bool { return regexp.MustCompile(`^[0-9]{12}$`).MatchString(id) }

func isRegion(code string) bool {
	return regexp.MustCompile(`^[a-z]{2}[a-z-]*-[0-9]{1,2}$`).MatchString(code) && len(code) <= 16
}

// encode writes an entry within the limit of its size. What is largest, the evidence,
// gives way, and the entry says how much of it is missing.
func encode(e entry) ([]byte, error) {
	for pieces := len(e.evidence); ; pieces /= 2 {
		e.ProductFields = e.fields(pieces)
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(e); err != nil {
			return nil, err
		}
		text := bytes.TrimSuffix(out.Bytes(), []byte("\n"))
		if len(text) <= maxFinding {
			return text, nil
		}
		if pieces == 0 {
			return nil, fmt.Errorf("%d bytes, more than %d", len(text), maxFinding)
		}
	}
}

func (h *Handler) flush() error {
	if len(h.batch) > 0 {
		h.out.WriteString("[")
		h.out.Write(bytes.Join(h.batch, []byte(",")))
		h.out.WriteString("]\n")
	}
	h.batch, h.bytes = nil, 0
	return h.out.Flush()
}

// Close writes the last batch.
func (h *Handler) Close() error { return h.flush() }
