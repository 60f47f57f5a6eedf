package trail

import (
	"reflect"
	"strings"
	"testing"

	yaml "github.com/goccy/go-yaml"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/selector"
)

func TestRead(t *testing.T) {
	days, no := 0, false
	got, err := Read("trailkeeper.yaml", []byte(`%YAML 1.2
---
# a comment
env: production
project_id: 'cerpac'
region: "eu-west-2"
retention_days: 365
force_destroy: true
tags: {Team: "007", Empty: ""}
object_lock:
  mode: GOVERNANCE
  days: 30
log_group_retention_days: 0
accounts: ["111111111111", '222222222222']
insights: []
event_selectors:
  - include_management_events: false
    data_resources:
    - type: AWS::S3::Object
      values: [ "arn:aws:s3:::bucket/" ]
alarms:
  enabled: true
  overrides:
    cis-4.3: {threshold: 2.5, period: 60}
    cis-4.1:
      pattern: |-
        { $.a = "b" }
`))
	want := Default()
	want.Env, want.ProjectID, want.Region, want.RetentionDays, want.ForceDestroy = "production", "cerpac", "eu-west-2", 365, true
	want.Tags = map[string]string{"Team": "007", "Empty": ""}
	want.ObjectLock = &ObjectLock{Mode: "GOVERNANCE", Days: 30}
	want.LogGroupRetentionDays = &days
	want.Accounts = []string{"111111111111", "222222222222"}
	want.EventSelectors = []selector.Basic{{IncludeManagementEvents: &no, DataResources: []selector.DataResource{{Type: "AWS::S3::Object", Values: []string{"arn:aws:s3:::bucket/"}}}}}
	want.Alarms.Enabled = true
	want.Alarms.Overrides = map[string]AlarmOverride{"cis-4.3": {Threshold: 2.5, Period: 60}, "cis-4.1": {Pattern: `{ $.a = "b" }`}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%+v\nwant\n%+v", err, got, want)
	}
}

