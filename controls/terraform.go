package controls

import (
	"fmt"
	"io"
	"strings"
)

// WriteTerraform writes the controls as the locals of a Terraform file, a map for
// each of the sets, as the module cis_alarms reads them.
func WriteTerraform(w io.Writer, list []Control) error {
	var text strings.Builder
	text.WriteString(`# Made from the folder controls by 'go generate ./controls'. Change it there.
#
# The patterns are those of CIS AWS Foundations 1.4 as AWS Security Hub compares
# them, byte for byte: an auditor that looks for the exact string finds it.

locals {
`)
	writeSet(&text, list, CIS)
	text.WriteString("\n  # Ways to blind the trail that the CIS filters overlook.\n")
	writeSet(&text, list, Tamper)
	text.WriteString("}\n")
	_, err := io.WriteString(w, text.String())
	return err
}

func writeSet(w *strings.Builder, list []Control, set Set) {
	fmt.Fprintf(w, "  %s = {\n", set)
	for _, c := range list {
		if c.Set != set {
			continue
		}
		fmt.Fprintf(w, "    %s = {\n", quoteHCL(c.ID))
		for _, field := range [][2]string{{"control", c.Label()}, {"name", c.Filter}, {"metric", c.Metric}, {"description", c.Title}, {"pattern", c.Pattern}} {
			fmt.Fprintf(w, "      %-11s = %s\n", field[0], quoteHCL(field[1]))
		}
		w.WriteString("    }\n")
	}
	w.WriteString("  }\n")
}

// quoteHCL writes a string of one line as a quoted template of HCL that has no
// interpolation.
func quoteHCL(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(s) + `"`
}
