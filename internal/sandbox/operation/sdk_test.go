package operation_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cwltypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	hubtypes "github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// listener is a server that answers anything with an empty page and keeps what it
// was asked. Every host name leads to it.
type listener struct {
	*httptest.Server
	asked chan operation.Operation
}

func listen(t *testing.T) (*listener, aws.Config) {
	t.Helper()
	l := &listener{asked: make(chan operation.Operation, 8)}
	l.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		l.asked <- operation.Identify(&exchange.Exchange{
			Method: r.Method, URL: r.URL, Host: r.Host, Header: r.Header,
			Request: exchange.Body{Bytes: body, Size: int64(len(body)), Whole: true},
		})
	}))
	t.Cleanup(l.Close)
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, l.Listener.Addr().String())
	}
	return l, aws.Config{
		Region:           "eu-west-2",
		Credentials:      credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "a-token"),
		BaseEndpoint:     aws.String("http://localhost"),
		HTTPClient:       &http.Client{Transport: &http.Transport{DialContext: dial}},
		RetryMaxAttempts: 1,
	}
}

// callAll calls each operation of an SDK client with every member of its input
// filled in. What it gives is the names of those whose request was not sent.
func callAll(t *testing.T, l *listener, client any, check func(called string, asked operation.Operation)) (unsent []string) {
	t.Helper()
	value := reflect.ValueOf(client)
	calls := 0
	for i := range value.NumMethod() {
		name, method := value.Type().Method(i).Name, value.Method(i)
		if method.Type().NumIn() != 3 || !strings.HasSuffix(method.Type().In(1).String(), name+"Input") {
			continue
		}
		input := reflect.New(method.Type().In(1).Elem())
		fill(input.Elem())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		result := method.Call([]reflect.Value{reflect.ValueOf(ctx), input}) // an error, if the client wants an answer
		cancel()
		select {
		case asked := <-l.asked:
			calls++
			check(name, asked)
		default:
			t.Log(name, result[1])
			unsent = append(unsent, name)
		}
	}
	if calls == 0 {
		t.Fatal("no operation was called")
	}
	return unsent
}

// fill gives every member a value, so that nothing required is missing. Members
// of a type that is being filled already stay empty.
func fill(value reflect.Value, within ...reflect.Type) {
	if !value.CanSet() || slices.Contains(within, value.Type()) {
		return
	}
	switch value.Interface().(type) {
	case time.Time:
		value.Set(reflect.ValueOf(time.Unix(1e9, 0)))
		return
	case []byte:
		value.SetBytes([]byte("bytes"))
		return
	}
	switch value.Kind() {
	case reflect.String:
		value.SetString("some-value")
		if values := value.MethodByName("Values"); values.IsValid() { // an enumeration
			value.Set(values.Call(nil)[0].Index(0))
		}
	case reflect.Int32, reflect.Int64:
		value.SetInt(1)
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Float32, reflect.Float64:
		value.SetFloat(1)
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		fill(value.Elem(), within...)
	case reflect.Struct:
		for i := range value.NumField() {
			fill(value.Field(i), append(within, value.Type())...)
		}
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 1, 1))
		fill(value.Index(0), within...)
	case reflect.Map:
		key, element := reflect.New(value.Type().Key()).Elem(), reflect.New(value.Type().Elem()).Elem()
		fill(key, within...)
		fill(element, within...)
		value.Set(reflect.MakeMap(value.Type()))
		value.SetMapIndex(key, element)
	case reflect.Interface:
		for _, member := range []any{
			strings.NewReader("1"), // as long as ContentLength says
			&s3types.ObjectEncryptionMemberSSEKMS{},
			&cwltypes.ResourceConfigMemberOpenSearchResourceConfig{},
			&hubtypes.CriteriaMemberOcsfFindingCriteria{}, &hubtypes.PolicyMemberSecurityHub{},
			&hubtypes.ProviderConfigurationMemberJiraCloud{}, &hubtypes.TargetMemberAccountId{},
		} {
			if reflect.TypeOf(member).Implements(value.Type()) {
				value.Set(reflect.ValueOf(member))
				fill(value.Elem().Elem(), within...)
				return
			}
		}
	}
}

