package verify_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// cleanTable has a row for each thing that looks like damage and is none.
func (s *site) cleanTable(t *testing.T) string {
	var rows [][]string
	for _, c := range []struct {
		name  string
		do    func(t *testing.T, s *site) memory
		apart []verify.State // besides valid
	}{
		{name: "nothing changed", do: func(_ *testing.T, s *site) memory { return s.m }},
		{name: "the oldest digests and log files expired", apart: []verify.State{verify.Expired}, do: expired},
		{name: "logging stopped and started", do: stopped},
		{name: "digests of backfill", do: backfilled},
		{name: "hours without log files", do: emptyHours},
		{name: "log files named for another hour than the digest's", do: disordered},
		{name: "a log file listed twice", do: listedTwice},
		{name: "the trail moved to another bucket", do: moved},
		{name: "the key replaced", do: replacedKey},
		{name: "the folder copied elsewhere", do: copiedElsewhere},
		{name: "copied without metadata", do: bare, apart: []verify.State{verify.Unverifiable}},
		{name: "the newest digest not delivered yet", apart: []verify.State{verify.Pending}, do: func(t *testing.T, s *site) memory {
			m := s.m.clone()
			without(s.main.digests[siteHours-1])(m)
			return m
		}},
	} {
		m := c.do(t, s)
		bad, sum := run(t, m, verify.NewKeys([]digest.PublicKey{published(keyPair()), published(nextPair())}), verify.Options{})
		alarms := 0
		for _, r := range bad {
			if !slices.Contains(c.apart, r.State) {
				alarms++
			}
		}
		if alarms > 0 || sum.Digests[verify.Valid] == 0 || len(bad) == 0 && len(c.apart) > 0 {
			t.Errorf("%s: %q", c.name, lines(bad))
		}
		code := 0
		if sum.Unknown() {
			code = 3
		}
		rows = append(rows, []string{c.name, sum.Digests.String(), sum.LogFiles.String(), fmt.Sprint(alarms), fmt.Sprint(code)})
	}
	return table([]string{"archive", "digests", "log files", "false alarms", "exit code"}, rows)
}

func expired(t *testing.T, s *site) memory {
	m := s.m.clone()
	for i := range 3 {
		for _, b := range []*builder{s.main, s.other, s.abroad} {
			without(s.logsOf(t, b.digests[i])...)(m)
			without(b.digests[i])(m)
		}
	}
	return m
}

func stopped(t *testing.T, _ *site) memory {
	m := memory{}
	b := newBuilder(m, "main")
	b.hour(t, 1)
	start := b.end
	b.end = start.Add(time.Hour)
	stop := b.log(t, start.Add(50*time.Minute), `{"Records":[{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","eventTime":"`+
		start.Add(40*time.Minute).Format(time.RFC3339)+`","awsRegion":"`+region+`","requestParameters":{"name":"main"}}]}`)
	b.write(t, start, []digest.LogFile{stop}, false)
	b.previous, b.end = nil, b.end.Add(5*time.Hour)
	b.hour(t, 1)
	b.hour(t, 1)
	return m
}

func backfilled(t *testing.T, s *site) memory {
	m := s.m.clone()
	for i := range 3 {
		late := newBuilder(m, "main")
		late.end = begin.Add(time.Duration(5+2*i) * time.Hour)
		file := late.log(t, begin.Add(time.Duration(4+i)*time.Hour+9*time.Minute), "{}")
		late.write(t, late.end.Add(-time.Hour), []digest.LogFile{file}, true)
		m[late.digests[0]].metadata[digest.MetadataBackfillTimestamp] = begin.AddDate(0, 0, 5).Format("2006-01-02T15:04:05.000Z")
	}
	return m
}

func emptyHours(t *testing.T, _ *site) memory {
	m := memory{}
	b := newBuilder(m, "main")
	for hour := range 8 {
		b.hour(t, hour%3/2)
	}
	return m
}

// disordered has log files that were delivered again, later and in another order:
// their names tell other hours than that of the digest that lists them.
func disordered(t *testing.T, _ *site) memory {
	m := memory{}
	b := newBuilder(m, "main")
	for range 4 {
		b.hour(t, 1)
	}
	start := b.end
	b.end = start.Add(time.Hour)
	var files []digest.LogFile
	for i, before := range []time.Duration{3 * time.Hour, -20 * time.Minute, 30 * time.Minute, -70 * time.Minute, 2 * time.Hour} {
		files = append(files, b.log(t, start.Add(-before), fmt.Sprintf(`{"Records":[{"eventID":"again-%d"}]}`, i)))
	}
	b.write(t, start, files, false)
	for range 3 {
		b.hour(t, 1)
	}
	return m
}

func listedTwice(t *testing.T, _ *site) memory {
	m := memory{}
	b := newBuilder(m, "main")
	b.hour(t, 2)
	files := b.previous.LogFiles
	b.end = b.end.Add(time.Hour)
	b.write(t, b.end.Add(-time.Hour), files[:1], false)
	b.hour(t, 1)
	return m
}

func moved(t *testing.T, _ *site) memory {
	m := memory{}
	b := newBuilder(m, "main")
	for _, b.bucket = range []string{"logs-1", "logs-1", "logs-2", "logs-3"} {
		b.hour(t, 1)
	}
	return m
}

func copiedElsewhere(_ *testing.T, s *site) memory {
	m := memory{}
	for key, o := range s.m {
		m["copy/of/"+strings.TrimPrefix(key, "AWSLogs/")] = o
	}
	return m
}

func bare(_ *testing.T, s *site) memory {
	m := s.m.clone()
	for key, o := range m {
		if key != s.late.digests[0] { // alone in its chain
			o.metadata = nil
			m[key] = o
		}
	}
	return m
}

// nextPair is the key pair that replaces the first one.
var nextPair = sync.OnceValue(mustKey)

func replacedKey(t *testing.T, _ *site) memory {
	m := memory{}
	b := newBuilder(m, "main")
	for range 4 {
		b.hour(t, 1)
	}
	b.pair = nextPair()
	for range 4 {
		b.hour(t, 1)
	}
	return m
}
