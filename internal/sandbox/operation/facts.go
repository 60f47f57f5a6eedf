package operation

import "slices"

// MapMember reports whether the member that a path of model names ends in is a map
// whose keys the caller chooses, such as Tags of Lambda. Keys of such a map are
// no member names and stay as they are in a record.
//
// Facts are kept for each member name of a service, not for each path. Where a
// service has one name both for a map and for a structure, the more frequent wins.
func (o Operation) MapMember(path ...string) bool {
	s := known().services[o.modelled()]
	if s == nil || len(path) == 0 {
		return false
	}
	_, found := slices.BinarySearch(s.maps, path[len(path)-1])
	return found
}

// Side is one of the two of an operation.
type Side string

// The sides of an operation.
const (
	Input  Side = "<"
	Output Side = ">"
)

// Sensitive reports whether the service's model marks a member, such as SecretString,
// as sensitive on that side of the operation. The path leads to the member. Of an
// operation that no model has, and wherever it is doubtful, it is.
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

// SensitiveBody reports whether the model marks all of a side, or the member of a REST
// operation that is the whole body.
func (o Operation) SensitiveBody(side Side) bool {
	return o.Certain && o.Sensitive(side, "@")
}

// below reports whether a path ends in one of the parents. Between a map and a member
// stands the key of the entry, which a loose comparison skips.
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

// ListMember reports whether an element of that name is a list, for the services
// that answer in XML, where a list of one looks like a structure. The elements of
// a flattened list have its name themselves.
func (o Operation) ListMember(element string) (list, flattened bool) {
	s := known().services[o.modelled()]
	if s == nil {
		return false, false
	}
	_, list = slices.BinarySearch(s.lists, element)
	_, flattened = slices.BinarySearch(s.flats, element)
	return list, flattened
}

// modelled is the service whose model has the operation.
func (o Operation) modelled() string {
	if isS3(o.Service) && o.Service != "s3-outposts" {
		return "s3"
	}
	return o.Service
}
