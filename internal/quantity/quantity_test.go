package quantity

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestFormatCount(t *testing.T) {
	tests := []struct {
		n    int64
		want string
	}{
		{0, "0"},
		{999, "999"},
		{1000, "1,000"},
		{1234567, "1,234,567"},
		{-1234, "-1,234"},
		{-123, "-123"},
		{math.MaxInt64, "9,223,372,036,854,775,807"},
		{math.MinInt64, "-9,223,372,036,854,775,808"},
	}
	for _, test := range tests {
		if got := FormatCount(test.n); got != test.want {
			t.Errorf("FormatCount(%d) = %q, want %q", test.n, got, test.want)
		}
	}
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("CET", 3600))
	tests := []struct{ in, want string }{
		{"2026-01-11T10:00:00Z", "2026-01-11T10:00:00Z"},
		{"2026-01-11T10:00:00.25Z", "2026-01-11T10:00:00.25Z"},
		{"2026-01-11T10:00:00+02:00", "2026-01-11T08:00:00Z"},
		{"2026-01-11T10:00Z", "2026-01-11T10:00:00Z"},
		{"2026-01-11T10:00:30", "2026-01-11T10:00:30Z"},
		{"2026-01-11T10:00", "2026-01-11T10:00:00Z"},
		{"2026-01-11 10:00:30", "2026-01-11T10:00:30Z"},
		{"2026-01-11 10:00", "2026-01-11T10:00:00Z"},
		{"2026-01-11", "2026-01-11T00:00:00Z"},
		{"15m", "2026-03-01T10:45:00Z"},
		{"12h", "2026-02-28T23:00:00Z"},
		{"30d", "2026-01-30T11:00:00Z"},
		{"2w", "2026-02-15T11:00:00Z"},
		{"1d12h", "2026-02-27T23:00:00Z"},
		{"90s", "2026-03-01T10:58:30Z"},
		{"0d", "2026-03-01T11:00:00Z"},
	}
	for _, test := range tests {
		got, err := ParseTime(test.in, now)
		if err != nil {
			t.Errorf("ParseTime(%q): %v", test.in, err)
			continue
		}
		if text := got.Format(time.RFC3339Nano); text != test.want {
			t.Errorf("ParseTime(%q) = %s, want %s", test.in, text, test.want)
		}
	}
}

func TestParseTimeRefuses(t *testing.T) {
	for _, in := range []string{
		"", " ", "yesterday", "30", "d", "30y", "-30d", "+30d", "1.5h", "30 d", "30dd",
		"2026-13-01", "2026-02-30", "2026-1-1", "20260111", "11/01/2026", "2026-01-11T25:00",
		"99999999999999999999d", "106752d", "15250w1000w",
	} {
		if got, err := ParseTime(in, time.Unix(0, 0)); err == nil {
			t.Errorf("ParseTime(%q) = %s, want an error", in, got)
		} else if !strings.Contains(err.Error(), TimeForms) {
			t.Errorf("ParseTime(%q) does not name the accepted forms: %v", in, err)
		}
	}
}

func TestParseSize(t *testing.T) {
	tests := []struct {
		in   string
		want int64
	}{
		{"0", 0},
		{"1048576", 1 << 20},
		{"512B", 512},
		{"1KiB", 1 << 10},
		{"512MiB", 512 << 20},
		{"1GiB", 1 << 30},
		{"1.5GiB", 3 << 29},
		{".5KiB", 512},
		{"1gib", 1 << 30},
		{"1 GiB", 1 << 30},
		{"1kB", 1000},
		{"1GB", 1e9},
		{"0.1kB", 100},
		{"2TiB", 2 << 40},
		{"7EiB", 7 << 60},
		{"9223372036854775807", math.MaxInt64},
	}
	for _, test := range tests {
		if got, err := ParseSize(test.in); err != nil || got != test.want {
			t.Errorf("ParseSize(%q) = %d, %v, want %d", test.in, got, err, test.want)
		}
	}
}

func TestParseSizeRefuses(t *testing.T) {
	for _, in := range []string{
		"", " ", "B", "GiB", "1G", "1M", "-1", "-1GiB", "+1GiB", "1.5", "1.5B", "1e9", "0x10",
		"1..5GiB", ".GiB", "inf", "NaN", "1  GiB", "1GiB ", " 1GiB", "8EiB", "8.5EiB",
		"9223372036854775808", "99999999999999999999PiB", "lots",
	} {
		if got, err := ParseSize(in); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", in, got)
		} else if !strings.Contains(err.Error(), SizeForms) {
			t.Errorf("ParseSize(%q) does not name the accepted forms: %v", in, err)
		}
	}
}

func TestFormatSize(t *testing.T) {
	tests := []struct {
		n    int64
		want string
	}{
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1 KiB"},
		{1536, "1.5 KiB"},
		{1<<20 - 1, "1 MiB"},
		{64 << 20, "64 MiB"},
		{5 << 29, "2.5 GiB"},
		{math.MaxInt64, "8 EiB"},
		{-1536, "-1.5 KiB"},
	}
	for _, test := range tests {
		if got := FormatSize(test.n); got != test.want {
			t.Errorf("FormatSize(%d) = %q, want %q", test.n, got, test.want)
		}
	}
}

// What FormatSize writes is read back within the half decimal that it rounds away.
func FuzzSizeRoundTrip(f *testing.F) {
	for _, seed := range []int64{0, 1, 1023, 1024, 1<<20 - 1, 1 << 40, 1<<62 + 12345} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		if n < 0 || n > 7<<60 {
			t.Skip("not a size that rounds to one an int64 holds")
		}
		text := FormatSize(n)
		back, err := ParseSize(text)
		if err != nil {
			t.Fatalf("ParseSize(FormatSize(%d)): %v", n, err)
		}
		if diff := math.Abs(float64(back) - float64(n)); diff > 0.051*math.Max(float64(n), 1) {
			t.Fatalf("%d is written %q and read back as %d", n, text, back)
		}
	})
}

// A time that is accepted is accepted again in RFC 3339, and is the same time.
func FuzzTimeRoundTrip(f *testing.F) {
	for _, seed := range []string{"2026-01-11", "2026-01-11T10:00", "30d", "1d12h", "2026-01-11T10:00:00.123456789+05:45"} {
		f.Add(seed)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		first, err := ParseTime(s, now)
		if err != nil {
			return
		}
		if first.Year() < 0 || first.Year() > 9999 {
			return // RFC 3339 has no such year
		}
		again, err := ParseTime(first.Format(time.RFC3339Nano), now)
		if err != nil || !again.Equal(first) {
			t.Fatalf("ParseTime(%q) = %s, read again as %s, %v", s, first, again, err)
		}
	})
}
