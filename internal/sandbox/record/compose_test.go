package record

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/identity"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// ask is a call to an operation with a body, answered with another.
func ask(op operation.Operation, request string, status int, response string) (*exchange.Exchange, operation.Operation) {
	if op.EventName == "" {
		op.EventName = op.Name
	}
	op.EventSource = op.Service + ".amazonaws.com"
	op.Region = "us-east-1"
	return &exchange.Exchange{
		Arrived: arrived, Method: "POST", URL: &url.URL{Path: "/"}, Host: "localhost:4580", Header: http.Header{},
		RemoteIP: "203.0.113.7", Request: whole(request),
		Status: status, ResponseHeader: http.Header{}, Response: whole(response),
	}, op
}

func whole(text string) exchange.Body {
	return exchange.Body{Bytes: []byte(text), Size: int64(len(text)), Whole: true}
}

var alice = identity.Identity{
	Account: "123456789012", Arn: "arn:aws:iam::123456789012:user/alice",
	UserIdentity: []byte(`{"type":"IAMUser","userName":"alice"}`),
}

// composed is the record as a map, and as text.
func composed(t testing.TB, x *exchange.Exchange, op operation.Operation) (map[string]any, string) {
	t.Helper()
	entry, err := Compose(x, op, alice)
	if err != nil {
		t.Fatal(err)
	}
	var record map[string]any
	if err := json.Unmarshal(entry.Record, &record); err != nil {
		t.Fatal(err)
	}
	return record, string(entry.Record)
}