func TestIdentifyWhatSDKsAsk(t *testing.T) {
	for _, test := range []struct {
		service, source string
		protocol        operation.Protocol
		unsigned        []string
		client          func(aws.Config) any
	}{
		{"cloudtrail", "cloudtrail.amazonaws.com", operation.JSON, nil, func(c aws.Config) any { return cloudtrail.NewFromConfig(c) }},
		{"config", "config.amazonaws.com", operation.JSON, nil, func(c aws.Config) any { return configservice.NewFromConfig(c) }},
		{"guardduty", "guardduty.amazonaws.com", operation.RESTJSON, nil, func(c aws.Config) any { return guardduty.NewFromConfig(c) }},
		{"iam", "iam.amazonaws.com", operation.Query, nil, func(c aws.Config) any { return iam.NewFromConfig(c) }},
		{"kms", "kms.amazonaws.com", operation.JSON, nil, func(c aws.Config) any { return kms.NewFromConfig(c) }},
		{"lambda", "lambda.amazonaws.com", operation.RESTJSON, nil, func(c aws.Config) any { return lambda.NewFromConfig(c) }},
		{"logs", "logs.amazonaws.com", operation.JSON, nil, func(c aws.Config) any { return cloudwatchlogs.NewFromConfig(c) }},
		{"monitoring", "monitoring.amazonaws.com", operation.CBOR, nil, func(c aws.Config) any { return cloudwatch.NewFromConfig(c) }},
		{"organizations", "organizations.amazonaws.com", operation.JSON, nil, func(c aws.Config) any { return organizations.NewFromConfig(c) }},
		{"securityhub", "securityhub.amazonaws.com", operation.RESTJSON, nil, func(c aws.Config) any { return securityhub.NewFromConfig(c) }},
		{"sns", "sns.amazonaws.com", operation.Query, nil, func(c aws.Config) any { return sns.NewFromConfig(c) }},
		{"sqs", "sqs.amazonaws.com", operation.JSON, nil, func(c aws.Config) any { return sqs.NewFromConfig(c) }},
		{"sts", "sts.amazonaws.com", operation.Query, []string{"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"},
			func(c aws.Config) any { return sts.NewFromConfig(c) }},
	} {
		t.Run(test.service, func(t *testing.T) {
			t.Parallel()
			l, config := listen(t)
			unsent := callAll(t, l, test.client(config), func(called string, asked operation.Operation) {
				if asked.Name != called || !asked.Certain || asked.Service != test.service || asked.EventSource != test.source || asked.Protocol != test.protocol {
					t.Errorf("%s was taken for %+v", called, asked)
				}
				if signed := asked.AccessKey == "AKIAIOSFODNN7EXAMPLE" && asked.SessionToken == "a-token" && asked.AuthenticationMethod == "AuthHeader"; signed == slices.Contains(test.unsigned, called) {
					t.Errorf("%s: signer %q, token %q", called, asked.AccessKey, asked.SessionToken)
				}
			})
			if len(unsent) > 0 {
				t.Errorf("not sent: %q", unsent)
			}
		})
	}
}

func TestIdentifyWhatS3ClientsAsk(t *testing.T) {
	for name, options := range map[string]func(*s3.Options){
		"path style":     func(o *s3.Options) { o.UsePathStyle = true },
		"virtual hosted": func(o *s3.Options) { o.BaseEndpoint = aws.String("http://s3.eu-west-2.localhost:4580") },
		"bucket first":   func(*s3.Options) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, config := listen(t)
			unsent := callAll(t, l, s3.NewFromConfig(config, options), func(called string, asked operation.Operation) {
				if asked.Name != called || !asked.Certain || asked.Region != "eu-west-2" || asked.AccessKey != "AKIAIOSFODNN7EXAMPLE" {
					t.Errorf("%s was taken for %+v", called, asked)
				}
				for label, value := range asked.Path {
					if value != "some-value" {
						t.Errorf("%s: %s is %q", called, label, value)
					}
				}
			})
			// The client needs a bucket's session for this one, which lists buckets.
			if want := []string{"ListDirectoryBuckets"}; !slices.Equal(unsent, want) {
				t.Errorf("not sent: %q, want %q", unsent, want)
			}
		})
	}
}
