package sigma_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/sigma"
)

const two = `title: one
name: one
id: 11111111-0000-4000-8000-000000000001
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: A}, condition: s}
---
title: two
name: two
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: B}, condition: s}
---
`

func TestCorrelations(t *testing.T) {
	set, problems := load(t, two+`title: many
name: many
level: high
correlation:
  type: event_count
  rules: [11111111-0000-4000-8000-000000000001, two]
  group-by: [user, sourceIPAddress]
  timespan: 90m
  aliases: {user: {two: userIdentity.userName}}
  condition: {gt: 100, lte: 200}
---
title: chain
correlation: {type: temporal_ordered, rules: [many, one], timespan: 1d, generate: true}
---
title: values
correlation: {type: value_count, rules: [one], timespan: 10s, condition: {field: [a, b], gte: 3}}
---
title: percentile
correlation: {type: value_percentile, rules: [one], timespan: 1w, condition: {field: a, percentile: 95, neq: 1.5}}
---
title: extended
correlation: {type: temporal, timespan: 1h, condition: one and not two}
`)
	if len(problems) != 0 || len(set.Rules) != 2 || len(set.Correlations) != 5 {
		t.Fatal(problems)
	}
	var got strings.Builder
	for _, c := range set.Correlations {
		fmt.Fprint(&got, c.Title, " ", c.Type, " ", c.GroupBy, " ", c.Timespan, " ", c.Bounds, " ", c.Field, " ", c.Percentile, " ", c.Alone)
		for _, of := range c.Of {
			if of.Rule != nil {
				fmt.Fprint(&got, " ", of.Rule.Title, of.Aliases)
			} else {
				fmt.Fprint(&got, " correlation ", of.Correlation.Title)
			}
		}
		fmt.Fprintln(&got)
	}
	const want = `many event_count [user sourceIPAddress] 1h30m0s [{gt 100} {lte 200}] [] 0 true onemap[] twomap[user:userIdentity.userName]
chain temporal_ordered [] 24h0m0s [] [] 0 true correlation many onemap[]
values value_count [] 10s [{gte 3}] [a b] 0 true onemap[]
percentile value_percentile [] 168h0m0s [{neq 1.5}] [a] 95 true onemap[]
extended temporal [] 1h0m0s [] [] 0 true onemap[] twomap[]
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
	if e := set.Correlations[4].Expression; e == nil || e.Op != sigma.All || e.Parts[1].Op != sigma.Not {
		t.Errorf("%+v", e)
	}
	if !set.Rules[0].Alone || set.Rules[1].Alone {
		t.Error("only one is asked for by a correlation that generates")
	}
}

func TestCorrelationMistakes(t *testing.T) {
	base := func(of string) string { return two + "title: c\nname: c\ncorrelation: {" + of + "}\n" }
	for text, want := range map[string]string{
		base("type: event_count, rules: [nobody], timespan: 1h, condition: {gte: 2}"):                                                                                  `here/rules.yml:14:41: rule "c": there is no rule "nobody"`,
		base("type: event_count, rules: [c], timespan: 1h, condition: {gte: 2}"):                                                                                       "it refers to itself",
		base("type: count, rules: [one], timespan: 1h, condition: {gte: 2}"):                                                                                           `type "count" is none of a correlation`,
		base("type: event_count, timespan: 1h, condition: {gte: 2}"):                                                                                                   "the correlation has no rules",
		base("type: event_count, rules: [one], condition: {gte: 2}"):                                                                                                   "the correlation has no timespan",
		base("type: event_count, rules: [one], timespan: 1h"):                                                                                                          "needs a condition",
		base("type: event_count, rules: [one], timespan: 1h, condition: {field: a}"):                                                                                   "the condition has no bound",
		base("type: event_count, rules: [one], timespan: 1h, condition: {field: a, gte: 1}"):                                                                           "has no field in its condition",
		base("type: value_count, rules: [one], timespan: 1h, condition: {gte: 2}"):                                                                                     "needs a field",
		base("type: value_sum, rules: [one], timespan: 1h, condition: {field: [a, b], gte: 2}"):                                                                        "only value_count has several fields",
		base("type: event_count, rules: [one, two], timespan: 1h, condition: one and two"):                                                                             "only temporal correlations have an expression",
		base("type: temporal, rules: [one], timespan: 1h, condition: one and two"):                                                                                     `"two" is not defined`,
		base("type: event_count, rules: [one], timespan: 1h, condition: {gte: x}"):                                                                                     `"x" is no number`,
		base("type: event_count, rules: [one], timespan: 1h, condition: {about: 2}"):                                                                                   `"about" is no part of a condition`,
		base("type: event_count, rules: [one], timespan: 1h, condition: {gte: 2}, window: 2"):                                                                          `"window" is no part of a correlation`,
		base("type: value_percentile, rules: [one], timespan: 1h, condition: {gte: 2, field: a, percentile: 101}"):                                                     "no number from 0 to 100",
		base("type: event_count, rules: [one], timespan: 1H, condition: {gte: 2}"):                                                                                     `"1H" is no number with one of`,
		base("type: event_count, rules: [one], timespan: 0h, condition: {gte: 2}"):                                                                                     "it is zero",
		base("type: event_count, rules: [one], timespan: 300y, condition: {gte: 2}"):                                                                                   "longer than 200 years",
		base("type: event_count, rules: [one], timespan: -1h, condition: {gte: 2}"):                                                                                    "is no number",
		base("type: event_count, rules: [one], timespan: 1h, aliases: {x: {two: y}}, condition: {gte: 2}"):                                                             "which is none of its rules",
		base("type: event_count, rules: [c2], timespan: 1h, condition: {gte: 2}") + "---\ntitle: d\nname: c2\ncorrelation: {type: temporal, rules: [c], timespan: 1h}": "it refers to itself",
		two + two + "title: c\ncorrelation: {type: temporal, rules: [two], timespan: 1h}":                                                                              `its id`,
		"title: bad\nname: bad\nlogsource: {product: aws}\n---\ntitle: c\ncorrelation: {type: temporal, rules: [bad], timespan: 1h}":                                   "detection is missing",
	} {
		set, problems := load(t, text)
		if len(problems) == 0 || !strings.Contains(fmt.Sprint(problems), want) {
			t.Errorf("%s\ngave %v, want %q", text[max(0, len(text)-200):], problems, want)
		}
		if len(set.Correlations) != 0 {
			t.Errorf("%s\ngave a correlation", text)
		}
	}
}

// A correlation of rules about another log is none of ours.
func TestCorrelationOfAnotherLog(t *testing.T) {
	set, problems := load(t, `title: w
name: w
logsource: {product: windows}
detection: {s: {a: 1}, condition: s}
---
title: c
name: c
correlation: {type: event_count, rules: [w], timespan: 1h, condition: {gte: 2}}
---
title: d
correlation: {type: event_count, rules: [c], timespan: 1h, condition: {gte: 2}}
`)
	if len(problems) != 0 || len(set.Correlations) != 0 {
		t.Error(set.Correlations, problems)
	}
}

func TestFilters(t *testing.T) {
	a := record(t, `{"eventName":"A","userAgent":"ops"}`)
	b := record(t, `{"eventName":"B","userAgent":"ops"}`)
	filter := func(of string) string {
		return two + "title: f\nlogsource: {product: aws, service: cloudtrail}\nfilter: {rules: " + of + ", ops: {userAgent: ops}, condition: not ops}\n"
	}
	for of, want := range map[string]string{
		"[one]":                                  "false true",
		"[11111111-0000-4000-8000-000000000001]": "false true",
		"[one, two]":                             "false false",
		"any":                                    "false false",
	} {
		set, problems := load(t, filter(of))
		if got := fmt.Sprint(set.Rules[0].Matches.Match(a), set.Rules[1].Matches.Match(b)); got != want || len(problems) != 0 {
			t.Errorf("%s: %s, %v", of, got, problems)
		}
	}
	if _, problems := load(t, filter("[nobody]")); len(problems) != 1 || !strings.Contains(problems[0].Error(), `there is no rule "nobody" to filter`) {
		t.Error(problems)
	}
	if _, problems := load(t, filter("[]")); len(problems) != 1 || !strings.Contains(problems[0].Error(), "the filter names no rules") {
		t.Error(problems)
	}
}
