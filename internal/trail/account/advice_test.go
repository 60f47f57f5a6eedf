package account

import (
	"net"
	"testing"

	"github.com/aws/smithy-go"
)

func TestAdvice(t *testing.T) {
	refused := func(code string) error { return &smithy.GenericAPIError{Code: code} }
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{refused("InternalError"), ""},
		{refused("AccessDenied"), ""},
		{refused("ExpiredToken"), "log in again, for example with aws sso login; what was done so far stays, and the same command continues from there"},
		{refused("UnrecognizedClientException"), "check AWS_PROFILE or the access key, and that the Region belongs to the account's partition and is enabled"},
		{refused("RequestTimeTooSkewed"), "set this machine's clock: AWS accepts 15 minutes of difference"},
		{&net.DNSError{IsNotFound: true}, "check the name of the Region and AWS_ENDPOINT_URL, and that this machine reaches the internet"},
		{&net.DNSError{IsTemporary: true}, ""},
	} {
		if got := advice(test.err); got != test.want {
			t.Errorf("the advice on %v is %q", test.err, got)
		}
	}
}
