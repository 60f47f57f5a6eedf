package operation

import "slices"

// MapMember tells whether the member that a path of model names ends in is a map
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

// Sensitive tells whether the service's model marks a member, such as
// SecretString, as sensitive.
func (o Operation) Sensitive(member string) bool {
	s := known().services[o.modelled()]
	if s == nil {
		return false
	}
	_, found := slices.BinarySearch(s.secrets, member)
	return found
}

// ListMember tells whether an element of that name is a list, for the services
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