// JSON is YAML too, with and without spaces.
func TestReadJSON(t *testing.T) {
	got, err := Read("f", []byte(`{"env":"a","tags":{"b":"c"},"retention_days":3,"alarms":{"enabled":true},"kms": "create"}`))
	want := Default()
	want.Env, want.Tags, want.RetentionDays, want.Alarms.Enabled, want.KMS = "a", map[string]string{"b": "c"}, 3, true, create
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadNothing(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "{}"} {
		if got, err := Read("f", []byte(text)); err != nil || !reflect.DeepEqual(got, Default()) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown", "env: a\nretension_days: 3", `f:2:1: unknown key "retension_days"; did you mean "retention_days"?`},
		{"unknown below", "env: a\nevent_selectors:\n  - read_write_typ: All", `f:3:5: unknown key "read_write_typ" in event_selectors[0]; did you mean "read_write_type"?`},
		{"unknown and far", "object_lock:\n  until: 3", `f:2:3: unknown key "until" in object_lock; known are mode, days`},
		{"twice", "env: a\nenv: b", `f:2:1: key "env" is already set in line 1`},
		{"twice below", "tags:\n  a: b\n  \"a\": c", `f:3:3: tags: key "a" is already set in line 2`},
		{"number for text", "env: 2024", `f:1:6: env: wants text; write it in quotes: "2024"`},
		{"account without quotes", "accounts: [012345670123]", `f:1:12: accounts[0]: wants text; write it in quotes: "012345670123"`},
		{"truth for text", "tags: {a: true}", `f:1:11: tags.a: wants text; write it in quotes: "true"`},
		{"list for text", "env: [a]", `f:1:6: env: wants text, not a list`},
		{"mapping for text", "env:\n  a: b", `f:2:3: env: wants text, not a mapping`},
		{"nothing", "env:\nproject_id: a", `f:1:5: env: wants text, not nothing; remove the key to use its default`},
		{"text for number", "retention_days: \"90\"", `f:1:17: retention_days: wants a whole number, not "90"`},
		{"part of a day", "retention_days: 1.5", `f:1:17: retention_days: wants a whole number, not "1.5"`},
		{"octal", "retention_days: 0100", `f:1:17: retention_days: wants a whole number, not "0100"`},
		{"hexadecimal", "retention_days: 0x10", `wants a whole number, not "0x10"`},
		{"underscores", "retention_days: 1_0", `wants a whole number, not "1_0"`},
		{"huge", "retention_days: 99999999999999999999", `wants a whole number, not "99999999999999999999"`},
		{"yes", "force_destroy: yes", `f:1:16: force_destroy: wants true or false, not "yes"`},
		{"infinite", "alarms: {overrides: {a: {threshold: .inf}}}", `alarms.overrides.a.threshold: wants a number, not ".inf"`},
		{"text for list", "accounts: \"111111111111\"", `f:1:11: accounts: wants a list, not "111111111111"`},
		{"text for mapping", "object_lock: GOVERNANCE", `f:1:14: object_lock: wants a mapping of keys to values, not "GOVERNANCE"`},
		{"list for all", "- env: a", `f:1:1: wants a mapping of keys to values, not a list`},
		{"anchor", "env: &a b", `env: wants text, not an anchor or alias`},
		{"anchor on a mapping", "tags: &a {b: c}", `tags: wants a mapping of keys to values, not an anchor or alias`},
		{"alias", "env: *a", `f:1:6: env: wants text, not an anchor or alias`},
		{"merge", "tags: {<<: {a: b}}", `f:1:8: tags: "<<" is not a key; keys are plain text`},
		{"no space", "tags: {a:b: c}", `f:1:8: tags: write a space after the colon of "a"`},
		{"nor any colon else", "tags: {a:b}", `f:1:8: tags: write a space after the colon of "a"`},
		{"colons inside two brackets", "alarms: {disabled: [a::b]}", `alarms.disabled[0]: wants text, not a mapping; text with a colon may need quotes`},
		{"tag", "env: !!str 3", `env: wants text, not a value with a tag`},
		{"number as key", "tags: {1: a}", `f:1:8: tags: "1" is not a key; keys are plain text`},
		{"two documents", "env: a\n---\nenv: b", `f:3:1: a second document; a file holds one configuration`},
		{"no YAML", "env: [a", `f:1:6: no YAML: `},
		{"tab", "tags:\n\ta: b", `f:2:1: no YAML: `},
		{"no UTF-8", "env: \xff", `f: the file is not UTF-8 text`},
		{"long text", "env: " + strings.Repeat("a", maxText+1), `f:1:6: env: the text has 4097 bytes, more than 4096`},
		{"long list", "insights: [" + strings.Repeat("a, ", maxEntries) + "a]", `f:1:11: insights: more than 1000 entries`},
		{"large table", "tags:\n" + strings.Repeat("  a: b\n", maxEntries), "is already set"},
		{"long file", strings.Repeat("#", maxFile+1), "f: the file has 131073 bytes; a configuration has at most 131072"},
		{"deep", strings.Repeat("[", maxBrackets+1), "f: the file has more than 2000 brackets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Read("f", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %s", err, c.want)
			}
			if outcome.ExitCode(err) != outcome.Misused || !reflect.DeepEqual(got, Default()) {
				t.Errorf("exit code %d, %+v", outcome.ExitCode(err), got)
			}
		})
	}
}

func TestReadTellsEverything(t *testing.T) {
	_, err := Read("f", []byte("env: 1\nkms: [a]\nenvv: x\n"))
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 3 {
		t.Errorf("%q", lines)
	}
}

// Nothing in a file is replaced by something from outside.
func TestReadExpandsNothing(t *testing.T) {
	t.Setenv("TRAIL_ENV", "production")
	got, err := Read("f", []byte("env: ${TRAIL_ENV}\nproject_id: $TRAIL_ENV"))
	if err != nil || got.Env != "${TRAIL_ENV}" || got.ProjectID != "$TRAIL_ENV" {
		t.Errorf("%+v, %v", got, err)
	}
}

// What is read is what a writer of YAML writes of it, so that nothing is lost or added.
func FuzzRead(f *testing.F) {
	f.Add("env: a\ntags: {a: b}\nobject_lock: {mode: x, days: 3}\n")
	f.Add("alarms:\n  overrides:\n    cis-4.3: {threshold: 2.5}\n")
	f.Add("event_selectors:\n- include_management_events: false\n  data_resources:\n  - {type: a, values: [b]}\n")
	f.Add("kms: |\n  text\n  more\naccounts: ['1', \"2\"]\n? a\n: b\n")
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := Read("f", []byte(text))
		if err != nil {
			return
		}
		spec.Warnings()
		if spec.Validate() == nil && spec.Fits(london()) == nil {
			checkNames(t, spec, london())
		}
		written, err := yaml.MarshalWithOptions(spec, yaml.JSON())
		if err != nil {
			t.Fatal(err)
		}
		again, err := Read("written", written)
		if err != nil || !reflect.DeepEqual(spec, again) {
			t.Errorf("%v\n%q became\n%s\n%+v, then\n%+v", err, text, written, spec, again)
		}
	})
}
