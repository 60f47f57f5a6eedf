package operation

// MapMember tells whether the member that a path of model names ends in is a map
// whose keys the caller chooses, such as Tags of Lambda. Keys of such a map are
// no member names and stay as they are in a record.
func (o Operation) MapMember(...string) bool { return false }

// Sensitive tells whether the service's model marks a member, such as
// SecretString, as sensitive.
func (o Operation) Sensitive(string) bool { return false }

// ListMember tells whether a member is a list, for the services that answer in
// XML, where a list of one looks like a structure.
func (o Operation) ListMember(string) bool { return false }