func asJSON(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestErrors(t *testing.T) {
	query := operation.Operation{Service: "iam", Name: "GetUser", Protocol: operation.Query}
	ec2 := operation.Operation{Service: "ec2", Name: "RunInstances", Protocol: operation.EC2}
	kms := operation.Operation{Service: "kms", Name: "Encrypt", Protocol: operation.JSON}
	object := operation.Operation{Service: "s3", Name: "HeadObject", Protocol: operation.RESTXML, Path: map[string]string{"Bucket": "b", "Key": "k"}}
	bucket := operation.Operation{Service: "s3", Name: "HeadBucket", Protocol: operation.RESTXML, Path: map[string]string{"Bucket": "b"}}
	iamError := `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>no</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`
	ec2Error := `<Response><Errors><Error><Code>%s</Code><Message>no</Message></Error></Errors><RequestID>r-1</RequestID></Response>`
	for _, test := range []struct {
		op            operation.Operation
		status        int
		header, body  string
		code, message string
	}{
		{query, 404, "", fmt.Sprintf(iamError, "NoSuchEntity"), "NoSuchEntityException", "no"},
		{query, 403, "", fmt.Sprintf(iamError, "AccessDenied"), "AccessDenied", "no"},
		{query, 400, "", fmt.Sprintf(iamError, "Throttling"), "ThrottlingException", "no"},
		{query, 400, "", fmt.Sprintf(iamError, "ValidationError"), "ValidationException", "no"},
		{query, 500, "", "<html>", "InternalFailure", "An unknown error occurred"},
		{ec2, 400, "", fmt.Sprintf(ec2Error, "InvalidAMIID.NotFound"), "Client.InvalidAMIID.NotFound", "no"},
		{ec2, 503, "", fmt.Sprintf(ec2Error, "Unavailable"), "Server.Unavailable", "no"},
		{kms, 400, "", `{"__type":"com.amazonaws.kms#NotFoundException","message":"no"}`, "NotFoundException", "no"},
		{kms, 400, "", `{"__type":"AccessDeniedException","Message":"no"}`, "AccessDenied", "no"},
		{kms, 400, "ResourceNotFoundException:http://internal.amazon.com/", `{"Message":"no"}`, "ResourceNotFoundException", "no"},
		{kms, 400, "", "", "BadRequest", "An unknown error occurred"},
		{kms, 429, "", "", "ThrottlingException", "Rate exceeded"},
		{object, 404, "", "", "NoSuchKey", "The specified key does not exist."},
		{object, 403, "", "", "AccessDenied", "Access Denied"},
		{object, 304, "", "", "", ""},
		{bucket, 404, "", "", "NoSuchBucket", "The specified bucket does not exist"},
		{bucket, 404, "", "<Error><Code>NoSuchBucketPolicy</Code><Message>no</Message></Error>", "NoSuchBucketPolicy", "no"},
		{bucket, 301, "", "<Error><Code>PermanentRedirect</Code><Message>no</Message></Error>", "PermanentRedirect", "no"},
		{bucket, 200, "", "", "", ""},
	} {
		x, op := ask(test.op, "", test.status, test.body)
		if test.header != "" {
			x.ResponseHeader.Set("X-Amzn-Errortype", test.header)
		}
		record, _ := composed(t, x, op)
		code, _ := record["errorCode"].(string)
		message, _ := record["errorMessage"].(string)
		if code != test.code || message != test.message {
			t.Errorf("%s %d %q: %q, %q, want %q, %q", op.Name, test.status, test.body, code, message, test.code, test.message)
		}
		if record["responseElements"] != nil {
			t.Errorf("%s %d: responseElements of a refused call: %v", op.Name, test.status, record["responseElements"])
		}
	}
}

// A role that a tagged session assumes inherits tags, which only the record tells.
func TestIncomingTransitiveTags(t *testing.T) {
	tagged := alice
	tagged.TransitiveTags = map[string]string{"Team": "b", "Department": "Audit"}
	for name, want := range map[string]string{
		"AssumeRole":      `"requestParameters":{"incomingTransitiveTags":{"Department":"Audit","Team":"b"},"roleArn":"arn:aws:iam::123456789012:role/r"}`,
		"GetSessionToken": `"requestParameters":{"roleArn":"arn:aws:iam::123456789012:role/r"}`,
	} {
		x, op := ask(operation.Operation{Service: "sts", Name: name, Protocol: operation.Query}, "RoleArn=arn:aws:iam::123456789012:role/r", 200, "")
		entry, err := Compose(x, op, tagged)
		if err != nil || !strings.Contains(string(entry.Record), want) {
			t.Errorf("%s: %s, %v", name, entry.Record, err)
		}
	}
}

func TestParameters(t *testing.T) {
	for _, test := range []struct {
		op         operation.Operation
		query, ask string
		want       string
	}{
		{operation.Operation{Service: "kms", Name: "Encrypt", Protocol: operation.JSON}, "", `{"KeyId":"k","KeyId":"l"}`, `{"keyId":"l"}`},
		{operation.Operation{Service: "kms", Name: "Encrypt", Protocol: operation.JSON}, "", `{"KeyId":`, `null`},
		{operation.Operation{Service: "kms", Name: "Encrypt", Protocol: operation.JSON}, "", `{}`, `null`},
		{operation.Operation{Service: "kms", Name: "Encrypt", Protocol: operation.JSON}, "", `[1]`, `null`},
		{
			operation.Operation{Service: "sns", Name: "CreateTopic", Protocol: operation.Query}, "Action=CreateTopic&Name=t",
			"Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=1&Tags.member.2.Key=b&Tags.member.1.Key=a&Tags.member.1.Value=true",
			`{"attributes":{"DisplayName":"1"},"name":"t","tags":[{"key":"a","value":"true"},{"key":"b"}]}`,
		},
		{
			operation.Operation{Service: "rds", Name: "DescribeDBInstances", Protocol: operation.Query}, "",
			"Filters.Filter.1.Name=n&Filters.Filter.1.Values.Value.1=1&MaxRecords=20&%zz=1&=2",
			`{"filters":[{"name":"n","values":["1"]}],"maxRecords":20}`,
		},
		{
			operation.Operation{Service: "guardduty", Name: "GetFindings", Protocol: operation.RESTJSON, Path: map[string]string{"detectorId": "d"}},
			"a=1&a=2", `{"findingIds":[]}`, `{"a":["1","2"],"detectorId":"d","findingIds":[]}`,
		},
		{
			operation.Operation{Service: "lambda", Name: "Invoke", Protocol: operation.RESTJSON, Category: operation.Data, Path: map[string]string{"FunctionName": "f"}},
			"", `{"card":"4111"}`, `{"functionName":"f"}`,
		},
		{
			operation.Operation{Service: "sqs", Name: "SendMessage", Protocol: operation.JSON, Category: operation.Data},
			"", `{"QueueUrl":"http://localhost/1/q","MessageBody":"4111"}`,
			`{"messageBody":"HIDDEN_DUE_TO_SECURITY_REASONS","queueUrl":"http://localhost/1/q"}`,
		},
		{
			operation.Operation{Service: "s3", Name: "PutBucketEncryption", Protocol: operation.RESTXML, Path: map[string]string{"Bucket": "b"}},
			"encryption", `<C xmlns="x"><Rule><KMSMasterKeyID>arn:aws:kms:::key/1</KMSMasterKeyID></Rule></C>`,
			`{"C":{"Rule":{"KMSMasterKeyID":"arn:aws:kms:::key/1"},"xmlns":"x"},"Host":"localhost:4580","bucketName":"b","encryption":""}`,
		},
		{
			operation.Operation{Service: "s3", Name: "PutBucketPolicy", Protocol: operation.RESTXML, Path: map[string]string{"Bucket": "b"}},
			"policy", `no policy`, `{"Host":"localhost:4580","bucketName":"b","bucketPolicy":{},"policy":""}`,
		},
		{
			operation.Operation{Service: "s3", Name: "GetObject", Protocol: operation.RESTXML, Category: operation.Data, Path: map[string]string{"Bucket": "b", "Key": "k"}},
			"X-Amz-Signature=s&X-Amz-Credential=c&X-Amz-Security-Token=t&X-Amz-Expires=60&versionId=v", "",
			`{"Host":"localhost:4580","X-Amz-Expires":"60","bucketName":"b","key":"k","versionId":"v"}`,
		},
	} {
		x, op := ask(test.op, test.ask, 200, "")
		x.URL.RawQuery = test.query
		record, _ := composed(t, x, op)
		if got := asJSON(t, record["requestParameters"]); got != test.want {
			t.Errorf("%s %s?%s: %s, want %s", op.Name, test.ask, test.query, got, test.want)
		}
	}
}

func TestCBOR(t *testing.T) {
	body, err := cbor.Marshal(map[string]any{
		"AlarmName": "a", "Period": 300, "Threshold": 0.5, "ActionsEnabled": true, "OKActions": []string{"arn"},
		"StateUpdated": cbor.Tag{Number: 1, Content: arrived.Unix()},
	})
	if err != nil {
		t.Fatal(err)
	}
	x, op := ask(operation.Operation{Service: "monitoring", Name: "PutMetricAlarm", Protocol: operation.CBOR}, string(body), 200, "\xa0")
	record, _ := composed(t, x, op)
	want := `{"actionsEnabled":true,"alarmName":"a","oKActions":["arn"],"period":300,"stateUpdated":"Nov 2, 2026 3:04:05 PM","threshold":0.5}`
	if got := asJSON(t, record["requestParameters"]); got != want {
		t.Errorf("requestParameters: %s, want %s", got, want)
	}
}

// TestPartialBodies: what was not kept whole is not read as if it were.
func TestPartialBodies(t *testing.T) {
	x, op := ask(operation.Operation{Service: "lambda", Name: "CreateFunction", Protocol: operation.RESTJSON, Path: map[string]string{"FunctionName": "f"}},
		`{"Runtime":"go"}`, 200, `{"State":"Active"}`)
	x.Request.Whole, x.Response.Whole = false, false
	record, _ := composed(t, x, op)
	if got := asJSON(t, record["requestParameters"]); got != `{"functionName":"f"}` {
		t.Errorf("requestParameters: %s", got)
	}
	if record["responseElements"] != nil {
		t.Errorf("responseElements: %v", record["responseElements"])
	}
}

func TestLimits(t *testing.T) {
	long := strings.Repeat("ä", 200<<10)
	x, op := ask(operation.Operation{Service: "iam", Name: "PutUserPolicy", Protocol: operation.JSON, Path: map[string]string{}},
		`{"PolicyDocument":"`+long+`"}`, 200, `{"Answer":"`+long+`"}`)
	x.Header.Set("User-Agent", long)
	record, _ := composed(t, x, op)
	if got := asJSON(t, record["requestParameters"]); got != fmt.Sprintf(`{"omitted":true,"originalSize":%d,"reason":"requestParameters too large"}`, len(long)+21) {
		t.Errorf("requestParameters: %.200s", got)
	}
	if got := asJSON(t, record["responseElements"]); !strings.HasPrefix(got, `{"omitted":true,`) {
		t.Errorf("responseElements: %.200s", got)
	}
	if agent := record["userAgent"].(string); len(agent) != maxText {
		t.Errorf("userAgent has %d bytes", len(agent))
	}

	// Each member at its limit, and texts that grow sixfold when they are escaped.
	almost := strings.Repeat("x", maxMember-100)
	x, op = ask(operation.Operation{Service: "iam", Name: "PutUserPolicy", Protocol: operation.JSON}, `{"A":"`+almost+`"}`, 200, `{"A":"`+almost+`"}`)
	op.EventName = strings.Repeat("\x01", maxText)
	op.Region, op.APIVersion, x.RemoteIP = op.EventName, op.EventName, op.EventName
	x.Header.Set("User-Agent", op.EventName)
	x.ResponseHeader.Set("X-Amzn-Requestid", op.EventName)
	who := identity.Identity{Account: alice.Account, UserIdentity: []byte(`{"userName":"` + strings.Repeat("x", maxDetails-100) + `"}`)}
	entry, err := Compose(x, op, who)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(entry.Record, []byte(`"requestParameters":{"omitted":true,`)) {
		t.Errorf("a record of %d bytes", len(entry.Record))
	}

	x, op = ask(operation.Operation{Service: "s3", Name: "GetObject", Protocol: operation.RESTXML, Path: map[string]string{"Bucket": "b", "Key": long}},
		"", 404, `<Error><Code>NoSuchKey</Code><Message>`+long+`</Message></Error>`)
	record, text := composed(t, x, op)
	if message := record["errorMessage"].(string); len(message) != maxText {
		t.Errorf("errorMessage has %d bytes", len(message))
	}
	if record["resources"] != nil || len(text) > maxEvent {
		t.Errorf("a record of %d bytes", len(text))
	}
}

// Bodies are decompressed, though the headers still name the encoding.
func TestCompressedBody(t *testing.T) {
	x, op := ask(operation.Operation{Service: "monitoring", Name: "PutMetricData", Protocol: operation.JSON}, `{"Namespace":"n"}`, 400, `{"__type":"Refused","message":"why"}`)
	x.Header.Set("Content-Encoding", "gzip")
	x.ResponseHeader = http.Header{"Content-Encoding": {"gzip"}}
	record, _ := composed(t, x, op)
	if got := asJSON(t, record["requestParameters"]); got != `{"namespace":"n"}` || record["errorMessage"] != "why" {
		t.Errorf("%s, %v", got, record["errorMessage"])
	}
}

// TestTooMuchToRead: what would take long to read is said to be left out, or is.
func TestTooMuchToRead(t *testing.T) {
	values := `{"a":[` + strings.Repeat("1,", 2*maxValues) + `1]}`
	pairs := strings.Repeat("a=1&", 2*maxPairs)
	elements := "<R><QResult>" + strings.Repeat("<a/>", 2*maxElements) + "</QResult></R>"
	lists := "a" // lists in lists, each with two elements
	for range maxDepth - 1 {
		lists += ".1"
	}
	for i := range maxDepth - 2 {
		lists += "=1&a" + strings.Repeat(".1", i) + ".2"
	}
	deep := strings.Repeat(`{"a":`, 2*maxDepth) + "1" + strings.Repeat("}", 2*maxDepth)
	for _, test := range []struct {
		protocol     operation.Protocol
		ask, answer  string
		asked, found string
	}{
		{operation.JSON, values, values, `{"omitted":true,`, `{"omitted":true,`},
		{operation.RESTJSON, values, values, `{"omitted":true,`, `{"omitted":true,`},
		{operation.Query, pairs, elements, `{"omitted":true,`, `null`},
		{operation.JSON, deep, deep, `null`, `null`},
		{operation.EC2, lists, "", `{"QRequest":`, `null`},
		{operation.RESTXML, elements, strings.Repeat("<a>", 2*maxDepth), `null`, `null`},
	} {
		x, op := ask(operation.Operation{Service: "kms", Name: "Q", Protocol: test.protocol}, test.ask, 200, test.answer)
		record, _ := composed(t, x, op)
		if got := asJSON(t, record["requestParameters"]); !strings.HasPrefix(got, test.asked) {
			t.Errorf("%.20s: requestParameters %.100s", test.ask, got)
		}
		if got := asJSON(t, record["responseElements"]); !strings.HasPrefix(got, test.found) {
			t.Errorf("%.20s: responseElements %.100s", test.answer, got)
		}
	}
}

func TestTLS(t *testing.T) {
	x, op := ask(operation.Operation{Service: "s3", Name: "ListBuckets", Protocol: operation.RESTXML}, "", 200, "")
	x.Header.Set("User-Agent", "aws-cli/2")
	x.TLS = &tls.ConnectionState{Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	record, _ := composed(t, x, op)
	want := `{"cipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","clientProvidedHostHeader":"localhost:4580","tlsVersion":"TLSv1.2"}`
	if got := asJSON(t, record["tlsDetails"]); got != want {
		t.Errorf("tlsDetails: %s, want %s", got, want)
	}
	if got := record["additionalEventData"].(map[string]any)["CipherSuite"]; got != "ECDHE-RSA-AES128-GCM-SHA256" {
		t.Errorf("CipherSuite: %v", got)
	}
	if record["userAgent"] != "[aws-cli/2]" {
		t.Errorf("userAgent: %v", record["userAgent"])
	}
	x.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256}
	record, _ = composed(t, x, op)
	if got := asJSON(t, record["tlsDetails"]); !strings.Contains(got, `"TLS_AES_128_GCM_SHA256"`) || !strings.Contains(got, `"TLSv1.3"`) {
		t.Errorf("tlsDetails: %s", got)
	}
}

func TestMembersStandInOrder(t *testing.T) {
	for _, call := range load(t) {
		_, entry := compose(t, call.x)
		var r event.Record
		if _, err := r.Decode(entry.Record); err != nil {
			t.Fatal(err)
		}
		if written := r.AppendJSON(nil); !bytes.Equal(written, entry.Record) {
			t.Errorf("%s: members out of CloudTrail's order:\n%s\n%s", call.name, entry.Record, written)
		}
		if len(r.Other()) > 0 || bytes.ContainsRune(entry.Record, '\n') {
			t.Errorf("%s: unknown members or more than one line: %s", call.name, entry.Record)
		}
	}
}

func BenchmarkCompose(b *testing.B) {
	calls := map[string]bool{
		"kms/Encrypt": true, "iam/CreateUser": true, "s3/PutObject": true, "s3/PutBucketPolicy": true,
		"ec2/RunInstances": true, "logs/DescribeLogGroups": true,
	}
	for _, call := range load(b) {
		if !calls[call.name] {
			continue
		}
		op := operation.Identify(call.x)
		b.Run(call.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compose(call.x, op, alice); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
