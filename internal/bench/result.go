package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// result is everything that one run measured.
type result struct {
	Date    string   `json:"date"`
	Machine machine  `json:"machine"`
	Quick   bool     `json:"quick,omitempty"` // tiny archives: the figures are meaningless
	Load    []string `json:"load"`            // of the system over a minute, at the start and at the end
	Minutes float64  `json:"minutes"`
	Groups  []group  `json:"groups"`
}

// group is trailkeeper and its references for one task.
type group struct {
	Section  string     `json:"section"`
	Title    string     `json:"title"`
	About    string     `json:"about,omitempty"`
	Ratio    string     `json:"ratio"` // the meaning of its ratios
	Measures []measured `json:"measures"`
	Notes    []string   `json:"notes,omitempty"`
}

// measured is one side of a comparison.
type measured struct {
	Name    string   `json:"name"`
	Samples []sample `json:"samples"`
	Ratio   float64  `json:"ratio,omitempty"`
	Verdict *verdict `json:"verdict,omitempty"`
}

// bar is the limits of a ratio; 0 is no limit.
type bar struct {
	AtLeast float64 `json:"atLeast,omitempty"`
	AtMost  float64 `json:"atMost,omitempty"`
}

type verdict struct {
	Figure string `json:"figure"`
	Bar    bar    `json:"bar"`
	Pass   bool   `json:"pass"`
}

func (m *measured) add(s sample) { m.Samples = append(m.Samples, s) }

// compare sets the ratio of m to another, using one of the functions below: the median
// of times or of processor times, or the maximum of peaks.
func (m *measured) compare(to *measured, by func(*measured) float64) { m.Ratio = by(m) / by(to) }

func slowness(m *measured) float64 {
	return median(m.each(func(s sample) float64 { return s.Seconds }))
}

func effort(m *measured) float64 {
	return median(m.each(func(s sample) float64 { return s.CPU }))
}

func largest(m *measured) float64 {
	return slices.Max(m.each(func(s sample) float64 { return float64(s.Peak) }))
}

func (m *measured) each(quantity func(sample) float64) []float64 {
	var list []float64
	for _, s := range m.Samples {
		list = append(list, quantity(s))
	}
	return list
}

func (m *measured) judge(figure string, b bar) {
	m.Verdict = &verdict{figure, b, m.Ratio >= b.AtLeast && (b.AtMost == 0 || m.Ratio <= b.AtMost)}
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	middle := len(list) / 2
	if len(list)%2 == 0 {
		return (list[middle-1] + list[middle]) / 2
	}
	return list[middle]
}

func (b bar) String() string {
	switch {
	case b.AtLeast > 0 && b.AtMost > 0:
		return fmt.Sprintf("%g to %g", b.AtLeast, b.AtMost)
	case b.AtMost > 0:
		return fmt.Sprintf("at most %g", b.AtMost)
	}
	return fmt.Sprintf("at least %g", b.AtLeast)
}

func (v *verdict) String() string {
	if v.Pass {
		return "pass"
	}
	return "MISSES THE BAR"
}

// text writes the result for people.
func (r *result) text() string {
	var out strings.Builder
	fmt.Fprintf(&out, "measured  %s, in %.0f minutes\n", r.Date, r.Minutes)
	r.Machine.writeTo(&out)
	fmt.Fprintf(&out, "load      %s before the run, of other programs; %s after it\n", r.Load[0], r.Load[1])
	if r.Quick {
		out.WriteString("A QUICK RUN: the figures mean nothing.\n")
	}
	out.WriteString("\n")
	verdicts := [][]string{{"", "ratio", "bar", ""}}
	for _, g := range r.Groups {
		for _, m := range g.Measures {
			if v := m.Verdict; v != nil {
				verdicts = append(verdicts, []string{v.Figure, fmt.Sprintf("%.2f", m.Ratio), v.Bar.String(), v.String()})
			}
		}
	}
	writeTable(&out, verdicts)
	for _, g := range r.Groups {
		g.writeTo(&out)
	}
	return out.String()
}

func (g *group) writeTo(out *strings.Builder) {
	fmt.Fprintf(out, "\n%s (ratio: %s)\n", g.Title, g.Ratio)
	if g.About != "" {
		fmt.Fprintf(out, "%s\n", g.About)
	}
	rows := [][]string{{"", "median", "least", "most", "CPU", "peak", "runs", "ratio"}}
	for _, m := range g.Measures {
		rows = append(rows, m.row())
	}
	writeTable(out, rows)
	for _, note := range g.Notes {
		fmt.Fprintf(out, "%s\n", note)
	}
}

func (m *measured) row() []string {
	seconds := m.each(func(s sample) float64 { return s.Seconds })
	ratio, cpu, peak := "", "", ""
	if m.Ratio > 0 {
		ratio = fmt.Sprintf("%.2f", m.Ratio)
	}
	if used := median(m.each(func(s sample) float64 { return s.CPU })); used > 0 {
		cpu = duration(used)
	}
	if bytes := largest(m); bytes > 0 {
		peak = fmt.Sprintf("%.0f MiB", bytes/(1<<20))
	}
	return []string{m.Name, duration(median(seconds)), duration(slices.Min(seconds)), duration(slices.Max(seconds)),
		cpu, peak, strconv.Itoa(len(seconds)), ratio}
}

func duration(seconds float64) string {
	if seconds < 0.01 {
		return fmt.Sprintf("%.3f ms", 1000*seconds)
	}
	if seconds < 0.2 {
		return fmt.Sprintf("%.1f ms", 1000*seconds)
	}
	return fmt.Sprintf("%.2f s", seconds)
}

// writeTable writes rows under a header. Figures are right-aligned; columns with an
// empty header are left-aligned. Columns without a figure are left out.
func writeTable(out *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows[1:] {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			switch width := max(widths[i], len(rows[0][i])); {
			case rows[0][i] == "":
				fmt.Fprintf(&line, "  %-*s", width, cell)
			case widths[i] > 0:
				fmt.Fprintf(&line, "  %*s", width, cell)
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
