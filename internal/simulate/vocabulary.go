package simulate

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// vocabulary is the set of words that a placeholder may begin with: the built-in ones
// below and the name of every pool of resources.
type vocabulary map[string]func(args []string) (filler, error)

// filler compiles the inside of one placeholder.
func (v vocabulary) filler(token string) (filler, error) {
	word, args, _ := strings.Cut(token, " ")
	define, ok := v[word]
	if !ok {
		return nil, fmt.Errorf("compile placeholder %q: no such word", token)
	}
	fill, err := define(splitArgs(word, args))
	if err != nil {
		return nil, fmt.Errorf("compile placeholder %q: %w", token, err)
	}
	return fill, nil
}

// splitArgs splits at spaces, or at bars for words whose alternatives may contain
// spaces.
func splitArgs(word, args string) []string {
	if word == "pick" {
		return strings.Split(args, "|")
	}
	return strings.Fields(args)
}

func scenarioVariable(name string) filler {
	return func(s *scope, dst []byte) []byte { return append(dst, s.vars[name]...) }
}

// withPools returns v and one word for each pool.
func (v vocabulary) withPools(pools []pool) vocabulary {
	out := maps.Clone(v)
	for i, p := range pools {
		out[p.Name] = func([]string) (filler, error) { return poolFiller(i, p.Name), nil }
	}
	return out
}

// poolFiller prefers the pool's first members, because resources are not used evenly.
// If the scenario has a variable of the pool's name, it uses that value.
func poolFiller(index int, name string) filler {
	return func(s *scope, dst []byte) []byte {
		if theOne, ok := s.vars[name]; ok {
			return append(dst, theOne...)
		}
		members := s.account.pools[index].in(s.region)
		x := s.rng.float()
		return append(dst, members[int(x*x*float64(len(members)))]...)
	}
}

// builtinWords are documented, with an example of each, in docs/simulate.md.
func builtinWords() vocabulary {
	v := vocabulary{
		"int":   number,
		"hex":   lettersOf(hexDigits),
		"alnum": lettersOf(alnumSet),
		"upper": lettersOf(upperSet),
		"pick":  pick,
		"now":   now,
		"ms":    clock(func(t time.Time, dst []byte) []byte { return strconv.AppendInt(dst, t.UnixMilli(), 10) }),
		"epoch": clock(func(t time.Time, dst []byte) []byte { return strconv.AppendInt(dst, t.Unix(), 10) }),
		"text":  clock(func(t time.Time, dst []byte) []byte { return t.AppendFormat(dst, "Jan 2, 2006 3:04:05 PM") }),
		"day":   clock(func(t time.Time, dst []byte) []byte { return t.AppendFormat(dst, "2006/01/02") }),
	}
	for word, fill := range map[string]filler{
		"uuid":        func(s *scope, dst []byte) []byte { return s.rng.uuid(dst) },
		"eventID":     func(s *scope, dst []byte) []byte { return eventID(dst, s.key) },
		"account":     func(s *scope, dst []byte) []byte { return append(dst, s.account.id...) },
		"accountName": func(s *scope, dst []byte) []byte { return append(dst, s.account.name...) },
		"management":  func(s *scope, dst []byte) []byte { return append(dst, s.org.accounts[0].id...) },
		"region":      func(s *scope, dst []byte) []byte { return append(dst, s.region.name...) },
		"home":        func(s *scope, dst []byte) []byte { return append(dst, s.org.home.name...) },
		"org":         func(s *scope, dst []byte) []byte { return append(dst, s.org.id...) },
		"company":     func(s *scope, dst []byte) []byte { return append(dst, s.org.company...) },
		"trail":       func(s *scope, dst []byte) []byte { return append(dst, s.org.trail...) },
		"trailArn":    func(s *scope, dst []byte) []byte { return append(dst, s.org.trailARN(s.account)...) },
		"logBucket":   func(s *scope, dst []byte) []byte { return append(dst, s.org.bucket...) },
		"action":      func(s *scope, dst []byte) []byte { return append(dst, s.call.action...) },
		"me":          func(s *scope, dst []byte) []byte { return append(dst, s.who.name...) },
		"myArn":       func(s *scope, dst []byte) []byte { return append(dst, s.who.arn...) },
		"myIP":        func(s *scope, dst []byte) []byte { return append(dst, s.via.ip...) },
		"accessKey":   func(s *scope, dst []byte) []byte { return s.account.uniqueID(dst, "AKIA", &s.rng, 20) },
		"sessionKey":  func(s *scope, dst []byte) []byte { return s.account.uniqueID(dst, "ASIA", &s.rng, 20) },
		"userID":      func(s *scope, dst []byte) []byte { return s.account.uniqueID(dst, "AIDA", &s.rng, 21) },
		"roleID":      func(s *scope, dst []byte) []byte { return s.account.uniqueID(dst, "AROA", &s.rng, 21) },
		"peerKey":     func(s *scope, dst []byte) []byte { return s.peer.uniqueID(dst, "ASIA", &s.rng, 20) },
		"peerRoleID":  func(s *scope, dst []byte) []byte { return s.peer.uniqueID(dst, "AROA", &s.rng, 21) },
		"person":      func(s *scope, dst []byte) []byte { return append(dst, s.org.somePerson(&s.rng).name...) },
		"neighbour":   func(s *scope, dst []byte) []byte { return append(dst, s.org.neighbour(s.account, &s.rng).id...) },
		"privateIP":   privateIP,
		"publicIP":    publicIP,
	} {
		v[word] = func(args []string) (filler, error) { return fill, nil }
	}
	return v
}

