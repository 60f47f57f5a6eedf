package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

// configFile is the default path of a trail's configuration.
const configFile = "trailkeeper.yaml"

// deployOptions are the flags of all verbs that deal with a deployed trail.
type deployOptions struct {
	config   string
	given    trail.Spec // values of flags that were given
	flags    *pflag.FlagSet
	profile  string
	endpoint string
}

// override is a flag that overrides a field of the configuration.
type override struct {
	flag string
	take func(to, from *trail.Spec)
}

func overrides() []override {
	return []override{
		{"env", func(to, from *trail.Spec) { to.Env = from.Env }},
		{"project-id", func(to, from *trail.Spec) { to.ProjectID = from.ProjectID }},
		{"region", func(to, from *trail.Spec) { to.Region = from.Region }},
		{"expected-account", func(to, from *trail.Spec) { to.ExpectedAccount = from.ExpectedAccount }},
		{"retention-days", func(to, from *trail.Spec) { to.RetentionDays = from.RetentionDays }},
		{"force-destroy", func(to, from *trail.Spec) { to.ForceDestroy = from.ForceDestroy }},
		{"bucket-name", func(to, from *trail.Spec) { to.BucketName = from.BucketName }},
		{"key-prefix", func(to, from *trail.Spec) { to.KeyPrefix = from.KeyPrefix }},
		{"kms", func(to, from *trail.Spec) { to.KMS = from.KMS }},
		{"sns", func(to, from *trail.Spec) { to.SNS = from.SNS }},
		{"organization", func(to, from *trail.Spec) { to.Organization = from.Organization }},
		{"alarms", func(to, from *trail.Spec) { to.Alarms.Enabled = from.Alarms.Enabled }},
		{"tag", func(to, from *trail.Spec) {
			tags := map[string]string{}
			maps.Copy(tags, to.Tags)
			maps.Copy(tags, from.Tags)
			to.Tags = tags
		}},
	}
}

func (o *deployOptions) register(f *pflag.FlagSet) {
	o.flags = f
	g := &o.given
	f.StringVar(&o.config, "config", configFile, "configuration of the trail")
	f.StringVar(&g.Env, "env", "", "environment, the first part of every name")
	f.StringVar(&g.ProjectID, "project-id", "", "project, the second part of every name")
	f.StringVar(&g.Region, "region", "", "home Region of the trail (default: that of the AWS configuration)")
	f.StringVar(&g.ExpectedAccount, "expected-account", "", "account to work in; every other is refused")
	f.IntVar(&g.RetentionDays, "retention-days", 0, "days for which logs are kept")
	f.BoolVar(&g.ForceDestroy, "force-destroy", false, "let destroy delete the bucket with its logs")
	f.StringVar(&g.BucketName, "bucket-name", "", "name of the bucket")
	f.StringVar(&g.KeyPrefix, "key-prefix", "", "prefix of all keys in the bucket")
	f.StringVar(&g.KMS, "kms", "", "none, create, or the ARN of a key")
	f.StringVar(&g.SNS, "sns", "", "none, create, or the ARN of a topic")
	f.BoolVar(&g.Organization, "organization", false, "a trail of all accounts of the organization")
	f.BoolVar(&g.Alarms.Enabled, "alarms", false, "alarms of the CIS benchmark")
	f.StringToStringVar(&g.Tags, "tag", nil, "KEY=VALUE, a tag for every resource, besides those of the configuration")
	f.StringVar(&o.profile, "profile", "", "AWS profile")
	f.StringVar(&o.endpoint, "endpoint-url", "", "URL of an AWS-compatible endpoint")
}

// spec reads the configuration and applies the flags. An invalid configuration
// is a usage error.
func (o *deployOptions) spec() (trail.Spec, error) {
	spec, err := o.read()
	if err != nil {
		return spec, err
	}
	for _, v := range overrides() {
		if o.flags.Changed(v.flag) {
			v.take(&spec, &o.given)
		}
	}
	return spec, senseless(spec.Validate())
}

