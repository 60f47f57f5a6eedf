package filterpattern

import (
	"errors"
	"maps"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	const access = `127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`
	const event = `{"name": "StopLogging", "code": 404, "big": 1e3, "id": "123456789012", "ip": "123.123.7.9", "on": true, "off": false,
		"none": null, "object": {"a-b": {"c.d": "deep"}}, "list": [{"key": "x"}, {"key": "y"}, 7], "nested": [[1, 2], [3]], "text": "200"}`
	tests := []struct {
		pattern, message string
		want             bool
	}{
		{``, access, true},
		{`" "`, access, true},
		{`ERROR`, `[ERROR 400] BAD REQUEST`, true},
		{`ERROR`, `Exiting with ERRORCODE: -1`, true},
		{`ERROR`, `error`, false},
		{`ERROR ARGUMENTS`, `[ERROR 419] MISSING ARGUMENTS`, true},
		{`ERROR ARGUMENTS`, `[ERROR 401] UNAUTHORIZED`, false},
		{`?ERROR ?WARN`, `WARN: slow`, true},
		{`?ERROR ?WARN`, `INFO: fine`, false},
		{`INFO ?ERROR ?WARN`, `INFO: fine`, true},
		{`?ERROR -Exiting`, `INFO: fine`, true},
		{`ERROR -Exiting`, `Exiting with ERRORCODE: -1`, false},
		{`"INTERNAL SERVER ERROR"`, `[ERROR 500] INTERNAL SERVER ERROR`, true},
		{`"INTERNAL SERVER ERROR"`, `INTERNAL ERROR SERVER`, false},
		{`%[45]\d\d%`, access, true},
		{`-%[45]\d\d%`, access, false},

		{`{ $.name = "StopLogging" }`, event, true},
		{`{$.name=StopLogging}`, event, true},
		{`{ $.name = "Stop*" }`, event, true},
		{`{ $.name = "*top*ing" }`, event, true},
		{`{ $.name = "*Stop*Stop*" }`, event, false},
		{`{ $.name = "stoplogging" }`, event, false},
		{`{ $.name != "StopLogging" }`, event, false},
		{`{ $.name != "Start*" }`, event, true},
		{`{ $.name = %^St.p% }`, event, true},
		{`{ $.name != %^St.p% }`, event, false},
		{`{ $.ip = 123.123.* }`, event, true},
		{`{ $.ip = 123.124.* }`, event, false},
		{`{ $.code = 404 }`, event, true},
		{`{ $.code = 404.0 }`, event, true},
		{`{ $.code = 4* }`, event, true},
		{`{ $.code = "404" }`, event, true},
		{`{ $.code != 404 }`, event, false},
		{`{ $.code >= 404 && $.code <= 4.04e2 }`, event, true},
		{`{ $.code > 404 || $.code < 404 }`, event, false},
		{`{ $.big = 1000 }`, event, true},
		{`{ $.text = 200 }`, event, true},
		{`{ $.text > 100 }`, event, false},
		{`{ $.id = 123456789012 }`, event, true},
		{`{ $.on IS TRUE && $.off is false && $.none IS NULL }`, event, true},
		{`{ $.on IS FALSE || $.off IS TRUE || $.name IS NULL }`, event, false},
		{`{ $.on = "true" }`, event, true},
		{`{ $.missing NOT EXISTS }`, event, true},
		{`{ $.none NOT EXISTS }`, event, false},
		{`{ $.missing != "x" }`, event, false},
		{`{ $.missing IS NULL }`, event, false},
		{`{ $.none != "x" }`, event, false},
		{`{ $.none = "*" }`, event, false},
		{`{ $.object = "*" }`, event, false},
		{`{ $.list != "x" }`, event, false},
		{`{ $.object.a-b['c.d'] = "deep" }`, event, true},
		{`{ $.object.a-b.['c.d'] = "deep" }`, event, true},
		{`{ $.list[1].key = "y" }`, event, true},
		{`{ $.list[9].key NOT EXISTS }`, event, true},
		{`{ $.nested[0][1] = 2 }`, event, true},
		{`{ $.list[*].key = "y" }`, event, true},
		{`{ $.list[*].key = "z" }`, event, false},
		{`{ $.* = "StopLogging" }`, event, true},
		{`{ $.object.*.x NOT EXISTS }`, event, true},
		{`{ $.code = 1 && $.code = 2 || $.code = 404 }`, event, true},
		{`{ $.code = 404 || $.code = 1 && $.code = 2 }`, event, true},
		{`{ ($.code = 404 || $.code = 1) && $.code = 2 }`, event, false},
		{`{ $.name = "a \"quoted\" \\ name" }`, `{"name": "a \"quoted\" \\ name"}`, true},
		{`{ $.a NOT EXISTS }`, `no JSON`, false},
		{`{ $.a NOT EXISTS }`, `{} {}`, false},

		{`[]`, access, true},
		{`[ip, id, user, time, request, status, size]`, access, true},
		{`[ip, id, user, time, request, status]`, access, false},
		{`[ip, id, user, time, request, status, size, more]`, access, false},
		{`[ip, id, user, time, request, status=404, size]`, access, true},
		{`[..., status=4*, size]`, access, true},
		{`[..., request=*.html*, status=4*,]`, access, true},
		{`[ip=127.*, ...]`, access, true},
		{`[ip!=127.*, ...]`, access, false},
		{`[ip=127.0.0.1, ..., size>1000 && size<=1534]`, access, true},
		{`[..., size>1534]`, access, false},
		{`[..., user=frank || user=%^b%, , , , ]`, access, true},
		{`[, , user=bob, ...]`, access, false},
		{`[time=*Oct*, ...]`, `[10/Oct/2000 -0700] x`, true},
	}
	for _, test := range tests {
		p, err := Parse(test.pattern)
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		if got := p.Match([]byte(test.message)); got != test.want {
			t.Errorf("%s: got %v of %s", test.pattern, got, test.message)
		}
	}
}