func number(args []string) (filler, error) {
	if len(args) < 2 {
		return nil, fmt.Errorf("want two numbers")
	}
	lo, err1 := strconv.Atoi(args[0])
	hi, err2 := strconv.Atoi(args[1])
	if err1 != nil || err2 != nil || hi < lo {
		return nil, fmt.Errorf("want two numbers, the smaller first")
	}
	return func(s *scope, dst []byte) []byte {
		return strconv.AppendInt(dst, int64(s.rng.between(lo, hi)), 10)
	}, nil
}

func lettersOf(alphabet string) func([]string) (filler, error) {
	return func(args []string) (filler, error) {
		if len(args) < 1 {
			return nil, fmt.Errorf("want a length")
		}
		n, err := strconv.Atoi(args[0])
		if err != nil || n < 1 || n > 4096 {
			return nil, fmt.Errorf("want a length between 1 and 4096")
		}
		return func(s *scope, dst []byte) []byte { return s.rng.letters(dst, n, alphabet) }, nil
	}
}

func pick(args []string) (filler, error) {
	if len(args) < 2 {
		return nil, fmt.Errorf("want alternatives separated by |")
	}
	return func(s *scope, dst []byte) []byte { return append(dst, args[s.rng.intn(len(args))]...) }, nil
}

// now takes an optional offset such as -7d or 1h.
func now(args []string) (filler, error) {
	offset, err := offsetOf(args)
	if err != nil {
		return nil, err
	}
	return func(s *scope, dst []byte) []byte { return appendTime(dst, s.at+offset) }, nil
}

func clock(format func(time.Time, []byte) []byte) func([]string) (filler, error) {
	return func(args []string) (filler, error) {
		offset, err := offsetOf(args)
		if err != nil {
			return nil, err
		}
		return func(s *scope, dst []byte) []byte {
			return format(time.Unix(s.at+offset, 0).UTC(), dst)
		}, nil
	}
}

func offsetOf(args []string) (seconds int64, err error) {
	if len(args) == 0 {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(args[0], "d"); ok {
		n, err := strconv.Atoi(days)
		return int64(n) * 86400, err
	}
	d, err := time.ParseDuration(args[0])
	return int64(d / time.Second), err
}

func privateIP(s *scope, dst []byte) []byte {
	dst = append(dst, "10."...)
	dst = strconv.AppendInt(dst, int64(s.rng.intn(40)), 10)
	dst = append(dst, '.')
	dst = strconv.AppendInt(dst, int64(s.rng.intn(255)), 10)
	dst = append(dst, '.')
	return strconv.AppendInt(dst, int64(s.rng.between(4, 250)), 10)
}

// publicIP returns an address from the ranges that the organization's people use.
func publicIP(s *scope, dst []byte) []byte {
	return append(dst, s.org.somePerson(&s.rng).homeIP...)
}
