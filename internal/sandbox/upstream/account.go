package upstream

import (
	"net/http"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// motoAccount is the account of keys that moto_server did not make.
	motoAccount = "123456789012"
	// motoHeader sets another account for a call. MOTO_ACCOUNT_ID would set that of
	// every call, so that no other account could be used.
	motoHeader = "X-Moto-Account-Id"
)

// InAccount makes moto_server treat calls from account as that account's. of returns
// the account of a request's caller.
func InAccount(account string, of func(*http.Request) string, next http.Handler) http.Handler {
	if account == motoAccount {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if of(r) == account {
			named := *r // r itself is recorded, unchanged
			named.Header = r.Header.Clone()
			named.Header.Set(motoHeader, account)
			r = &named
		}
		next.ServeHTTP(w, r)
	})
}

// inAccount does the same for the sandbox's own calls.
func inAccount(account string) []func(*middleware.Stack) error {
	if account == motoAccount {
		return nil
	}
	return []func(*middleware.Stack) error{smithyhttp.AddHeaderValue(motoHeader, account)}
}