func TestParseSaysWhereAPatternIsWrong(t *testing.T) {
	tests := []struct{ pattern, wrong, problem string }{
		{`{ $.a IS NOT NULL }`, `IS NOT NULL `, "expected a comparison"},
		{`{ $.a EXISTS }`, `EXISTS }`, "expected a comparison"},
		{`{ $.a = "x" `, ``, "expected &&, || or }"},
		{`{ $.a = "x }`, `"x }`, "does not end"},
		{`{ $.a = }`, `}`, "expected a value"},
		{`{ $.a > "1" }`, `"1"`, "with a number"},
		{`{ $.a > x }`, `x`, "with a number"},
		{`{ ($.a = 1 }`, `}`, "expected &&, || or )"},
		{`{ a = 1 }`, `a = 1 }`, "starts with $"},
		{`{ $ = 1 }`, ` = 1 }`, "expected a . and a name"},
		{`{ $.[x] = 1 }`, `x] = 1 }`, "expected an index"},
		{`{ $.*.* = 1 }`, `$.*.*`, "more than 1 wildcard"},
		{`{ $.a[*]=1 || $.b[*]=1 || $.c[*]=1 || $.d[*]=1 }`, `$.d[*]`, "more than 3 wildcard selectors"},
		{`{ $.a=%x% || $.a=%y% || $.a=%z% }`, `%z% }`, "more than 2 regular"},
		{`{ $.a = %(x)% }`, `%(x)%`, "does not know"},
		{`{ $.a = %x!% }`, `%x!%`, "does not know"},
		{`{ $.a = %x }`, `%x }`, "does not end"},
		{`{ $.a = %[% }`, `%[%`, "no regular expression"},
		{`{ $.a = 1 } x`, `x`, "nothing may follow"},
		{`foo:bar`, `foo:bar`, "invalid character(s) in term"},
		{`ERROR "x`, `"x`, "does not end"},
		{`[a, ..., b, ...]`, `...`, "a second ..."},
		{`[a=1 && b=2]`, `b`, `"b" within the conditions of "a"`},
		{`[a b]`, `b]`, "expected &&"},
		{`[a=1`, ``, "expected &&, ||, a comma or ]"},
		{strings.Repeat("x", MaxLength+1), strings.Repeat("x", MaxLength+1), "more than 1024"},
	}
	for _, test := range tests {
		_, err := Parse(test.pattern)
		var wrong *Error
		if !errors.As(err, &wrong) {
			t.Errorf("%s: got %v", test.pattern, err)
			continue
		}
		if got := test.pattern[wrong.Start:wrong.End]; got != test.wrong || !strings.Contains(wrong.Error(), test.problem) {
			t.Errorf("%s: %q is wrong: %v", test.pattern, got, err)
		}
	}
}

func TestExtract(t *testing.T) {
	tests := []struct {
		pattern, message string
		want             map[string]string
	}{
		{`ERROR`, `ERROR`, map[string]string{}},
		{`{ $.a = 1 && $.b[*] = "y" && $.c NOT EXISTS }`, `{"a": 1, "b": ["y"]}`, map[string]string{"$.a": "1", "$.b[*]": "y"}},
		{`[]`, `10.0.0.1 "GET /"`, map[string]string{"$1": "10.0.0.1", "$2": "GET /"}},
		{`[..., size]`, `a b 7`, map[string]string{"$1": "a", "$2": "b", "$size": "7"}},
		{`[a, b]`, `a`, map[string]string{}},
	}
	for _, test := range tests {
		p, err := Parse(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Extract([]byte(test.message)); !maps.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.pattern, got, test.want)
		}
	}
}

// What is read and printed is read again as the same, and matches the same.
func FuzzString(f *testing.F) {
	for _, pattern := range []string{
		`a -"b c" ?%d+%`, `{ $.a[*].b != "x*" && ($.c < -1e3 || $.d NOT EXISTS) }`, `[a, , b=1 || b!=%x%, ..., c>=2]`, `[]`, `[,]`, ``,
	} {
		f.Add(pattern, `{"a": [{"b": "y"}], "c": 1}`)
		f.Add(pattern, `1 2 3 "4 5" [6`)
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		p, err := Parse(pattern)
		if err != nil {
			return
		}
		again, err := Parse(p.String())
		if len(p.String()) > MaxLength {
			return // quotes made it longer
		}
		if err != nil {
			t.Fatalf("%q is printed as %q: %v", pattern, p, err)
		}
		if p.String() != again.String() {
			t.Errorf("%q, then %q", p, again)
		}
		if got, want := again.Match([]byte(message)), p.Match([]byte(message)); got != want {
			t.Errorf("%q: %v, as %q: %v", pattern, want, p, got)
		}
	})
}
