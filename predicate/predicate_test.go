package predicate_test

import (
	"math"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/event"
	. "github.com/cerpac/trailkeeper/predicate"
)

const record = `{"eventVersion":"1.08","eventTime":"2026-01-02T03:04:05Z","eventName":"RunInstances","apiVersion":1.50,
	"sourceIPAddress":"10.1.2.3","errorCode":null,"readOnly":false,
	"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/Ops/Ann","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}},
	"requestParameters":{"count":3,"ratio":1.50,"large":1e400,"text":"200","nothing":null,"dryRun":true,"a.b":"dotted","twice":"first","twice":"last",
		"empty":"","upper":"WEB","items":[{"key":"Name","value":"web"},{"key":"Team","value":"x"},7,"loose"],"list":[]},
	"odd\u0041":"straße","eventID":null,"eventId":"aggregated"}`

func TestMatch(t *testing.T) {
	parameter := func(name string) Path { return At("requestParameters", name) }
	values := parameter("items").Each().Member("value")
	tests := []struct {
		p    *Predicate
		want bool
	}{
		{Where(At("eventName"), Equal("x", "RunInstances")), true},
		{Where(At("eventName"), Equal("runinstances")), false},
		{Where(At("eventName"), Equal("RUNINSTANCES").Fold()), true},
		{Where(At("eventName"), Equal()), false},
		{Where(At("eventName"), HasPrefix("Run")), true},
		{Where(At("eventName"), HasSuffix("Run")), false},
		{Where(At("eventName"), Contains("Inst")), true},
		{Where(At("eventName"), Glob("Run*s")), true},
		{Where(At("eventName"), Glob("Run*S")), false},
		{Where(At("eventName"), Matches(regexp.MustCompile("^Run"))), true},

		{Where(At("missing"), Exists()), false},
		{Where(At("missing"), Equal("x").Unlike()), false},
		{Not(Where(At("missing"), Equal("x"))), true},
		{Where(At("errorCode"), Exists()), true},
		{Where(At("errorCode"), IsNull()), true},
		{Where(At("errorCode"), Equal("null")), false},
		{Where(At("errorCode"), Equal("x").Unlike()), false},
		{Where(parameter("nothing"), IsNull()), true},
		{Where(parameter("empty"), Equal("")), true},

		{Where(At("readOnly"), IsFalse()), true},
		{Where(At("readOnly"), IsTrue()), false},
		{Where(At("readOnly"), Equal("false")), true},
		{Where(At("userIdentity", "sessionContext", "attributes", "mfaAuthenticated"), IsFalse()), false},
		{Where(At("userIdentity", "sessionContext", "attributes", "mfaAuthenticated"), Equal("false")), true},
		{Where(At("userIdentity"), Equal("")), false},
		{Where(At("userIdentity"), Exists()), true},

		{Where(At("apiVersion"), Equal("1.50")), true},
		{Where(parameter("ratio"), Equal("1.5")), true},
		{Where(parameter("ratio"), Equal("1.50")), false},
		{Where(parameter("count"), Equal("3")), true},
		{Where(parameter("count"), Number(OpMore, 2)), true},
		{Where(parameter("count"), Number(OpAtMost, 2)), false},
		{Where(parameter("count"), Number(OpNumberEqual, 3)), true},
		{Where(parameter("text"), Number(OpNumberEqual, 200)), true},
		{Where(parameter("text"), Number(OpMore, 1)), false},
		{Where(parameter("text"), NumberOrGlob(7, "2*")), true},
		{Where(parameter("large"), Number(OpMore, 1)), false},
		{Where(parameter("count"), Number(OpLess, math.NaN())), false},

		{Where(values, Equal("web")), true},
		{Where(values, Equal("web").Unlike()), true}, // the other one
		{Not(Where(values, Equal("web"))), false},
		{Where(parameter("items").Element(1).Member("key"), Equal("Team")), true},
		{Where(parameter("items").Element(4), Exists()), false},
		{Where(parameter("items").Each(), Equal("7")), true},
		{Where(parameter("items"), Equal("loose")), false},
		{Where(parameter("items").Member("key"), Exists()), false},
		{Where(parameter("list").Each(), Exists()), false},
		{Where(parameter("list"), Exists()), true},
		{Where(parameter("a.b"), Equal("dotted")), true},
		{Where(parameter("twice"), Equal("first")), true},
		{Where(At("requestParameters").Each(), Equal("dotted")), true},
		{Where(Path{}.Each(), Equal("RunInstances")), true},
		{Where(Path{}.Element(0), Exists()), false},
		{Where(Path{}, Exists()), false},

		{Where(At("oddA"), Equal("STRASSE", "STRAßE").Fold()), true},
		{Where(At("eventID"), Equal("aggregated")), true},
		{Where(At("sourceIPAddress"), Within(netip.MustParsePrefix("10.1.99.0/16"))), true},
		{Where(At("sourceIPAddress"), Within(netip.MustParsePrefix("::/0"))), false},
		{Where(At("eventName"), Within(netip.MustParsePrefix("0.0.0.0/0")).Unlike()), true},

		{Where(At("sourceIPAddress").Spread(), Equal("10.1.2.3")), true},
		{Where(parameter("items").Spread(), Equal("loose")), true},
		{Where(parameter("items").Spread().Member("value").Spread(), Equal("x")), true},
		{Where(parameter("items").Spread(), Exists()), true},
		{Where(parameter("list").Spread(), Exists()), true},
		{Where(parameter("missing").Spread(), Exists()), false},
		{Where(At("requestParameters").Spread().Member("count"), Equal("3")), true},
		{Where(Path{}.Spread(), Exists()), false},
		{Where(Path{}.Leaves(), Equal("loose")), true},
		{Where(Path{}.Leaves(), Equal("Team")), true},
		{Where(Path{}.Leaves(), Equal("items")), false}, // a name
		{Where(Path{}.Leaves(), Equal("straße")), true},
		{Where(Path{}.Leaves(), Equal("1.50")), true}, // apiVersion, as written
		{Where(Path{}.Leaves(), Number(OpEqual, 1)), false},
		{Where(parameter("items").Leaves(), Equal("7")), true},
		{Where(parameter("items").Leaves().Member("key"), Exists()), false},
		{Where(parameter("list").Leaves(), Exists()), false},

		{Compare(At("userIdentity", "type"), OpEqual, At("eventName"), false), false},
		{Compare(parameter("text"), OpEqual, parameter("text"), false), true},
		{Compare(At("userIdentity", "arn"), OpContains, At("userIdentity", "type"), false), false},
		{Compare(At("userIdentity", "arn"), OpSuffix, parameter("missing"), false), false},
		{Compare(parameter("missing"), OpEqual, parameter("missing"), true), false},
		{Compare(At("eventName"), OpPrefix, parameter("empty"), true), true},
		{Compare(parameter("items").Element(0).Member("value"), OpEqual, parameter("upper"), true), true},
		{Compare(parameter("items").Element(0).Member("value"), OpEqual, parameter("upper"), false), false},

		{Where(At("eventTime"), HasPart(Minute, 4)), true},
		{Where(At("eventTime"), HasPart(Hour, 3)), true},
		{Where(At("eventTime"), HasPart(Hour, 4)), false},
		{Where(At("eventTime"), HasPart(Day, 2)), true},
		{Where(At("eventTime"), HasPart(Week, 1)), true},
		{Where(At("eventTime"), HasPart(Month, 1)), true},
		{Where(At("eventTime"), HasPart(Year, 2026)), true},
		{Where(At("eventTime"), HasPart("second", 5)), false},
		{Where(At("eventName"), HasPart(Hour, 0)), false},

		{Some(parameter("items").Each(), All(Where(At("key"), Equal("Name")), Where(At("value"), Equal("web")))), true},
		{Some(parameter("items").Each(), All(Where(At("key"), Equal("Name")), Where(At("value"), Equal("x")))), false},
		{All(Where(parameter("items").Each().Member("key"), Equal("Name")), Where(values, Equal("x"))), true}, // of two elements
		{Some(parameter("items").Each(), Not(Where(At("key"), Exists()))), true},
		{Some(parameter("items").Each(), Where(Path{}, Equal("loose"))), true},
		{Some(parameter("items"), Where(Path{}.Element(1).Member("key"), Equal("Team"))), true},
		{Some(At("requestParameters"), Some(At("items").Each(), Where(At("value"), Equal("x")))), true},
		{Some(parameter("list").Each(), All()), false},
		{Some(At("missing"), Not(Where(Path{}, Exists()))), false},
		{Some(At("apiVersion"), Where(Path{}, Equal("1.50"))), true},
		{Some(Path{}, All()), false},
		{Not(Some(At("missing"), All())), true},

		{All(), true},
		{Any(), false},
		{Not(All()), false},
		{All(Where(At("eventName"), Exists()), Where(At("missing"), Exists())), false},
		{Any(Where(At("missing"), Exists()), Where(At("eventName"), Exists())), true},
	}
	var r event.Record
	if _, err := r.Decode([]byte(record)); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		if got := test.p.Match(&r); got != test.want {
			t.Errorf("%s is %t", test.p, got)
		}
	}
}

