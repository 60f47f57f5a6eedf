package result

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/big"
	"testing"
	"time"
	"unicode/utf8"
)

func TestTextAndJSON(t *testing.T) {
	huge, _ := new(big.Int).SetString("-170141183460469231731687303715884105728", 10)
	for _, c := range []struct {
		value      any
		text, json string
	}{
		{nil, "", "null"},
		{true, "true", "true"},
		{int64(math.MinInt64), "-9223372036854775808", "-9223372036854775808"},
		{uint64(math.MaxUint64), "18446744073709551615", "18446744073709551615"},
		{huge, huge.String(), huge.String()},
		{Decimal{big.NewInt(-5), 3}, "-0.005", "-0.005"},
		{Decimal{big.NewInt(12345), 2}, "123.45", "123.45"},
		{Decimal{big.NewInt(7), 0}, "7", "7"},
		{0.1, "0.1", "0.1"},
		{float32(0.1), "0.1", "0.1"},
		{1e21, "1e+21", "1e+21"},
		{1e20, "100000000000000000000", "100000000000000000000"},
		{1e-7, "1e-07", "1e-07"},
		{math.NaN(), "NaN", `"NaN"`},
		{math.Inf(1), "Infinity", `"Infinity"`},
		{float32(math.Inf(-1)), "-Infinity", `"-Infinity"`},
		{"a\"b\\\n\t\x00\x7f\u2028<&>", "a\"b\\\n\t\x00\x7f\u2028<&>", `"a\"b\\\n\t\u0000\u007f\u2028<&>"`},
		{JSON(`{"n": 1.10}`), `{"n": 1.10}`, `{"n": 1.10}`},
		{Literal("1 day"), "1 day", `"1 day"`},
		{[]byte{0, 255}, "00ff", `"AP8="`},
		{Timestamp{time.Date(2026, 1, 11, 1, 2, 3, 4000, time.UTC)}, "2026-01-11T01:02:03.000004Z", `"2026-01-11T01:02:03.000004Z"`},
		{Date{time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC)}, "2026-01-11", `"2026-01-11"`},
		{[]any{int64(1), nil, "x"}, `[1,null,"x"]`, `[1,null,"x"]`},
		{Struct{{"b", int64(1)}, {"a", []any{}}}, `{"b":1,"a":[]}`, `{"b":1,"a":[]}`},
		{Map{{int64(1), "x"}, {"k", nil}}, `{"1":"x","k":null}`, `{"1":"x","k":null}`},
		{struct{}{}, `"{}"`, `"{}"`}, // not a value of a row, and still well formed
	} {
		if got := Text(c.value); got != c.text {
			t.Errorf("Text(%#v) = %q, want %q", c.value, got, c.text)
		}
		if got := string(AppendJSON([]byte("..."), c.value)); got != "..."+c.json {
			t.Errorf("AppendJSON(%#v) = %s, want %s", c.value, got, c.json)
		}
	}
}

func TestOf(t *testing.T) {
	r := Of([]Column{{"a", "BIGINT"}}, []any{int64(1)}, []any{int64(2)})
	for want := range int64(2) {
		if row, err := r.Next(); err != nil || row[0] != want+1 {
			t.Fatalf("row %v, %v", row, err)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last row: %v", err)
	}
}

// A string is written as JSON that gives it back, without control characters.
func FuzzAppendJSONString(f *testing.F) {
	f.Add("plain")
	f.Add("\x00\x1b\x7f\u0085\u2028\"\\ \xff 日本 🙂")
	f.Fuzz(func(t *testing.T, s string) {
		quoted := AppendJSONString(nil, s)
		for _, c := range string(quoted) {
			if c < ' ' || c >= 0x7f && c < 0xa0 {
				t.Fatalf("%q has the control character %U", quoted, c)
			}
		}
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil {
			t.Fatalf("%v: %s", err, quoted)
		}
		if utf8.ValidString(s) && back != s {
			t.Errorf("%q became %q", s, back)
		}
		if again := appendRawJSON(nil, string(quoted)); string(again) != string(quoted) {
			t.Errorf("raw JSON %s became %s", quoted, again)
		}
	})
}

// Raw JSON keeps its value, on one line.
func FuzzAppendRawJSON(f *testing.F) {
	f.Add([]byte("{\"a\" : [1.10, \"x\u0085\x7f\\\\\\\"\"]\n}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) || !utf8.Valid(raw) {
			return
		}
		got := appendRawJSON(nil, string(raw))
		var want, have any
		if json.Unmarshal(raw, &want) != nil {
			return // a number beyond float64
		}
		if err := json.Unmarshal(got, &have); err != nil {
			t.Fatalf("%s became %s: %v", raw, got, err)
		}
		wantText, _ := json.Marshal(want)
		haveText, _ := json.Marshal(have)
		if string(wantText) != string(haveText) {
			t.Errorf("%s became %s", raw, got)
		}
		for _, c := range got {
			if c < ' ' || c == 0x7f {
				t.Errorf("%q has a control character", got)
			}
		}
	})
}
