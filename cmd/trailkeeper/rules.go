package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/detect"
	"github.com/cerpac/trailkeeper/internal/nearest"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/terminal"
	"github.com/cerpac/trailkeeper/sigma"
)

func newRulesCommand(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules COMMAND",
		Short: "List detection rules, show one, and test them with their cases",
		Example: `  trailkeeper rules list
  trailkeeper rules show "Trail stopped or deleted"
  trailkeeper rules test --builtin=false --rules ./rules
  trailkeeper rules coverage --format navigator > layer.json`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesListCommand(s), newRulesShowCommand(s), newRulesTestCommand(s), newRulesCoverageCommand(s))
	return cmd
}

// told returns the rules and correlations whose hits are findings, the most severe
// first.
func told(set *sigma.Set) []*sigma.Meta {
	var all []*sigma.Meta
	for _, r := range set.Rules {
		if r.Alone {
			all = append(all, &r.Meta)
		}
	}
	for _, c := range set.Correlations {
		if c.Alone {
			all = append(all, &c.Meta)
		}
	}
	slices.SortStableFunc(all, func(a, b *sigma.Meta) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), strings.Compare(a.Title, b.Title))
	})
	return all
}

func newRulesListCommand(s *streams) *cobra.Command {
	opts := ruleOptions{}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the rules, the most severe first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := opts.loadFor(cmd.Context(), "rules list", s)
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
			for _, m := range told(set) {
				fmt.Fprintf(table, "%s\t%s\t%s\n", m.Level, terminal.Visible(m.Title), strings.Join(m.Techniques(), " "))
			}
			return cli.DropUnread(table.Flush())
		},
	}
	opts.addRuleFlags(cmd.Flags())
	return cmd
}

func (o *ruleOptions) loadFor(ctx context.Context, verb string, s *streams) (*sigma.Set, error) {
	if err := o.validate(); err != nil {
		return nil, misuse(verb, err)
	}
	return o.load(ctx, verb, s)
}

func newRulesShowCommand(s *streams) *cobra.Command {
	opts := ruleOptions{}
	cmd := &cobra.Command{
		Use:   "show TITLE|ID",
		Short: "Print the file of a rule",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := opts.loadFor(cmd.Context(), "rules show", s)
			if err != nil {
				return err
			}
			text, err := opts.text(set, args[0])
			if err != nil {
				return err
			}
			_, err = s.out.Write(text)
			return cli.DropUnread(err)
		},
	}
	opts.addRuleFlags(cmd.Flags())
	return cmd
}

// text returns the file of the rule with a title, id or name.
func (o *ruleOptions) text(set *sigma.Set, wanted string) ([]byte, error) {
	var titles []string
	for _, m := range told(set) {
		titles = append(titles, m.Title)
		if m.Title != wanted && m.ID != wanted && m.Name != wanted {
			continue
		}
		sources, err := o.sources()
		if err != nil {
			return nil, err
		}
		for _, source := range sources {
			if source.Name == m.Source {
				text, err := fs.ReadFile(source.FS, m.File)
				return text, outcome.CouldNotLook(err)
			}
		}
	}
	hint := "trailkeeper rules list lists them"
	if near := nearest.Name(wanted, titles); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return nil, misuse("rules show", outcome.WithHint(fmt.Errorf("there is no rule %q", wanted), hint))
}

func newRulesTestCommand(s *streams) *cobra.Command {
	opts := ruleOptions{}
	cmd := &cobra.Command{
		Use:   "test",
		Short: "Test rules with the events beside them",
		Long: `Test rules with the cases in their folders: each line of hits.jsonl is an event, or
an array of events, in which the rules of the folder must find something, and each
line of misses.jsonl one in which they must not. Rules without cases are named.

The exit code is 1 if a case fails, and 3 if a rule has a mistake.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return opts.test(cmd.Context(), s) },
	}
	opts.addRuleFlags(cmd.Flags())
	return cmd
}

func (o *ruleOptions) test(ctx context.Context, s *streams) error {
	o.strict = true
	set, err := o.loadFor(ctx, "rules test", s)
	if err != nil {
		return err
	}
	sources, err := o.sources()
	if err != nil {
		return err
	}
	cases, failed, untested := 0, 0, 0
	for _, source := range sources {
		t, err := detect.Test(ctx, set, source)
		if err != nil {
			return outcome.CouldNotLook(err)
		}
		for _, problem := range t.Problems {
			fmt.Fprintf(s.err, "trailkeeper: %s\n", terminal.Visible(problem.Error()))
		}
		for _, rule := range t.Untested {
			fmt.Fprintf(s.err, "no cases: rule %s\n", terminal.Visible(rule))
		}
		cases, failed, untested = cases+t.Cases, failed+len(t.Problems), untested+len(t.Untested)
	}
	n := func(count int) string { return quantity.FormatCount(int64(count)) }
	if _, err := fmt.Fprintf(s.out, "rules  %s, of which %s have no cases\ncases  %s = %s passed + %s failed\n",
		n(len(told(set))), n(untested), n(cases), n(cases-failed), n(failed)); err != nil {
		return err
	}
	if failed > 0 {
		return outcome.BadEvidence(fmt.Errorf("rules test: %s of %s cases failed", n(failed), n(cases)))
	}
	return nil
}

// coverageFormat is how the covered techniques are written.
type coverageFormat string

const (
	coverageText      coverageFormat = "text"
	coverageNavigator coverageFormat = "navigator" // a layer for the ATT&CK Navigator
)

func newRulesCoverageCommand(s *streams) *cobra.Command {
	opts, format := ruleOptions{}, coverageText
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "List the ATT&CK techniques that rules are about",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := opts.loadFor(cmd.Context(), "rules coverage", s)
			if err != nil {
				return err
			}
			if format == coverageNavigator {
				return cli.DropUnread(writeLayer(s.out, byTechnique(set)))
			}
			table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
			by := byTechnique(set)
			for _, technique := range slices.Sorted(maps.Keys(by)) {
				fmt.Fprintf(table, "%s\t%d\t%s\n", technique, len(by[technique]), terminal.Visible(strings.Join(by[technique], "; ")))
			}
			return cli.DropUnread(table.Flush())
		},
	}
	opts.addRuleFlags(cmd.Flags())
	cmd.Flags().Var(choiceFlag(&format, coverageText, coverageNavigator), "format", "of the techniques")
	return cmd
}

// byTechnique returns the titles of the rules about each technique.
func byTechnique(set *sigma.Set) map[string][]string {
	by := map[string][]string{}
	for _, m := range told(set) {
		for _, technique := range m.Techniques() {
			by[technique] = append(by[technique], m.Title)
		}
	}
	return by
}

// writeLayer writes a layer of the ATT&CK Navigator, layer format 4.5.
func writeLayer(w io.Writer, by map[string][]string) error {
	type technique struct {
		ID      string `json:"techniqueID"`
		Score   int    `json:"score"`
		Comment string `json:"comment"`
	}
	layer := struct {
		Name       string            `json:"name"`
		Versions   map[string]string `json:"versions"`
		Domain     string            `json:"domain"`
		Techniques []technique       `json:"techniques"`
	}{"trailkeeper rules", map[string]string{"layer": "4.5", "attack": "16", "navigator": "5.1"}, "enterprise-attack", nil}
	for _, id := range slices.Sorted(maps.Keys(by)) {
		layer.Techniques = append(layer.Techniques, technique{id, len(by[id]), strings.Join(by[id], "; ")})
	}
	text, err := json.MarshalIndent(layer, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
