package record

import (
	"maps"
	"net/url"
	"slices"

	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// requestParameters returns the recorded parameters of the request. A body that cannot
// be decoded is omitted; the parameters of path and query remain.
func (c *call) requestParameters(errorCode string) tree {
	s := speller{op: c.op, secrets: c.secrets}
	body := bodyOf(c.x.Request)
	if c.op.SensitiveBody(operation.Input) {
		body = nil
	}
	switch c.op.Protocol {
	case operation.JSON, operation.CBOR:
		if errorCode == "AccessDenied" { // refused before the parameters were read
			return nil
		}
		if c.op.Protocol == operation.CBOR {
			return emptyIsNothing(s.spell(decodeCBOR(body)))
		}
		parameters := emptyIsNothing(s.spell(decodeJSON(body)))
		if c.op.EventSource == "dynamodb.amazonaws.com" {
			return plainKey(parameters)
		}
		return parameters
	case operation.Query:
		if errorCode == "AccessDenied" {
			return nil
		}
		s.words = true
		parameters := s.spell(unflatten(decodeForm(c.query(), string(body))))
		return emptyIsNothing(c.withIncomingTags(parameters))
	case operation.EC2:
		return emptyIsNothing(s.ec2Parameters(decodeForm(c.query(), string(body))))
	}
	if c.op.EventSource == "s3.amazonaws.com" {
		return c.s3Parameters(body)
	}
	return emptyIsNothing(c.restParameters(s, body))
}

// withIncomingTags adds the transitive tags that the assumed session inherits from the
// caller's session.
func (c *call) withIncomingTags(parameters tree) tree {
	members, ok := parameters.(object)
	if !ok || c.op.EventSource != "sts.amazonaws.com" || c.op.Name != "AssumeRole" || len(c.who.TransitiveTags) == 0 {
		return parameters
	}
	incoming := object{}
	for _, key := range slices.Sorted(maps.Keys(c.who.TransitiveTags)) {
		incoming.add(key, c.who.TransitiveTags[key])
	}
	return append(object{{"incomingTransitiveTags", incoming}}, members...)
}

func (c *call) query() string {
	if c.x.URL == nil {
		return ""
	}
	return c.x.URL.RawQuery
}

// restParameters collects the parameters of a REST request from path, query and body.
func (c *call) restParameters(s speller, body []byte) tree {
	located := object{}
	for _, name := range slices.Sorted(maps.Keys(c.op.Path)) {
		located.add(name, c.op.Path[name])
	}
	values, _ := url.ParseQuery(c.query()) // of a malformed query, the valid part
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch held := values[name]; {
		case unspoken(name):
		case len(held) == 1:
			located.add(name, held[0])
		default:
			texts := list{}
			for _, text := range held {
				texts = append(texts, text)
			}
			located.add(name, texts)
		}
	}
	words := s
	words.words = true
	parameters, _ := words.spell(located).(object)
	return append(parameters, c.restBody(s, body)...).unique()
}

// restBody returns the body as parameters. For data events the body is user data.
func (c *call) restBody(s speller, body []byte) object {
	if c.op.Category == operation.Data && c.secrets == nil {
		return nil
	}
	var document tree
	if c.op.Protocol == operation.RESTXML {
		if root := decodeXML(body); root != nil {
			s.words = true
			document = s.modelled(root)
		}
	} else {
		document = decodeJSON(body)
	}
	members, _ := s.spell(document).(object)
	return members
}
