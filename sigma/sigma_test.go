package sigma_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cerpac/trailkeeper/catalogue"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/sigma"
)

// load reads one file of rules.
func load(t *testing.T, text string) (*sigma.Set, []*catalogue.Error) {
	t.Helper()
	return loadFiles(t, map[string]string{"rules.yml": text})
}

func loadFiles(t *testing.T, files map[string]string) (*sigma.Set, []*catalogue.Error) {
	t.Helper()
	folder := fstest.MapFS{}
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	placeholders := map[string][]string{"Admins": {"root*", "ops"}, "One": {"1"}, "Empty": {}}
	set, problems, err := sigma.Load(t.Context(), sigma.Options{Placeholders: placeholders}, catalogue.Source{Name: "here", FS: folder})
	if err != nil {
		t.Fatal(err)
	}
	return set, problems
}

const header = "title: test\nlogsource: {product: aws, service: cloudtrail}\n"

func record(t testing.TB, text string) *event.Record {
	t.Helper()
	var r event.Record
	if _, err := r.Decode([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return &r
}

const events = `{"eventName":"RunInstances","eventSource":"ec2.amazonaws.com","errorCode":null,"eventTime":"2026-02-03T04:05:06Z",
	"sourceIPAddress":"10.1.2.3","userAgent":"","recipientAccountId":"012345670123","readOnly":false,
	"userIdentity":{"type":"IAMUser","userName":"Root-Admin","arn":"arn:aws:iam::1:user/Root-Admin"},
	"requestParameters":{"userName":"root-admin","count":3,"price":"1.50","path":"C:\\Windows\\*","question":"what?","none":null,"empty":"","flag":true,
		"command":"cmd.exe /c whoami –x","lines":"first\nsecond","encoded":"SUVYIChOZXctT2JqZWN0","wide":"YwBtAGQA","bytes":"//5jAG0AZAA=",
		"layers":["arn:one","arn:two"],"items":[{"name":"a","cidr":"0.0.0.0/0"},{"name":"b","cidr":["10.0.0.0/8","192.168.0.1"]}]}}`

// What the specification says of searches, and what is said at the head of the package
// where it is silent.
func TestSearches(t *testing.T) {
	r := record(t, events)
	for search, want := range map[string]bool{
		"{eventName: runinstances}":                                          true, // texts in any case
		"{eventName|cased: runinstances}":                                    false,
		"{eventName|cased: RunInstances}":                                    true,
		"{eventName: RunInstance}":                                           false,
		"{eventName: Run*}":                                                  true,
		"{eventName: 'Run?nstances'}":                                        true,
		"{eventName: '?RunInstances'}":                                       false,
		"{eventName: '*stance*'}":                                            true,
		"{eventName: [StopLogging, RunInstances]}":                           true, // lists are or
		"{eventName: RunInstances, eventSource: s3.amazonaws.com}":           false,
		"{eventName: RunInstances, eventSource: ec2.amazonaws.com}":          true,  // maps are and
		"[{eventName: StopLogging}, {eventSource: ec2*}]":                    true,  // lists of maps are or
		"{requestParameters.path: 'C:\\Windows\\\\*'}":                       true,  // \\* is a backslash and a wildcard
		"{requestParameters.path: 'C:\\Windows\\\\\\*'}":                     true,  // \\\* is a backslash and a star
		"{requestParameters.path: 'C:\\\\Windows*'}":                         true,  // \\ is a backslash
		"{requestParameters.path: 'C:\\Windows\\*'}":                         false, // \* is a star, and the backslash is missing
		"{requestParameters.question: 'what\\?'}":                            true,
		"{requestParameters.question: 'wha\\??'}":                            false,
		"{userAgent: ''}":                                                    true, // an empty text
		"{requestParameters.empty: ''}":                                      true,
		"{requestParameters.missing: ''}":                                    false,
		"{errorCode: null}":                                                  true, // null
		"{requestParameters.none: null}":                                     true,
		"{requestParameters.missing: null}":                                  true, // or missing
		"{eventName: null}":                                                  false,
		"{eventName: [null, RunInstances]}":                                  true,
		"{requestParameters.none: '*'}":                                      false,
		"{requestParameters.empty: '*'}":                                     true,
		"{requestParameters.layers: '*'}":                                    true,
		"{requestParameters.missing: '*'}":                                   false,
		"{requestParameters.none|exists: true}":                              true, // presence alone
		"{requestParameters.empty|exists: true}":                             true,
		"{requestParameters.missing|exists: true}":                           false,
		"{requestParameters.missing|exists: false}":                          true,
		"{requestParameters.missing|exists: no}":                             true,
		"{requestParameters.count: 3}":                                       true, // numbers
		"{requestParameters.count: '3'}":                                     true,
		"{requestParameters.count: 4}":                                       false,
		"{requestParameters.count: 0x3}":                                     true,
		"{requestParameters.price: 1.5}":                                     true,
		"{recipientAccountId: 012345670123}":                                 true, // an id, which YAML takes for a number
		"{requestParameters.flag: true}":                                     true,
		"{requestParameters.flag: 'True'}":                                   true,
		"{readOnly: false}":                                                  true,
		"{requestParameters.count|lt: 4}":                                    true,
		"{requestParameters.count|lte: 3}":                                   true,
		"{requestParameters.count|gt: 3}":                                    false,
		"{requestParameters.count|gte: 3}":                                   true,
		"{requestParameters.missing|gt: 3}":                                  false,
		"{requestParameters.count|neq: 4}":                                   true,
		"{requestParameters.count|neq: 3}":                                   false,
		"{eventName|neq: [StopLogging, RunInstances]}":                       false,
		"{eventName|contains|neq: Stop}":                                     true,
		"{requestParameters.missing|neq: x}":                                 true,
		"{eventName|startswith: run}":                                        true,
		"{eventName|endswith: run}":                                          false,
		"{eventName|endswith: instances}":                                    true,
		"{eventName|contains: [nope, stance]}":                               true,
		"{eventName|contains: 'ru*st'}":                                      true,
		"{eventName|contains|all: [run, stance]}":                            true,
		"{eventName|contains|all: [run, nope]}":                              false,
		"{eventName|all|contains: [run, nope]}":                              false,
		"{eventName|all: [RunInstances]}":                                    true,
		"{requestParameters.count|contains: 3}":                              true,
		"{eventName|re: '^Run[A-Z]'}":                                        true,
		"{eventName|re: '^run'}":                                             false, // regular expressions have case
		"{eventName|re|i: '^run'}":                                           true,
		"{eventName|re: 'Inst'}":                                             true,
		"{eventName|re|startswith: 'Inst|Run'}":                              true,
		"{eventName|re|endswith: 'Inst'}":                                    false,
		"{eventName|re: ['^Stop', '^Run']}":                                  true,
		"{eventName|re: 'Run\\w+'}":                                          true,
		"{requestParameters.lines|re: '^second'}":                            false,
		"{requestParameters.lines|re|m: '^second'}":                          true,
		"{requestParameters.lines|re: 'first.second'}":                       false,
		"{requestParameters.lines|re|s: 'first.second'}":                     true,
		"{requestParameters.lines|re|i|m|s: 'FIRST.^second'}":                true,
		"{sourceIPAddress|cidr: 10.0.0.0/8}":                                 true,
		"{sourceIPAddress|cidr: [192.168.0.0/16, 'fd00::/8']}":               false,
		"{eventName|cidr: 0.0.0.0/0}":                                        false,
		"{requestParameters.items.cidr|cidr: 192.168.0.0/16}":                true,
		"{requestParameters.userName|fieldref: userIdentity.userName}":       true, // in any case
		"{requestParameters.userName|fieldref|cased: userIdentity.userName}": false,
		"{userIdentity.arn|fieldref: requestParameters.userName}":            false,
		"{userIdentity.arn|fieldref|endswith: requestParameters.userName}":   true,
		"{userIdentity.arn|fieldref|startswith: requestParameters.userName}": false,
		"{userIdentity.arn|fieldref|contains: requestParameters.userName}":   true,
		"{userIdentity.arn|fieldref|neq: requestParameters.userName}":        true,
		"{requestParameters.missing|fieldref: requestParameters.missing}":    false,
		"{requestParameters.encoded|base64: 'IEX (New-Object'}":              true,
		"{requestParameters.encoded|base64: 'IEX (New'}":                     false,
		"{requestParameters.encoded|base64offset|contains: 'New-'}":          true,
		"{requestParameters.encoded|base64offset|contains: 'IEX'}":           true,
		"{requestParameters.encoded|base64offset|contains: 'EX'}":            true,
		"{requestParameters.encoded|base64offset|contains: 'nope'}":          false,
		"{requestParameters.wide|utf16le|base64: cmd}":                       true,
		"{requestParameters.wide|wide|base64: cmd}":                          true,
		"{requestParameters.wide|utf16be|base64: cmd}":                       false,
		"{requestParameters.wide|wide|base64offset|contains: md}":            true,
		"{requestParameters.bytes|utf16|base64: cmd}":                        true,
		"{requestParameters.command|windash|contains: ' -c '}":               true,
		"{requestParameters.command|contains: ' -c '}":                       false,
		"{requestParameters.command|windash|contains|all: [' -c ', ' -x']}":  true,
		"{requestParameters.command|contains|all|windash: [' -c ', ' -y']}":  false,
		"{requestParameters.command|windash|contains: ' -c whoami -x'}":      true,
		"{userIdentity.userName|expand: '%Admins%'}":                         true,
		"{userIdentity.userName|expand: 'x%Admins%'}":                        false,
		"{userIdentity.arn|expand|endswith: '/%Admins%'}":                    true,
		"{requestParameters.userName: '%Admins%'}":                           false, // without expand, a text
		"{eventName|expand: 'Run\\%plain%'}":                                 false,
		"{eventTime|hour: 4}":                                                true,
		"{eventTime|minute: [3, 5]}":                                         true,
		"{eventTime|day: 3}":                                                 true,
		"{eventTime|week: 6}":                                                true,
		"{eventTime|month: 2}":                                               true,
		"{eventTime|year: 2026}":                                             true,
		"{eventTime|hour: 5}":                                                false,
		"{requestParameters.layers|endswith: ':two'}":                        true, // arrays
		"{requestParameters.layers|contains|all: [one, two]}":                true,
		"{requestParameters.items.name: b}":                                  true,
		"{requestParameters.items.cidr: 10.0.0.0/8}":                         true,
		"{requestParameters.items.cidr: '0.0.0.0/0'}":                        true,
		"{requestParameters.items.nope: x}":                                  false,
		"{requestParameters: x}":                                             false,
		"['WINDOWS']":                                                        true, // keywords
		"[nope, 'WINDOWS']":                                                  true,
		"[nope]":                                                             false,
		"whoami":                                                             true,
		"{'|all': [whoami, RunInst]}":                                        true,
		"{'|all': [whoami, nope]}":                                           false,
		"{'|re': 'who[a-z]+i'}":                                              true,
		"['userName']":                                                       false, // names are no values
		"[3]":                                                                true,
		"[nope, {eventName: RunInstances}]":                                  true,
		"{eventName|expand: 'Run%One%'}":                                     false,
	} {
		text := header + "detection:\n  s: " + search + "\n  condition: s\n"
		set, problems := load(t, text)
		if len(problems) != 0 || len(set.Rules) != 1 {
			t.Errorf("%s: %v", search, problems)
			continue
		}
		if got := set.Rules[0].Matches.Match(r); got != want {
			t.Errorf("%s is %t: %s", search, got, set.Rules[0].Matches)
		}
	}
}

func TestConditions(t *testing.T) {
	r := record(t, `{"a":"1","b":"1"}`) // a and b are true, c and d not
	for condition, want := range map[string]bool{
		"sel_a":                          true,
		"sel_c":                          false,
		"not sel_c":                      true,
		"sel_a and sel_b":                true,
		"sel_a and sel_c":                false,
		"sel_c or sel_b":                 true,
		"sel_a or sel_b and sel_c":       true, // and binds more than or
		"(sel_a or sel_b) and sel_c":     false,
		"not sel_a or sel_b":             true, // not binds more than or
		"not (sel_a or sel_b)":           false,
		"not not sel_a":                  true,
		"not sel_c and sel_a":            true,
		"1 of them":                      true,
		"any of them":                    true,
		"all of them":                    false,
		"all of sel_*":                   false,
		"1 of sel_*":                     true,
		"1 of *_c":                       false,
		"1 of *_c*":                      false,
		"all of *_a":                     true,
		"1 of _hidden*":                  true,
		"sel_a and not 1 of sel_c*":      true,
		"not all of sel_* and sel_a":     true,
		"not 1 of *_d":                   true, // not binds less than 1 of
		"SEL":                            true,
		"sel_a AND NOT sel_c":            true,
		"  sel_a\n   and (sel_b)  ":      true,
		"[sel_c, sel_a]":                 true, // a list is or
		"[sel_c, sel_d]":                 false,
		"((((sel_a))))":                  true,
		"sel_a and(sel_b)and not(sel_c)": true,
	} {
		if !strings.HasPrefix(condition, "[") {
			condition = fmt.Sprintf("%q", condition)
		}
		set, problems := load(t, header+`detection:
  sel_a: {a: 1}
  sel_b: {b: 1}
  sel_c: {c: 1}
  sel_d: {d: 1}
  SEL: {a: 1}
  _hidden: {b: 1}
  condition: `+condition)
		if len(problems) != 0 || len(set.Rules) != 1 {
			t.Errorf("%s: %v", condition, problems)
			continue
		}
		if got := set.Rules[0].Matches.Match(r); got != want {
			t.Errorf("%s is %t: %s", condition, got, set.Rules[0].Matches)
		}
	}
}

// Mistakes are named with their place, and no rule is made of them.
func TestMistakes(t *testing.T) {
	search := func(s string) string { return header + "detection:\n  s: " + s + "\n  condition: s\n" }
	condition := func(c string) string { return header + "detection:\n  s: {a: 1}\n  condition: " + c + "\n" }
	for text, want := range map[string]string{
		search("{a|like: x}"):                            `here/rules.yml:4:7: rule "test": field "a|like": modifier "like": it is not one of Sigma's`,
		search("{a|re: '(?=x)'}"):                        "4:13: rule \"test\": field \"a|re\": regular expression \"(?=x)\": RE2 cannot read it",
		search("{a|cidr: 10.0.0.0}"):                     "is no network",
		search("{a|lt: many}"):                           `"many" is no number`,
		search("{a|hour: x}"):                            `"x" is no whole number`,
		search("{a|exists: maybe}"):                      "neither true nor false",
		search("{a|exists: [true, false]}"):              "it has one value",
		search("{a|fieldref: ''}"):                       "is no field",
		search("{a|base64: 'x*'}"):                       "a wildcard cannot be in it",
		search("{a|expand: '%Nobody%'}"):                 "the placeholder %Nobody% has no values",
		search("{a|expand: '%Empty%'}"):                  "the placeholder %Empty% has no values",
		search("{a|contains: null}"):                     "it cannot be applied to null",
		search("{a|re|cidr: x}"):                         "it cannot follow re",
		search("{a|i: x}"):                               "it can only follow re",
		search("{a|base64|re: x}"):                       "it cannot follow a modifier that changes texts",
		search("{a: []}"):                                "the list of values is empty",
		search("{a: [{b: c}]}"):                          "a value is a list or a map",
		search("{a: [[b]]}"):                             "a value is a list or a map",
		search("{}"):                                     "a search is empty",
		search("[]"):                                     "a search is empty",
		search("{'': x}"):                                "a field has no name",
		search("{'|cidr': 10.0.0.0/8}"):                  "it needs a field",
		search("{a: !!binary aGk=}"):                     "a value has the type !!binary",
		search("{a: 1, a: 2}"):                           `"a" is in line 4 already`,
		search("&x {a: 1}\n  t: *x"):                     "aliases are not supported",
		search("{a|windash: '-a -b -c -d -e'}"):          "it makes more than 1000 texts of one",
		condition("nope"):                                `5:14: rule "test": condition, at byte 0: "nope" is not defined`,
		condition("s and nope"):                          `5:20: rule "test": condition, at byte 6: "nope" is not defined`,
		condition("s and"):                               "a name is missing",
		condition("(s"):                                  "the bracket is not closed",
		condition("s)"):                                  `")" cannot follow here`,
		condition("s s"):                                 `"s" cannot follow here`,
		condition("s | count() > 5"):                     "aggregations after | are not part of Sigma any more",
		condition("'| count() > 5'"):                     "aggregations after |",
		condition("2 of them"):                           "only 1, any and all",
		condition("1 of"):                                "is missing after",
		condition("1 of x*"):                             `"x*" fits no name`,
		condition("''"):                                  "a name is missing",
		condition("{a: b}"):                              "the condition is no text",
		condition("null"):                                "the condition is no text",
		condition(strings.Repeat("(", 500) + "s"):        "more than 200 brackets",
		header + "detection: {s: {a: 1}}":                "detection has no condition",
		header + "detection: {condition: s}":             "detection has no search",
		header + "detection: [a]":                        "detection is not a map",
		header:                                           "detection is missing",
		"title: x\ndetection: {s: {a: 1}, condition: s}": "logsource is missing",
		"logsource: {product: aws}\ndetection: {s: {a: 1}, condition: s}":                "title is missing",
		header + "level: urgent\ndetection: {s: {a: 1}, condition: s}":                   `level "urgent" is not one of`,
		header + "taxonomy: ecs\ndetection: {s: {a: 1}, condition: s}":                   `taxonomy "ecs" is not known`,
		header + "tags: {a: b}\ndetection: {s: {a: 1}, condition: s}":                    "tags is not a list of texts",
		header + "detection:\n\ts: x":                                                    "it is not YAML",
		header + "detection:\n  s: " + strings.Repeat("[", 50) + strings.Repeat("]", 50): "more than 20 lists and maps",
		"title: x\n" + strings.Repeat("# long\n", 200_000):                               "it is larger than",
	} {
		set, problems := load(t, text)
		if len(problems) == 0 || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("%.300s\ngave %v, want %q", text, problems, want)
		}
		if len(set.Rules) != 0 {
			t.Errorf("%.300s\ngave a rule", text)
		}
	}
}

func TestMeta(t *testing.T) {
	set, problems := load(t, `
title: A title
id: 929a690e-bef0-4204-a928-ef5e620d6fcc
name: a_name
status: test
description: |
  Two
  lines.
license: MIT
author: Ann, Bob
references:
  - https://example.com/a
date: 2026-01-02
tags: [attack.persistence, attack.t1098]
logsource: {product: aws, service: cloudtrail, definition: needs data events}
fields: [eventName]
detection: {s: {a: 1}, condition: s}
falsepositives: Nobody
level: high
custom: {anything: goes}
---
title: another log
logsource: {product: windows, service: security}
detection: {s: {a|unheardof: 1}, condition: s}
`)
	if len(problems) != 0 || len(set.Rules) != 1 {
		t.Fatal(problems)
	}
	r := set.Rules[0]
	got := fmt.Sprint(r.Title, r.ID, r.Name, r.Status, r.Description, r.License, r.Author, r.References, r.Tags, r.FalsePositives, r.Level, r.Fields, r.Line, r.Alone)
	want := "A title929a690e-bef0-4204-a928-ef5e620d6fcca_nametestTwo\nlines.MITAnn, Bob[https://example.com/a] [attack.persistence attack.t1098] [Nobody] high [eventName] 2 true"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if n := set.OtherLogs[sigma.LogSource{Product: "windows", Service: "security"}]; n != 1 {
		t.Errorf("%d rules about another log", n)
	}
}

func TestLevelIsMediumWithoutOne(t *testing.T) {
	set, _ := load(t, header+"detection: {s: {a: 1}, condition: s}")
	if set.Rules[0].Level != finding.Medium {
		t.Error(set.Rules[0].Level)
	}
}

func TestFiles(t *testing.T) {
	rule := header + "detection: {s: {a: 1}, condition: s}\n"
	set, problems := loadFiles(t, map[string]string{
		"a/one.yml": rule, "a/b/two.yaml": rule, "a/.hidden/three.yml": rule, ".four.yml": rule, "a/README.md": "text",
		"a/other.yml": "jobs: {build: x}", "a/list.yml": "- 1", "a/empty.yml": "",
	})
	if len(problems) != 0 || len(set.Rules) != 2 || fmt.Sprint(set.NotRules) != "[here/a/empty.yml here/a/list.yml here/a/other.yml]" {
		t.Errorf("%d rules, %v, %v", len(set.Rules), set.NotRules, problems)
	}
}

func TestIDsAreUnique(t *testing.T) {
	rule := "id: 929a690e-bef0-4204-a928-ef5e620d6fcc\n" + header + "detection: {s: {a: 1}, condition: s}\n"
	set, problems := loadFiles(t, map[string]string{"a.yml": rule, "b.yml": rule})
	if len(set.Rules) != 1 || len(problems) != 1 ||
		problems[0].Error() != `here/b.yml:1:1: rule "test": its id "929a690e-bef0-4204-a928-ef5e620d6fcc" is that of "test" in here/a.yml:1, too` {
		t.Errorf("%d rules, %v", len(set.Rules), problems)
	}
}

// A condition costs a bounded part of its length: no list is repeated for each name.
func TestHostileConditionIsRead(t *testing.T) {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "  s%d: {a: 1}\n", i)
	}
	condition := strings.Repeat("1 of them and ", 4000) + "s1"
	_, problems := load(t, header+"detection:\n"+b.String()+"  condition: "+condition)
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), "names") {
		t.Errorf("%.500v", problems)
	}
}

// The rules of SigmaHQ for CloudTrail are read, and ask what they say.
func TestSigmaHQ(t *testing.T) {
	const folder = "../../shared/data/sigmahq"
	if _, err := os.Stat(folder); err != nil {
		t.Skip("SKIPPED REAL DATA: " + err.Error())
	}
	set, problems, err := sigma.Load(t.Context(), sigma.Options{}, catalogue.Folder(folder+"/cloudtrail"))
	if err != nil || len(problems) != 0 || len(set.Rules) != 57 {
		t.Errorf("%d rules, %v, %v", len(set.Rules), problems, err)
	}
	set, problems, err = sigma.Load(t.Context(), sigma.Options{}, catalogue.Folder(folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		if !strings.HasPrefix(problem.File, "unsupported/") && !strings.HasPrefix(problem.File, "placeholder/") {
			t.Error(problem)
		}
	}
	t.Log(len(set.Rules), problems)
}