// Two paths that extend the same one do not overwrite each other's steps.
func TestPathsAreApart(t *testing.T) {
	from := At("a", "b", "c")
	first, second := from.Member("x"), from.Element(1)
	if got := first.String() + " " + second.String() + " " + At("a b").Each().String(); got != `$.a.b.c.x $.a.b.c[1] $.["a b"][*]` {
		t.Error(got)
	}
}

func TestText(t *testing.T) {
	var r event.Record
	if _, err := r.Decode([]byte(record)); err != nil {
		t.Fatal(err)
	}
	if text, ok := At("requestParameters", "items").Each().Text(&r); !ok || text != "7" {
		t.Errorf("the first text is %q, %t", text, ok)
	}
	if text, ok := At("userIdentity").Text(&r); ok {
		t.Errorf("an object has the text %q", text)
	}
}

// Glob says the same as a regular expression.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"a*b", "axxb"}, {"*", ""}, {"a?c", "aéc"}, {`\*`, "*"}, {`a\`, `a\`}, {"*a*a*a*", "aaa"}, {"**", "x"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 50 || strings.ToValidUTF8(pattern, "") != pattern || strings.ToValidUTF8(text, "") != text {
			return
		}
		var expression strings.Builder
		escaped := false
		for _, r := range pattern {
			switch {
			case escaped || r != '*' && r != '?' && r != '\\':
				expression.WriteString(regexp.QuoteMeta(string(r)))
				escaped = false
			case r == '*':
				expression.WriteString("(?s:.*)")
			case r == '?':
				expression.WriteString("(?s:.)")
			default:
				escaped = true
			}
		}
		if escaped {
			expression.WriteString(`\\`)
		}
		want := regexp.MustCompile("^(?:" + expression.String() + ")$").MatchString(text)
		if got := Glob(pattern).Fits(text); got != want {
			t.Errorf("glob %q of %q is %t", pattern, text, got)
		}
		if !Glob(Literal(text)).Fits(text) {
			t.Errorf("%q is not like itself", text)
		}
	})
}

// A condition on an ordinary record costs no memory.
func TestMatchAllocatesNothing(t *testing.T) {
	var r event.Record
	if _, err := r.Decode([]byte(record)); err != nil {
		t.Fatal(err)
	}
	p := All(Where(At("eventName"), Equal("RunInstances")), Not(Where(At("userIdentity", "type"), Equal("Root"))))
	if n := testing.AllocsPerRun(100, func() { p.Match(&r) }); n > 2 {
		t.Errorf("%g allocations", n)
	}
}

func TestString(t *testing.T) {
	p := Some(At("resources").Each(), Any(Where(At("type"), Equal("x")), Not(Some(At("a"), All()))))
	if got := p.String(); got != `SOME $.resources[*] ($.type = "x" OR NOT (SOME $.a (TRUE)))` {
		t.Error(got)
	}
}
