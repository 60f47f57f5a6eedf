// Package ocsf renders findings as Detection Findings of the Open Cybersecurity Schema Framework, one JSON object a line.
//
// A Detection Finding (class 2004) tells of something that was found. What is good,
// unknown or not applicable is none; the rendering leaves it out and counts it.
package ocsf

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings"
)

// Version is that of the schema. The attributes that are used are in all later 1.x too.
const Version = "1.3.0"

// Numbers of OCSF: of the category Findings, the class Detection Finding, and the
// activity of one that is new.
const (
	categoryUID = 2
	classUID    = 2004
	activityID  = 1
)

// maxText is the longest text of one value, in bytes.
const maxText = 32 << 10

// Handler is the rendering.
type Handler struct {
	out     *bufio.Writer
	config  finding.Config
	checks  map[string]*finding.Check
	leftOut findings.LeftOut
}

// New returns a rendering to w. Close does not close w.
func New(w io.Writer) *Handler {
	return &Handler{out: bufio.NewWriter(w), checks: map[string]*finding.Check{}}
}

// LeftOut counts the findings that are no detections, and what else has no form here.
func (h *Handler) LeftOut() findings.LeftOut { return h.leftOut }

// Handle writes a finding.
func (h *Handler) Handle(m finding.Message) error {
	switch {
	case m.Config != nil:
		h.config = *m.Config
	case m.Check != nil:
		h.checks[m.Check.ID] = m.Check
	case m.Finding != nil && !m.Finding.Verdict.Found():
		h.leftOut.Findings++
	case m.Finding != nil:
		return h.write(m.Finding)
	case m.Incident != nil:
		h.leftOut.Incidents++
	case m.Problem != nil:
		h.leftOut.Problems++
	case m.Change != nil:
		return errors.New("write OCSF: a Detection Finding has no form for a change of a resource")
	}
	return nil
}

// Close writes what is still in memory.
func (h *Handler) Close() error { return h.out.Flush() }

func (h *Handler) write(f *finding.Finding) error {
	encoder := json.NewEncoder(h.out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(h.event(f)); err != nil {
		return fmt.Errorf("write finding %.200q as OCSF: %w", f.ID, err)
	}
	return nil
}

func (h *Handler) event(f *finding.Finding) event {
	check := h.checks[f.Check]
	if check == nil {
		check = &finding.Check{ID: f.Check}
	}
	e := event{
		ActivityID: activityID, ActivityName: "Create", CategoryUID: categoryUID, CategoryName: "Findings", ClassUID: classUID, ClassName: "Detection Finding",
		TypeUID: classUID*100 + activityID, TypeName: "Detection Finding: Create",
		SeverityID: severityID(f.Severity), Severity: caption(f.Severity), StatusID: 1, Status: "New",
		Time: f.Time.UnixMilli(), Message: findings.Clip(f.Title, maxText),
		Metadata: metadata{Version: Version, Profiles: []string{"cloud"}, Product: product{Name: h.config.Tool, Vendor: findings.Product, Version: h.config.Version, Feature: feature(h.config.Verb)}},
		Info: info{
			UID: f.ID, Title: findings.Clip(f.Title, maxText), Desc: findings.Clip(f.Description, maxText), CreatedTime: f.Time.UnixMilli(),
			Analytic:  analytic{UID: check.ID, Name: findings.Clip(check.Title, maxText), TypeID: 1, Type: "Rule", Desc: findings.Clip(check.Description, maxText)},
			SourceURL: findings.WebAddress(check.URL),
		},
		Cloud:    cloud{Provider: "AWS", Region: f.Region},
		Unmapped: unmapped{f.Verdict, f.EvidenceOmitted, h.config.Source, nil},
	}
	if f.Account != "" {
		e.Cloud.Account = &account{f.Account, "AWS Account", 10}
	}
	if !f.First.IsZero() {
		e.Info.FirstSeen = f.First.UnixMilli()
		e.StartTime = f.First.UnixMilli()
	}
	if !f.Last.IsZero() {
		e.Info.LastSeen = f.Last.UnixMilli()
		e.EndTime = f.Last.UnixMilli()
	}
	for _, r := range check.References {
		e.Unmapped.References = append(e.Unmapped.References, strings.TrimSpace(r.Catalogue+" "+r.Version)+" "+r.Number)
	}
	for _, r := range f.Resources {
		e.Resources = append(e.Resources, resource{UID: r.ID, Type: r.Type, Name: r.Name, Region: f.Region})
	}
	for _, piece := range f.Evidence {
		if piece.Event != nil && piece.Event.ID != "" {
			e.Info.Related = append(e.Info.Related, related{piece.Event.ID})
		}
		e.Evidences = append(e.Evidences, evidence{piece})
	}
	if text := strings.TrimSpace(f.Remedy.Text + "\n" + strings.Join(f.Remedy.Commands, "\n")); text != "" {
		e.Remediation = &remediation{Desc: findings.Clip(text, maxText), References: slices.DeleteFunc([]string{findings.WebAddress(f.Remedy.URL)}, func(u string) bool { return u == "" })}
	}
	return e
}

// severityID is the number of OCSF's severity_id. It has 6, Fatal, above Critical.
func severityID(s finding.Severity) int { return int(s) }

func caption(s finding.Severity) string {
	name := s.String()
	return strings.ToUpper(name[:1]) + name[1:]
}
