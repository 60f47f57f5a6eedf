// Package identity knows to whom an access key belongs.
package identity

// Identity is a caller.
type Identity struct {
	// Account is the account of the caller's credentials.
	Account string
	// UserIdentity is the userIdentity of the record, as JSON.
	UserIdentity []byte
	// Arn is the caller's, or "" for nobody.
	Arn string
}
