package operation

import "slices"

// MapMember reports whether a path of model names ends in a map whose keys the caller
// chooses, such as Tags of Lambda. Keys of such a map are not member names and stay
// unchanged in a record.
//
// Facts are stored for each member name of a service, not for each path. If a service
// uses one name for both a map and a structure, the more frequent use wins.
func (o Operation) MapMember(path ...string) bool {
	s := known().services[o.modelled()]
	if s == nil || len(path) == 0 {
		return false
	}
	_, found := slices.BinarySearch(s.maps, path[len(path)-1])
	return found
}

// Side is the request or the answer of an operation.
type Side string

// The sides of an operation.
const (
	Input  Side = "<"
	Output Side = ">"
)

// Sensitive reports whether the service's model marks a member, such as SecretString,
// as sensitive on that side of the operation. The path leads to the member. Without a
// model, and in ambiguous cases, it is true.
func (o Operation) Sensitive(side Side, member string, path ...string) bool {
	s := known().services[o.modelled()]
	if s == nil {
		return false
	}
	if _, always := slices.BinarySearch(s.secrets, member); always {
		return true
	}
	p, sometimes := s.partly[member]
	if !sometimes {
		return false
	}
	if !o.Certain {
		return true
	}
	parents, excepted := p.but[o.Name+string(side)]
	if !excepted {
		return p.secret
	}
	if parents == nil || below(parents, path, !p.secret) {
		return !p.secret
	}
	return p.secret
}

// SensitiveBody reports whether the model marks all of a side, or the member that is
// the whole body of a REST operation.
func (o Operation) SensitiveBody(side Side) bool {
	return o.Certain && o.Sensitive(side, "@")
}

// below reports whether a path ends in one of the parents. In a map, the entry's key is
// between parent and member; a loose comparison skips it.
func below(parents, path []string, loose bool) bool {
	if len(path) == 0 {
		return slices.Contains(parents, ".")
	}
	last := path[len(path)-1:]
	if loose && len(path) > 1 {
		last = path[len(path)-2:]
	}
	return slices.ContainsFunc(last, func(name string) bool { return slices.Contains(parents, name) })
}

// ListMember reports whether an element of that name is a list, for services with XML
// answers, where a list of one element looks like a structure. The elements of a
// flattened list have the list's name themselves.
func (o Operation) ListMember(element string) (list, flattened bool) {
	s := known().services[o.modelled()]
	if s == nil {
		return false, false
	}
	_, list = slices.BinarySearch(s.lists, element)
	_, flattened = slices.BinarySearch(s.flats, element)
	return list, flattened
}

// modelled returns the service whose model has the operation.
func (o Operation) modelled() string {
	if isS3(o.Service) && o.Service != "s3-outposts" {
		return "s3"
	}
	return o.Service
}
