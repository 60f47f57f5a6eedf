package record

import (
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

func decimal(n int) number { return number(strconv.Itoa(n)) }

// responseElements returns the recorded part of an answer. It is nil for read-only
// calls, except those that return credentials.
func (c *call) responseElements() tree {
	if c.x.Status/100 != 2 || c.op.ReadOnly && !givesCredentials(c.op) {
		return nil
	}
	if c.op.EventSource == "s3.amazonaws.com" {
		return c.s3Elements()
	}
	if c.op.Category == operation.Data && (c.op.Protocol == operation.RESTJSON || c.op.EventSource == "dynamodb.amazonaws.com") {
		return nil // the body is user data
	}
	return emptyIsNothing(c.answer())
}

func givesCredentials(op operation.Operation) bool {
	return op.EventSource == "sts.amazonaws.com" &&
		(strings.HasPrefix(op.Name, "AssumeRole") || op.Name == "GetSessionToken" || op.Name == "GetFederationToken")
}

func (c *call) answer() tree {
	s := speller{op: c.op, answer: true}
	body := bodyOf(c.x.Response)
	switch {
	case len(body) == 0 || c.op.SensitiveBody(operation.Output):
		return nil
	case c.op.Protocol == operation.CBOR:
		return s.spell(decodeCBOR(body))
	case c.op.Protocol == operation.EC2:
		if root := c.document(); root != nil {
			return s.ec2Elements(root)
		}
		return nil
	case c.op.Protocol == operation.Query || c.op.Protocol == operation.RESTXML:
		if root := c.document(); root != nil {
			s.words = true
			return s.xmlElements(root)
		}
	}
	answer, _ := decodeJSON(body).(object)
	if c.op.Protocol == operation.Query {
		answer = result(c.op, answer)
	}
	if c.op.EventSource == "secretsmanager.amazonaws.com" && c.op.Name != "DeleteSecret" && answer.get("ARN") != nil {
		return object{{"arn", answer.get("ARN")}}
	}
	return s.spell(answer)
}

// result unwraps an answer of the query protocol in JSON.
func result(op operation.Operation, answer object) object {
	response, _ := answer.get(op.Name + "Response").(object)
	inner, _ := response.get(op.Name + "Result").(object)
	return inner
}

// xmlElements returns the answer of a service other than EC2 and S3.
func (s speller) xmlElements(root *element) tree {
	if s.op.Protocol == operation.Query {
		var result *element
		for _, child := range root.children {
			if strings.HasSuffix(child.name, "Result") {
				result = child
			}
		}
		if result == nil {
			return nil
		}
		root = result
	}
	answer, _ := s.modelled(root).(object)
	if flat(s.op.EventSource) && len(answer) == 1 {
		if only, ok := answer[0].value.(object); ok {
			answer = only
		}
	}
	return s.spell(answer)
}

// flat reports whether a service's records omit the name of an answer's only member,
// such as DBInstance.
func flat(source string) bool {
	switch source {
	case "rds.amazonaws.com", "redshift.amazonaws.com", "elasticache.amazonaws.com":
		return true
	}
	return false
}

// modelled returns an element of a service whose model says which members are lists.
func (s speller) modelled(e *element) tree {
	if len(e.children) == 0 {
		if strings.TrimSpace(e.text) == "" && s.isList(e.name) {
			return list{}
		}
		return e.text
	}
	switch first := e.children[0].name; {
	case first == "entry":
		values := list{}
		for _, child := range e.children {
			values = append(values, s.modelled(child))
		}
		return entries(values)
	case first == "member", s.isList(e.name) && alike(e.children):
		values := list{}
		for _, child := range e.children {
			values = append(values, s.modelled(child))
		}
		return values
	}
	members := object{}
	for _, child := range e.children {
		value := s.modelled(child)
		if value == "" {
			continue // an empty structure or text, which AWS does not send
		}
		_, flattened := s.op.ListMember(child.name)
		switch earlier := members.get(child.name).(type) {
		case nil:
			if flattened {
				value = list{value}
			}
			members.add(child.name, value)
		case list:
			members.set(child.name, append(earlier, value))
		default:
			members.set(child.name, list{earlier, value})
		}
	}
	return members
}

func (s speller) isList(name string) bool {
	isList, _ := s.op.ListMember(name)
	return isList
}

func alike(children []*element) bool {
	for _, child := range children {
		if child.name != children[0].name {
			return false
		}
	}
	return true
}

// emptyIsNothing returns nil for a value without members, as records have it.
func emptyIsNothing(t tree) tree {
	if members, ok := t.(object); !ok || len(members) == 0 {
		return nil
	}
	return t
}

// s3Elements returns what S3 sends in the headers of an answer.
func (c *call) s3Elements() tree {
	members := object{}
	for _, name := range []string{
		"x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-bucket-key-enabled",
		"x-amz-expiration", "x-amz-storage-class", "x-amz-version-id", "x-amz-copy-source-version-id", "x-amz-delete-marker",
		"x-amz-abort-date", "x-amz-abort-rule-id",
	} {
		members.addText(name, c.x.ResponseHeader.Get(name))
	}
	return emptyIsNothing(members)
}
