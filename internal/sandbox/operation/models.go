package operation

import (
	_ "embed" // for modelsText
	"slices"
	"strings"
	"sync"
)

// modelsText holds facts from botocore's service models, see generate/main.go.
//
//go:embed models.txt
var modelsText string

// known is the parsed modelsText.
var known = sync.OnceValue(func() *catalogue { return parseModels(modelsText) })

// catalogue holds every service, by the ways in which a request names one.
type catalogue struct {
	services  map[string]*service // by the name in a signature's scope
	targets   map[string]*service // by the prefix of X-Amz-Target, which CBOR paths have too
	versions  map[string]*service // by the Version parameter of the query protocol
	endpoints map[string]*service // by the start of a host name
}

// service is the facts of the models with one signing name.
type service struct {
	name      string
	protocols []Protocol
	// Member names, sorted.
	maps, secrets, lists, flats []string
	routes                      segment
	// Names that are secrets in some operations only.
	partly map[string]partly
}

// partly is a member name with exceptions for some sides of operations.
type partly struct {
	secret bool
	// but lists sides of operations, such as PutThing<, where the opposite holds: below
	// the given parents, or everywhere if nil.
	but map[string][]string
}

func (s *service) speaks(p Protocol) bool { return s != nil && slices.Contains(s.protocols, p) }

// rest returns the REST protocol of a service that is identified by routes, or Unknown.
func (s *service) rest() Protocol {
	for _, p := range []Protocol{RESTJSON, RESTXML} {
		if s.speaks(p) {
			return p
		}
	}
	return Unknown
}

// query returns the protocol of a service that has an Action parameter, or Unknown.
func (s *service) query() Protocol {
	for _, p := range []Protocol{Query, EC2} {
		if s.speaks(p) {
			return p
		}
	}
	return Unknown
}

func parseModels(text string) *catalogue {
	c := &catalogue{
		services: map[string]*service{}, targets: map[string]*service{},
		versions: map[string]*service{}, endpoints: map[string]*service{},
	}
	var current *service
	var path []*segment // the parent segments of the current line, the root first
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch fields[0] {
		case "#":
		case "service":
			current = &service{name: fields[1], partly: map[string]partly{}}
			path = []*segment{&current.routes}
			c.services[current.name] = current
		case "model":
			c.addModel(current, fields[1:])
		case "maps":
			current.maps = fields[1:]
		case "secrets":
			current.secrets = fields[1:]
		case "lists":
			current.lists = fields[1:]
		case "flats":
			current.flats = fields[1:]
		case "hidden", "shown":
			current.partly[fields[1]] = parsePartly(fields[0] == "shown", fields[2:])
		default:
			depth := strings.IndexByte(line, '/')
			path = append(path[:depth+1], path[depth].grow(fields[0][1:]))
			path[depth+1].addRoutes(fields[1:])
		}
	}
	return c
}

// parsePartly parses SIDE or SIDEPARENT,PARENT ... where SIDE ends in < or >.
func parsePartly(secret bool, exceptions []string) partly {
	p := partly{secret: secret, but: map[string][]string{}}
	for _, text := range exceptions {
		end := strings.IndexAny(text, "<>") + 1
		var parents []string
		if end < len(text) {
			parents = strings.Split(text[end:], ",")
		}
		p.but[text[:end]] = parents
	}
	return p
}

// addModel parses ENDPOINT PROTOCOL VERSION [TARGET].
func (c *catalogue) addModel(s *service, model []string) {
	endpoint, protocol, version := model[0], model[1], model[2]
	s.protocols = append(s.protocols, protocolNamed(protocol))
	// These two used the query protocol before, and older clients still do.
	if s.name == "sqs" || s.name == "monitoring" {
		s.protocols = append(s.protocols, Query)
	}
	if s.query() != Unknown {
		c.versions[version] = s
	}
	c.endpoints[endpoint] = s
	if len(model) > 3 {
		target := model[3]
		c.targets[target] = s
		c.targets[target[strings.LastIndexByte(target, '.')+1:]] = s
	}
}

func protocolNamed(name string) Protocol {
	switch name {
	case "json":
		return JSON
	case "query":
		return Query
	case "ec2":
		return EC2
	case "rest-json":
		return RESTJSON
	case "rest-xml":
		return RESTXML
	case "smithy-rpc-v2-cbor":
		return CBOR
	}
	return Unknown
}
