package operation

import (
	"net/http"
	"net/url"
	"strings"
)

// segment is a node in the tree of a service's paths.
type segment struct {
	literals map[string]*segment
	labels   []label
	routes   []route
}

// label is a segment that is a parameter. Greedy labels match several segments, and
// come after others.
type label struct {
	name   string
	greedy bool
	next   *segment
}

// route is an operation at the end of a path.
type route struct {
	method     string
	conditions []condition
	operation  string
}

// condition is a query parameter, with its value if required, or a header that a route
// requires.
type condition struct {
	name, value string
	header      bool
}

func (s *segment) grow(text string) *segment {
	name, isLabel := strings.CutPrefix(text, "{")
	next := &segment{}
	if !isLabel {
		if s.literals == nil {
			s.literals = map[string]*segment{}
		}
		s.literals[text] = next
		return next
	}
	name, greedy := strings.CutSuffix(strings.TrimSuffix(name, "}"), "+")
	if l := (label{name, greedy, next}); greedy {
		s.labels = append(s.labels, l)
	} else {
		s.labels = append([]label{l}, s.labels...)
	}
	return next
}

// addRoutes parses METHOD?CONDITION&CONDITION OPERATION pairs.
func (s *segment) addRoutes(pairs []string) {
	for ; len(pairs) > 1; pairs = pairs[2:] {
		method, query, _ := strings.Cut(pairs[0], "?")
		r := route{method: method, operation: pairs[1]}
		for text := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' }) {
			name, header := strings.CutSuffix(text, ":")
			name, value, _ := strings.Cut(name, "=")
			r.conditions = append(r.conditions, condition{name, value, header})
		}
		s.routes = append(s.routes, r)
	}
}

// request is the part of a request that selects a route.
type request struct {
	method string
	host   host
	path   string // escaped
	query  url.Values
	header http.Header
}

func (c condition) met(q *request) bool {
	if c.header {
		return q.header.Get(c.name) != ""
	}
	return q.query.Has(c.name) && (c.value == "" || q.query.Get(c.name) == c.value)
}

// pick returns the route whose conditions are met; of several, the one with the most
// conditions.
func (s *segment) pick(q *request) *route {
	var best *route
	for i := range s.routes {
		r := &s.routes[i]
		if r.method == q.method && (best == nil || len(r.conditions) > len(best.conditions)) && r.met(q) {
			best = r
		}
	}
	return best
}

func (r *route) met(q *request) bool {
	for _, c := range r.conditions {
		if !c.met(q) {
			return false
		}
	}
	return true
}

// maxDepth is more segments than any route has, even with an ARN that contains slashes.
const maxDepth = 64

// find returns the operation at a path, with or without a trailing slash, and its named
// parameters.
func (s *segment) find(q *request) (operation string, parameters map[string]string) {
	parts := strings.Split(strings.TrimPrefix(q.path, "/"), "/")
	if len(parts) > maxDepth {
		return "", nil
	}
	found, taken := s.walk(parts, q, nil)
	if last := len(parts) - 1; found == nil && last > 0 && parts[last] == "" {
		found, taken = s.walk(parts[:last], q, nil)
	} else if found == nil {
		found, taken = s.walk(append(parts, ""), q, nil)
	}
	if found == nil {
		return "", nil
	}
	for _, p := range taken {
		if parameters == nil {
			parameters = make(map[string]string, len(taken))
		}
		parameters[p.name] = unescape(p.value)
	}
	return found.operation, parameters
}

type parameter struct{ name, value string }

// walk tries literal segments before labels, and for a greedy label the shortest value
// first, so that the most specific path wins.
func (s *segment) walk(parts []string, q *request, taken []parameter) (*route, []parameter) {
	if len(parts) == 0 {
		return s.pick(q), taken
	}
	if next := s.literals[parts[0]]; next != nil {
		if found, all := next.walk(parts[1:], q, taken); found != nil {
			return found, all
		}
	}
	for _, l := range s.labels {
		most := 1
		if l.greedy {
			most = len(parts)
		}
		for n := 1; n <= most && parts[n-1] != ""; n++ {
			value := strings.Join(parts[:n], "/")
			if found, all := l.next.walk(parts[n:], q, append(taken, parameter{l.name, value})); found != nil {
				return found, all
			}
		}
	}
	return nil, nil
}

// unescape decodes %xx, and returns text that cannot be decoded unchanged.
func unescape(text string) string {
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded
	}
	return text
}
