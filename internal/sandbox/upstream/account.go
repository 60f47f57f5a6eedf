package upstream

import (
	"net/http"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// motoAccount is the account of keys that moto_server did not make.
	motoAccount = "123456789012"
	// motoHeader names another one for a call. Its MOTO_ACCOUNT_ID would be the
	// account of every call, and no other could be entered.
	motoHeader = "X-Moto-Account-Id"
)

// InAccount has moto_server take the calls of an account for that account's. of is the
// account of a caller.
func InAccount(account string, of func(*http.Request) string, next http.Handler) http.Handler {
	if account == motoAccount {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if of(r) == account {
			named := *r // what came in is what is recorded
			named.Header = r.Header.Clone()
			named.Header.Set(motoHeader, account)
			r = &named
		}
		next.ServeHTTP(w, r)
	})
}

// inAccount is the same for our own calls.
func inAccount(account string) []func(*middleware.Stack) error {
	if account == motoAccount {
		return nil
	}
	return []func(*middleware.Stack) error{smithyhttp.AddHeaderValue(motoHeader, account)}
}
