package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/catalogue"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/terminal"
	"github.com/cerpac/trailkeeper/rules"
	"github.com/cerpac/trailkeeper/sigma"
)

// ruleOptions say which detection rules there are.
type ruleOptions struct {
	rules        []string // folders
	builtin      bool     // with the rules that are part of the program
	placeholders []string // NAME=VALUE
	strict       bool
}

func (o *ruleOptions) addRuleFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.rules, "rules", nil, "folder with more rules, searched through; may be repeated")
	f.BoolVar(&o.builtin, "builtin", true, "with the rules that are part of the program")
	f.StringArrayVar(&o.placeholders, "placeholder", nil, "NAME=VALUE of a placeholder %NAME% in rules; may be repeated")
	f.BoolVar(&o.strict, "strict", false, "end with exit code 3 if a rule has a mistake")
}

func (o *ruleOptions) validate() error {
	if len(o.rules) == 0 && !o.builtin {
		return outcome.WithHint(errors.New("--rules is missing"), "name a folder with rules in Sigma, such as a checkout of SigmaHQ's, or leave out --builtin=false")
	}
	return nil
}

// sources returns where rules are. A folder that is named twice is one.
func (o *ruleOptions) sources() ([]catalogue.Source, error) {
	var sources []catalogue.Source
	if o.builtin {
		sources = append(sources, rules.Source())
	}
	for i, folder := range o.rules {
		if slices.Contains(o.rules[:i], folder) {
			continue
		}
		if _, err := os.ReadDir(folder); err != nil {
			return nil, outcome.CouldNotLook(fmt.Errorf("read rules: %w", err))
		}
		sources = append(sources, catalogue.Folder(folder))
	}
	return sources, nil
}

// load reads the rules, and names those with mistakes.
func (o *ruleOptions) load(ctx context.Context, verb string, s *streams) (*sigma.Set, error) {
	placeholders, err := parsePlaceholders(o.placeholders)
	if err != nil {
		return nil, misuse(verb, err)
	}
	sources, err := o.sources()
	if err != nil {
		return nil, err
	}
	set, problems, err := sigma.Load(ctx, sigma.Options{Placeholders: placeholders}, sources...)
	if err != nil {
		return nil, outcome.CouldNotLook(err)
	}
	for _, problem := range problems {
		fmt.Fprintf(s.err, "trailkeeper: %s\n", terminal.Visible(problem.Error()))
	}
	other := 0
	for _, n := range set.OtherLogs {
		other += n
	}
	switch {
	case other == 1:
		fmt.Fprintln(s.err, "1 rule is about another log than CloudTrail's")
	case other > 1:
		fmt.Fprintf(s.err, "%s rules are about other logs than CloudTrail's\n", quantity.FormatCount(int64(other)))
	}
	switch {
	case o.strict && len(problems) > 0:
		return nil, outcome.CouldNotLook(fmt.Errorf("%s: %d mistakes in rules", verb, len(problems)))
	case len(set.Rules)+len(set.Correlations) == 0:
		return nil, outcome.CouldNotLook(fmt.Errorf("%s: no rule for CloudTrail in %q", verb, o.rules))
	}
	return set, nil
}

// parsePlaceholders reads values of the form NAME=VALUE.
func parsePlaceholders(texts []string) (map[string][]string, error) {
	values := map[string][]string{}
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--placeholder %q is not NAME=VALUE", text)
		}
		values[name] = append(values[name], value)
	}
	return values, nil
}