// senseless returns the error for an invalid configuration, one problem per
// line.
func senseless(problems error) error {
	if problems == nil {
		return nil
	}
	list := strings.ReplaceAll(problems.Error(), "\n", "\n  ")
	return outcome.Usage(outcome.WithHint(errors.New("the configuration makes no sense:\n  "+list),
		"'trailkeeper init' writes a file in which every field is explained"))
}

func (o *deployOptions) read() (trail.Spec, error) {
	text, err := os.ReadFile(o.config)
	switch {
	case err == nil:
		spec, err := trail.Read(o.config, text)
		return spec, senseless(err)
	case !errors.Is(err, fs.ErrNotExist):
		return trail.Spec{}, outcome.CouldNotLook(fmt.Errorf("read configuration: %w", err))
	case o.flags.Changed("config") || !o.flags.Changed("env") || !o.flags.Changed("project-id"):
		return trail.Spec{}, outcome.Usage(outcome.WithHint(fmt.Errorf("read configuration: there is no %q", o.config),
			"'trailkeeper init' writes one; or give --env and --project-id"))
	}
	return trail.Default(), nil
}

// deployment is a trail and its account.
type deployment struct {
	*resources.Set
	options converge.Options
}

// planner and worker are the functions of converge: PlanApply and PlanDestroy, Apply
// and Destroy.
type (
	planner func(context.Context, []converge.Resource, converge.Options) (*converge.Plan, error)
	worker  func(context.Context, []converge.Resource, converge.Options) (*converge.Result, error)
)

// connect determines the account.
func (o *deployOptions) connect(ctx context.Context, s *streams) (*deployment, error) {
	spec, err := o.spec()
	if err != nil {
		return nil, err
	}
	a, err := account.Connect(ctx, account.Options{
		Region: spec.Region, Profile: o.profile, Endpoint: o.endpoint,
		ExpectedAccount: spec.ExpectedAccount, Organization: spec.Organization,
	})
	if err != nil {
		return nil, err
	}
	if err := spec.Fits(a.Place); err != nil {
		return nil, senseless(err)
	}
	for _, warning := range spec.Warnings() {
		fmt.Fprintf(s.err, "warning: %s\n", warning)
	}
	set, err := resources.New(&spec, a)
	if err != nil {
		return nil, err
	}
	return &deployment{Set: set, options: converge.Options{Now: s.now, Classify: resources.Classify, Grants: set.Grants()}}, nil
}

// plan makes a plan for either function.
func (d *deployment) plan(ctx context.Context, make planner, s *streams) (*converge.Plan, error) {
	defer d.progress("Reading", s).Done()
	return make(ctx, d.All(), d.options)
}

// progress shows the progress on a terminal until its Done.
func (d *deployment) progress(label string, s *streams) *progress.Bar {
	bar := progress.New(s.err, label)
	d.Progress = bar.SetNote
	d.options.Progress = func(step converge.Step) { bar.SetNote(step.String()) }
	return bar
}

// carryOut executes a plan and reports what was done.
func (d *deployment) carryOut(ctx context.Context, do worker, s *streams) error {
	bar := d.progress("Working", s)
	result, err := do(ctx, d.All(), d.options)
	bar.Done()
	for _, what := range result.Done {
		fmt.Fprintln(s.err, what)
	}
	for _, what := range result.Stays {
		fmt.Fprintf(s.err, "kept %s\n", what)
	}
	if err != nil && len(result.Done) == 0 {
		fmt.Fprintln(s.err, "nothing was changed")
	}
	if err == nil && len(result.Left) > 0 {
		return errors.New("not everything is gone: " + strings.Join(result.Left, "; "))
	}
	return err
}

// refused reports whether a plan cannot be executed.
func refused(plan *converge.Plan) bool {
	return slices.ContainsFunc(plan.Changes(), func(c converge.Change) bool { return c.Action == converge.Refused })
}
