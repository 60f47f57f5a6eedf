package quantity

import (
	"fmt"
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
		{"2026-01-11t10:00:00z", "2026-01-11T10:00:00Z"},
		{"2026-01", "2026-01-01T00:00:00Z"},
		{"30m", "2026-03-01T10:30:00Z"},
		{"4w", "2026-02-01T11:00:00Z"},
		{"3mo", "2025-12-01T11:00:00Z"},
		{"1y", "2025-03-01T11:00:00Z"},
		{"1y6mo1d", "2024-08-31T11:00:00Z"},
		{"now", "2026-03-01T11:00:00Z"},
		{"today", "2026-03-01T00:00:00Z"},
		{"yesterday", "2026-02-28T00:00:00Z"},
		{"Yesterday", "2026-02-28T00:00:00Z"},
		{"0", "1970-01-01T00:00:00Z"},
		{"1768125600", "2026-01-11T10:00:00Z"},
		{"1768125600.0", "2026-01-11T10:00:00Z"},
		{"1768125600.25", "2026-01-11T10:00:00.25Z"},
		{"1768125600250", "2026-01-11T10:00:00.25Z"},
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
		"", " ", "tomorrow", "30", "d", "-30d", "+30d", "1.5h", "30 d", "30dd",
		"2026-13-01", "2026-02-30", "2026-1-1", "20260111", "11/01/2026", "2026-01-11T25:00",
		"99999999999999999999d", "106752d", "15250w1000w", "9223372036854775807y1y", "250y250y", "99999999999999999999mo",
		"0.5", "1768125600.", "1768125600.x", "-1768125600", "1768125600250.5", "176812560", "202601111000", "20260111100000",
		"2026", "2026-13", "2026-1", "202601", "1mo1", "3M", "1M", "1year", "1969-12-31", "0001-01-01", "60y",
	} {
		if got, err := ParseTime(in, time.Unix(0, 0)); err == nil {
			t.Errorf("ParseTime(%q) = %s, want an error", in, got)
		} else if !strings.Contains(err.Error(), TimeForms) {
			t.Errorf("ParseTime(%q) does not name the accepted forms: %v", in, err)
		}
	}
}

// Months are those of the calendar, however long they are.
func TestParseTimeCountsMonths(t *testing.T) {
	for _, test := range []struct{ now, age, want string }{
		{"2026-03-31", "1mo", "2026-02-28"},
		{"2024-03-31", "1mo", "2024-02-29"},
		{"2024-02-29", "1y", "2023-02-28"},
		{"2024-02-29", "4y", "2020-02-29"},
		{"2026-01-31", "2mo", "2025-11-30"},
		{"2026-05-31", "3mo1d", "2026-02-27"},
		{"2026-01-15", "13mo", "2024-12-15"},
		{"2026-01-15", "12mo", "2025-01-15"},
		{"2026-12-31", "0mo", "2026-12-31"},
	} {
		now, err := time.Parse(time.DateOnly, test.now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseTime(test.age, now)
		if err != nil || got.Format(time.DateOnly) != test.want {
			t.Errorf("%s before %s is %s, %v, want %s", test.age, test.now, got.Format(time.DateOnly), err, test.want)
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
	for _, seed := range []string{
		"2026-01-11", "2026-01", "2026-01-11T10:00", "30d", "1d12h", "1y6mo", "2026-01-11T10:00:00.123456789+05:45",
		"yesterday", "1768125600.123456789", "1768125600250", "9999999999999", "250y", "9999-12-31T23:59:59-23:59",
	} {
		f.Add(seed, int64(1772366400))
	}
	f.Fuzz(func(t *testing.T, s string, seconds int64) {
		const year9999 = 253402300799
		now := time.Unix((seconds%year9999+year9999)%year9999, 0)
		first, err := ParseTime(s, now)
		if err != nil {
			return
		}
		if first.Before(time.Unix(0, 0)) || first.Year() > 9999 || first.Location() != time.UTC {
			t.Fatalf("ParseTime(%q) = %s", s, first)
		}
		again, err := ParseTime(first.Format(time.RFC3339Nano), now)
		if err != nil || !again.Equal(first) {
			t.Fatalf("ParseTime(%q) = %s, read again as %s, %v", s, first, again, err)
		}
	})
}

// An age is never in the future, and more of it is longer ago.
func FuzzAgeOrder(f *testing.F) {
	f.Add(uint16(1), uint16(31), int64(1774915200))
	f.Add(uint16(12), uint16(0), int64(1709164800))
	f.Fuzz(func(t *testing.T, months, days uint16, seconds int64) {
		const year2200 = 7258118400
		now := time.Unix((seconds%year2200+year2200)%year2200, 0)
		near, nearErr := ParseTime(fmt.Sprintf("%dmo%dd", months, days), now)
		far, farErr := ParseTime(fmt.Sprintf("%dmo%dd", months+1, days), now)
		if nearErr != nil || farErr != nil || months == math.MaxUint16 {
			return // before 1970
		}
		gap := near.Sub(far)
		if near.After(now) || gap < 28*24*time.Hour || gap > 31*24*time.Hour {
			t.Fatalf("%d and %d months and %d days before %s are %s and %s", months, months+1, days, now, near, far)
		}
	})
}
