// Package findings is what the renderings of findings share: short words for evidence, and text cut to a length.
//
// The packages below it are one rendering each. They read messages of package finding
// and know nothing of what found them.
package findings

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/finding"
)

// Product is what the renderings call the program where a format wants its name.
const Product = "trailkeeper"

// LeftOut counts what a format has no form for. A verb that renders in it tells the
// numbers on standard error.
type LeftOut struct {
	Findings  int64 // that the format does not take, such as good ones
	Incidents int64
	Problems  int64
}

// Any reports whether anything was left out.
func (l LeftOut) Any() bool { return l != LeftOut{} }

// String lists the counts that are not 0.
func (l LeftOut) String() string {
	var parts []string
	for _, count := range []struct {
		n    int64
		what string
	}{{l.Findings, "findings"}, {l.Incidents, "incidents"}, {l.Problems, "problems"}} {
		if count.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count.n, count.what))
		}
	}
	return strings.Join(parts, ", ")
}

// Clip returns s in at most limit bytes, which are at least 40. What was cut is told at
// its end, and a character is never cut apart.
func Clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	note := fmt.Sprintf("... (%d bytes)", len(s))
	end := limit - len(note)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + note
}

// WebAddress returns u if it is an absolute address of the web, "" otherwise: a link
// that would run something when it is followed is none.
func WebAddress(u string) string {
	parsed, err := url.Parse(u)
	if err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http" {
		return ""
	}
	return parsed.String()
}

// Kind returns which member of a piece of evidence is set.
func Kind(e finding.Evidence) string {
	switch {
	case e.Event != nil:
		return "event"
	case e.Object != nil:
		return "object"
	}
	return "call"
}

// Describe returns a piece of evidence as one line.
func Describe(e finding.Evidence) string {
	switch {
	case e.Event != nil:
		return describeEvent(e.Event)
	case e.Object != nil:
		return describeObject(e.Object)
	case e.Call != nil:
		return describeCall(e.Call)
	}
	return ""
}

func describeEvent(e *finding.Event) string {
	var parts []string
	if !e.Time.IsZero() {
		parts = append(parts, e.Time.UTC().Format(time.RFC3339))
	}
	parts = add(parts, "", e.Source)
	parts = add(parts, "", e.Name)
	parts = add(parts, "by ", e.Principal)
	parts = add(parts, "from ", e.Address)
	parts = add(parts, "refused with ", e.Error)
	parts = add(parts, "in ", strings.Trim(e.Account+" "+e.Region, " "))
	parts = add(parts, "eventID ", e.ID)
	if e.LogFile != "" {
		parts = append(parts, fmt.Sprintf("at byte %d of %s", e.Offset, e.LogFile))
	}
	return strings.Join(parts, " ")
}

func describeObject(o *finding.Object) string {
	text := o.Location + ": " + o.State
	var parts []string
	parts = add(parts, "expected ", o.Expected)
	parts = add(parts, "found ", o.Found)
	parts = add(parts, "by ", o.By)
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}

func describeCall(c *finding.Call) string {
	text := c.Service + " " + c.Operation
	if len(c.Request) > 0 {
		text += " " + string(c.Request)
	}
	switch {
	case c.Error != "":
		return text + ": " + c.Error
	case c.Path != "":
		return text + ": " + c.Path + " = " + string(c.Answer)
	case len(c.Answer) > 0:
		return text + ": " + string(c.Answer)
	}
	return text
}

func add(parts []string, prefix, value string) []string {
	if value == "" {
		return parts
	}
	return append(parts, prefix+value)
}
