package operation_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

const formType = "application/x-www-form-urlencoded; charset=utf-8"

// ask makes an exchange of a request as it is written on the wire: METHOD URL,
// then headers, then the body.
func ask(t testing.TB, text string) *exchange.Exchange {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	method, address, _ := strings.Cut(lines[0], " ")
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange.Exchange{Method: method, URL: parsed, Host: parsed.Host, Header: http.Header{}}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		x.Header.Set(name, value)
	}
	x.Request = exchange.Body{Bytes: []byte(body), Size: int64(len(body)), Whole: true}
	return x
}

// signed is an Authorization header for a service.
func signed(scope string) string {
	return "\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260102/" + scope + "/aws4_request, SignedHeaders=host, Signature=00"
}

func TestIdentifySigner(t *testing.T) {
	type signer struct{ Service, Region, Key, Token, Version, Method string }
	for name, test := range map[string]struct {
		request string
		want    signer
	}{
		"SigV4": {
			"GET http://127.0.0.1:4580/" + signed("eu-west-1/s3") + "\nX-Amz-Security-Token: a token",
			signer{"s3", "eu-west-1", "AKIAIOSFODNN7EXAMPLE", "a token", "SigV4", "AuthHeader"},
		},
		"SigV4 presigned": {
			"GET http://127.0.0.1/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIA%2F20260102%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Security-Token=a%2Ftoken",
			signer{"s3", "eu-west-1", "ASIA", "a/token", "SigV4", "QueryString"},
		},
		"a key with slashes": {
			"GET http://127.0.0.1/\nAuthorization: AWS4-HMAC-SHA256 Credential=a/b/c/20260102/us-west-2/s3/aws4_request,SignedHeaders=host",
			signer{"s3", "us-west-2", "a/b/c", "", "SigV4", "AuthHeader"},
		},
		"SigV4A": {
			"GET http://127.0.0.1/\nAuthorization: AWS4-ECDSA-P256-SHA256 Credential=AKIA/20260102/s3/aws4_request, SignedHeaders=host\nX-Amz-Region-Set: us-west-2,eu-west-1",
			signer{"s3", "us-west-2", "AKIA", "", "SigV4", "AuthHeader"},
		},
		"SigV4A anywhere": {
			"GET http://127.0.0.1/\nAuthorization: AWS4-ECDSA-P256-SHA256 Credential=AKIA/20260102/s3/aws4_request, SignedHeaders=host\nX-Amz-Region-Set: *",
			signer{"s3", "us-east-1", "AKIA", "", "SigV4", "AuthHeader"},
		},
		"SigV2": {
			"GET http://bucket.s3.us-west-2.amazonaws.com/k\nAuthorization: AWS AKIA:c2ln",
			signer{"s3", "us-west-2", "AKIA", "", "SigV2", "AuthHeader"},
		},
		"SigV2 presigned": {
			"GET http://127.0.0.1/b/k?AWSAccessKeyId=AKIA&Signature=c2ln&Expires=1&x-amz-security-token=tok",
			signer{"s3", "us-east-1", "AKIA", "tok", "SigV2", "QueryString"},
		},
		"SigV2 form": {
			"POST http://127.0.0.1/\nContent-Type: " + formType + "\n\nAction=ListUsers&Version=2010-05-08&AWSAccessKeyId=AKIA&SecurityToken=t%2F&SignatureVersion=2",
			signer{"iam", "us-east-1", "AKIA", "t/", "SigV2", "QueryString"},
		},
		"a scope cut off": {
			"GET http://127.0.0.1/\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIA",
			signer{"s3", "us-east-1", "AKIA", "", "SigV4", "AuthHeader"},
		},
		"a scope with a service that is none": {
			"GET http://127.0.0.1/\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIA/20260102/../<s3>/aws4_request",
			signer{"s3", "us-east-1", "AKIA", "", "SigV4", "AuthHeader"},
		},
		"nobody": {"GET http://127.0.0.1/b/k", signer{"s3", "us-east-1", "", "", "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			o := operation.Identify(ask(t, test.request))
			got := signer{o.Service, o.Region, o.AccessKey, o.SessionToken, o.SignatureVersion, o.AuthenticationMethod}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIdentify(t *testing.T) {
	const get, head, put, post, del = "GET ", "HEAD ", "PUT ", "POST ", "DELETE "
	const here = "http://127.0.0.1:4580"
	for _, test := range []struct{ request, source, name string }{
		// By name, with a signature and without.
		{post + here + "/" + signed("eu-west-1/kms") + "\nX-Amz-Target: TrentService.CreateKey", "kms", "CreateKey"},
		{post + here + "/" + signed("eu-west-1/iam") + "\nContent-Type: " + formType + "\n\nVersion=2010-05-08&Action=CreateUser", "iam", "CreateUser"},
		{get + here + "/?Action=GetCallerIdentity&Version=2011-06-15" + signed("eu-west-1/sts"), "sts", "GetCallerIdentity"},
		{post + here + "/" + signed("eu-west-1/ec2") + "\nContent-Type: " + formType + "\n\nAction=RunInstances", "ec2", "RunInstances"},
		{post + here + "/1/queue" + signed("eu-west-1/sqs") + "\nContent-Type: " + formType + "\n\nAction=PurgeQueue", "sqs", "PurgeQueue"},
		{post + here + "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm" + signed("eu-west-1/monitoring"), "monitoring", "PutMetricAlarm"},
		{post + here + "/" + signed("eu-west-1/monitoring") + "\nContent-Type: " + formType + "\n\nAction=DeleteAlarms", "monitoring", "DeleteAlarms"},
		{post + here + "/\nContent-Type: " + formType + "\n\nAction=AssumeRoleWithWebIdentity&Version=2011-06-15", "sts", "AssumeRoleWithWebIdentity"},
		{post + here + "/\nX-Amz-Target: AWSCognitoIdentityProviderService.SignUp", "cognito-idp", "SignUp"},
		{post + here + "/\nX-Amz-Target: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StopLogging", "cloudtrail", "StopLogging"},
		{post + here + "/\nX-Amz-Target: CloudTrail_20131101.StopLogging", "cloudtrail", "StopLogging"},
		{post + here + "/service/GraniteServiceVersion20100801/operation/DescribeAlarms", "monitoring", "DescribeAlarms"},
		{get + here + "/federation/credentials?account_id=1\nX-Amz-Sso_bearer_token: t", "sso", "GetRoleCredentials"},
		{post + here + "/token\nContent-Type: application/json\n\n{}", "sso", "CreateToken"},
		{post + here + "/" + signed("us-east-1/aws-marketplace") + "\nX-Amz-Target: AWSMPCommerceService_v20200301.SearchAgreements", "agreement-marketplace", "SearchAgreements"},
		{post + here + "/" + signed("us-east-1/servicecatalog") + "\nX-Amz-Target: AWS242ServiceCatalogService.ListPortfolios", "servicecatalog", "ListPortfolios"},

		// By route, with the version where CloudTrail has it.
		{post + here + "/2015-03-31/functions" + signed("eu-west-1/lambda"), "lambda", "CreateFunction20150331"},
		{get + here + "/2015-03-31/functions/" + signed("eu-west-1/lambda"), "lambda", "ListFunctions20150331"},
		{put + here + "/2015-03-31/functions/f/code" + signed("eu-west-1/lambda"), "lambda", "UpdateFunctionCode20150331v2"},
		{post + here + "/2017-03-31/tags/arn" + signed("eu-west-1/lambda"), "lambda", "TagResource20170331v2"},
		{post + here + "/2021-10-31/functions/f/url" + signed("eu-west-1/lambda"), "lambda", "CreateFunctionUrlConfig"},
		{post + here + "/2015-03-31/functions/f/invocations" + signed("eu-west-1/lambda"), "lambda", "Invoke"},
		{post + here + "/2020-05-31/distribution" + signed("us-east-1/cloudfront"), "cloudfront", "CreateDistribution"},
		{post + here + "/2020-05-31/distribution?WithTags" + signed("us-east-1/cloudfront"), "cloudfront", "CreateDistributionWithTags"},
		{post + here + "/2020-05-31/function" + signed("us-east-1/cloudfront"), "cloudfront", "CreateFunction2020_05_31"},
		{get + "http://lambda.eu-west-1.amazonaws.com/2015-03-31/functions", "lambda", "ListFunctions20150331"},
		{del + here + "/detector/d" + signed("eu-west-1/guardduty"), "guardduty", "DeleteDetector"},
		{get + here + "/applications" + signed("eu-west-1/servicecatalog"), "servicecatalog-appregistry", "ListApplications"},

		// S3 as CloudTrail spells it.
		{get + here + "/" + signed("eu-west-1/s3"), "s3", "ListBuckets"},
		{get + here + "/" + signed("eu-west-1/s3express"), "s3express", "ListDirectoryBuckets"},
		{get + here + "/b?list-type=2&prefix=acl", "s3", "ListObjects"},
		{get + here + "/b?versions", "s3", "ListObjectVersions"},
		{put + here + "/b?lifecycle", "s3", "PutBucketLifecycle"},
		{del + here + "/b?lifecycle", "s3", "DeleteBucketLifecycle"},
		{get + here + "/b?publicAccessBlock", "s3", "GetBucketPublicAccessBlock"},
		{put + here + "/b?object-lock=", "s3", "PutBucketObjectLockConfiguration"},
		{get + here + "/b?accelerate", "s3", "GetAccelerateConfiguration"},
		{get + here + "/b?inventory", "s3", "ListBucketInventoryConfigurations"},
		{get + here + "/b?inventory&id=i", "s3", "GetBucketInventoryConfiguration"},
		{head + here + "/b", "s3", "HeadBucket"},
		{put + here + "/b/k\nX-Amz-Copy-Source: /other/key", "s3", "CopyObject"},
		{put + here + "/b/k?partNumber=1&uploadId=u\nX-Amz-Copy-Source: /other/key", "s3", "UploadPartCopy"},
		{get + here + "/b/k?partNumber=1&versionId=v", "s3", "GetObject"},
		{get + here + "/b/k?uploadId=u", "s3", "ListParts"},
		{post + here + "/b/k?select&select-type=2", "s3", "SelectObjectContent"},
		{get + here + "/v20180820/configuration/publicAccessBlock" + signed("eu-west-1/s3") + "\nX-Amz-Account-Id: 123456789012", "s3", "GetAccountPublicAccessBlock"},
		{get + "http://123456789012.s3-control.eu-west-1.amazonaws.com/v20180820/jobs" + signed("eu-west-1/s3"), "s3", "ListJobs"},
		{get + here + "/v20180820/configuration/publicAccessBlock", "s3", "GetObject"},
	} {
		got := operation.Identify(ask(t, test.request))
		if got.EventSource != test.source+".amazonaws.com" || got.EventName != test.name || !got.Certain || !got.Recorded {
			t.Errorf("%q was taken for %+v", test.request, got)
		}
	}
}

func TestIdentifyUncertain(t *testing.T) {
	const here = "http://127.0.0.1:4580"
	for _, test := range []struct{ request, source, name string }{
		{"DELETE " + here + "/b?acl", "s3", "DeleteBucketAcl"},
		{"DELETE " + here + "/b?analytics", "s3", "DeleteBucketAnalytics"},
		{"PUT " + here + "/b/k?uploadId=u", "s3", "PutObjectUploadId"},
		{"PATCH " + here + "/b/k", "s3", "PatchObject"},
		{"OPTIONS " + here + "/b", "s3", "OptionsBucket"},
		{"POST " + here + "/", "s3", "PostService"},
		{"PUT " + here + "/minio/admin/v3/add-user?accessKey=k" + signed("us-east-1/s3"), "s3", "PutMinioAdminAddUser"},
		{"GET " + here + "/2015-03-31/functions/f/nothing-known" + signed("eu-west-1/lambda"), "lambda", "GetFunctionsFNothingKnown"},
		{"POST " + here + "/" + signed("eu-west-1/kms"), "kms", "PostRequest"},
		{"POST " + here + "/" + signed("eu-west-1/kms") + "\nX-Amz-Target: TrentService.<script>", "kms", "PostRequest"},
		{"POST " + here + "/things/1/2" + signed("eu-west-1/brand-new"), "brand-new", "PostThings"},
		{"GET " + here + "/" + strings.Repeat("x/", 1000) + signed("eu-west-1/lambda"), "lambda", "GetXXXX"},
	} {
		got := operation.Identify(ask(t, test.request))
		if got.EventSource != test.source+".amazonaws.com" || got.EventName != test.name || got.Certain || !got.Recorded {
			t.Errorf("%q was taken for %+v", test.request, got)
		}
	}
}

func TestIdentifyBucketAndKey(t *testing.T) {
	for address, want := range map[string]map[string]string{
		"http://127.0.0.1:4580/my.bucket/a/b":                                    {"Bucket": "my.bucket", "Key": "a/b"},
		"http://[::1]:4580/b//a//b%20%2F%C3%A9":                                  {"Bucket": "b", "Key": "/a//b /é"},
		"http://localhost/b/k":                                                   {"Bucket": "b", "Key": "k"},
		"http://sandbox:4580/b/k":                                                {"Bucket": "b", "Key": "k"},
		"http://s3.localhost:4580/b/":                                            {"Bucket": "b"},
		"http://b.localhost:4580/k/":                                             {"Bucket": "b", "Key": "k/"},
		"http://my.bucket.s3.localhost:4580/k":                                   {"Bucket": "my.bucket", "Key": "k"},
		"http://s3-logs.localhost:4580/k":                                        {"Bucket": "s3-logs", "Key": "k"},
		"http://s3.b.s3.eu-west-1.amazonaws.com/":                                {"Bucket": "s3.b"},
		"http://b.s3-eu-west-1.amazonaws.com/k":                                  {"Bucket": "b", "Key": "k"},
		"http://s3.dualstack.eu-west-1.amazonaws.com/b/k":                        {"Bucket": "b", "Key": "k"},
		"http://B.S3.localhost.localstack.cloud:4566/k":                          {"Bucket": "b", "Key": "k"},
		"http://127.0.0.1/arn%3Aaws%3As3%3Aus-east-1%3A1%3Aaccesspoint%2Fmine/k": {"Bucket": "arn:aws:s3:us-east-1:1:accesspoint/mine", "Key": "k"},
		"http://127.0.0.1/":                                                      {},
	} {
		got := operation.Identify(ask(t, "GET "+address+signed("us-east-1/s3")))
		if diff := cmp.Diff(want, got.Path); diff != "" {
			t.Errorf("%s: %s", address, diff)
		}
	}
}

func TestIdentifyPostedObject(t *testing.T) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range [][2]string{
		{"key", "uploads/${filename}"}, {"X-Amz-Credential", "AKIA/20260102/eu-west-1/s3/aws4_request"},
		{"X-Amz-Security-Token", "tok"}, {"file", strings.Repeat("x", 1<<16)}, {"key", "later"},
	} {
		if err := form.WriteField(field[0], field[1]); err != nil {
			t.Fatal(err)
		}
	}
	whole := body.Bytes()
	for _, kept := range [][]byte{whole, whole[:600], nil} {
		x := ask(t, "POST http://127.0.0.1/b\nContent-Type: "+form.FormDataContentType())
		x.Request = exchange.Body{Bytes: kept, Size: int64(len(whole))}
		got := operation.Identify(x)
		if got.EventName != "PostObject" || !got.Certain || got.Category != operation.Data || got.Path["Bucket"] != "b" {
			t.Errorf("of %d bytes: %+v", len(kept), got)
		}
		if kept != nil && (got.Path["Key"] != "uploads/${filename}" || got.AccessKey != "AKIA" || got.Region != "eu-west-1" || got.SessionToken != "tok") {
			t.Errorf("of %d bytes: %+v", len(kept), got)
		}
	}
}

func TestCategories(t *testing.T) {
	const here = "http://127.0.0.1"
	for _, test := range []struct{ request, resource string }{
		{"GET " + here + "/b/k", "AWS::S3::Object"},
		{"HEAD " + here + "/b", "AWS::S3::Object"},
		{"GET " + here + "/b?uploads", ""},
		{"PUT " + here + "/b", ""},
		{"DELETE " + here + "/b?acl", ""},
		{"GET " + here + "/arn:aws:s3:us-east-1:1:accesspoint%2Fa/k", "AWS::S3::AccessPoint"},
		{"GET http://mine-123456789012.s3-accesspoint.us-west-2.amazonaws.com/k", "AWS::S3::AccessPoint"},
		{"GET " + here + "/b/k" + signed("us-east-1/s3express"), "AWS::S3Express::Object"},
		{"POST " + here + "/2015-03-31/functions/f/invocations" + signed("us-east-1/lambda"), "AWS::Lambda::Function"},
		{"POST " + here + "/" + signed("us-east-1/kms") + "\nX-Amz-Target: TrentService.Decrypt", ""},
		{"POST " + here + "/" + signed("us-east-1/dynamodb") + "\nX-Amz-Target: DynamoDB_20120810.Query", "AWS::DynamoDB::Table"},
		{"POST " + here + "/" + signed("us-east-1/dynamodb") + "\nX-Amz-Target: DynamoDB_20120810.CreateTable", ""},
		{"POST " + here + "/" + signed("us-east-1/sns") + "\nContent-Type: " + formType + "\n\nAction=Publish", "AWS::SNS::Topic"},
		{"POST " + here + "/" + signed("us-east-1/sqs") + "\nX-Amz-Target: AmazonSQS.SendMessage", "AWS::SQS::Queue"},
	} {
		got := operation.Identify(ask(t, test.request))
		category := operation.Management
		if test.resource != "" {
			category = operation.Data
		}
		if got.ResourceType != test.resource || got.Category != category || !got.Recorded {
			t.Errorf("%q: %+v", test.request, got)
		}
	}
}

func TestNotRecorded(t *testing.T) {
	const here = "http://127.0.0.1"
	for _, request := range []string{
		"POST " + here + "/" + signed("us-east-1/logs") + "\nX-Amz-Target: Logs_20140328.PutLogEvents",
		"POST " + here + "/moto-api/reset",
		"GET " + here + "/_localstack/health",
	} {
		if got := operation.Identify(ask(t, request)); got.Recorded || got.EventSource == "" || got.EventName == "" {
			t.Errorf("%q: %+v", request, got)
		}
	}
	for _, key := range []string{"_next/app.js", "minio/admin/key", "moto-api/reset"} {
		if got := operation.Identify(ask(t, "GET http://bucket.localhost/"+key)); !got.Recorded || got.Name != "GetObject" || got.Path["Key"] != key {
			t.Errorf("%s: %+v", key, got)
		}
	}
}

func TestGlobalServicesAreRecordedInOneRegion(t *testing.T) {
	for scope, want := range map[string]string{
		"eu-west-1/iam": "us-east-1", "cn-north-1/iam": "cn-north-1", "us-gov-west-1/iam": "us-gov-west-1", "eu-west-1/sts": "eu-west-1",
	} {
		if got := operation.Identify(ask(t, "GET http://127.0.0.1/?Action=ListRoles"+signed(scope))).Region; got != want {
			t.Errorf("%s: %s, want %s", scope, got, want)
		}
	}
}

func TestFacts(t *testing.T) {
	function := operation.Operation{Service: "lambda", Name: "CreateFunction"}
	for member, want := range map[string]bool{"Tags": true, "Variables": true, "Environment": false, "FunctionName": false} {
		if got := function.MapMember("Environment", member); got != want {
			t.Errorf("MapMember(%q) = %v", member, got)
		}
	}
	for _, test := range []struct {
		service, element string
		list, flattened  bool
	}{
		{"rds", "DBInstances", true, false}, {"s3", "Contents", true, true}, {"s3express", "Contents", true, true},
		{"ec2", "reservationSet", true, false}, {"iam", "Users", true, false}, {"iam", "User", false, false},
	} {
		list, flattened := operation.Operation{Service: test.service}.ListMember(test.element)
		if list != test.list || flattened != test.flattened {
			t.Errorf("%s: ListMember(%q) = %v, %v", test.service, test.element, list, flattened)
		}
	}
	var nothing operation.Operation
	list, flattened := nothing.ListMember("Users")
	if nothing.MapMember() || nothing.MapMember("Tags") || nothing.Sensitive(operation.Input, "Password") || list || flattened {
		t.Error("an unknown service has facts")
	}
}

// FuzzIdentify asks anything: the names are always such that a record can have
// them, and parameters come from the request.
func FuzzIdentify(f *testing.F) {
	f.Add("GET", "127.0.0.1", "/b/k?acl", "AWS4-HMAC-SHA256 Credential=AKIA/20260102/us-east-1/s3/aws4_request", "", "", []byte(nil))
	f.Add("POST", "sts.amazonaws.com", "/?Action=AssumeRole", "AWS a:b", "", formType, []byte("Action=%zz&Version=2011-06-15"))
	f.Add("POST", "x.localhost", "/", "", "Logs_20140328.PutLogEvents", "multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=key\r\n\r\nk\r\n--b--"))
	f.Add("PUT", "b.s3-control.amazonaws.com", "/v20180820/mrap/instances/%2F%zz/policy", "AWS4-", "..", "", []byte(nil))
	f.Add("", "..localhost", "//", "AWS4-HMAC-SHA256 Credential=/////aws4_request", "", "", []byte("="))
	f.Add("GET", "", "*", "AWS4-HMAC-SHA256 Credential=A/20260102/us-east-1/lambda/aws4_request", "", "", []byte(nil))
	word := regexp.MustCompile(`^[A-Za-z0-9_.-]{1,200}$`)
	f.Fuzz(func(t *testing.T, method, host, address, authorization, target, kind string, body []byte) {
		x := &exchange.Exchange{Method: method, Host: host, Header: http.Header{}, Request: exchange.Body{Bytes: body}}
		parsed, err := url.Parse(address)
		if err == nil {
			x.URL = parsed
		}
		x.Header.Set("Authorization", authorization)
		x.Header.Set("X-Amz-Target", target)
		x.Header.Set("Content-Type", kind)
		got := operation.Identify(x)
		if !word.MatchString(got.EventSource) || !word.MatchString(got.EventName) || !word.MatchString(got.Name) || !word.MatchString(got.Region) {
			t.Errorf("%+v", got)
		}
		if got.Category == operation.Data != (got.ResourceType != "") {
			t.Errorf("category %q of resource type %q", got.Category, got.ResourceType)
		}
		said := method + host + strings.ToLower(host) + authorization + string(body)
		if parsed != nil {
			said += parsed.Path + parsed.EscapedPath()
		}
		for name, value := range got.Path {
			if value == "" || !strings.Contains(said, value) {
				t.Errorf("%s is %q, which is nowhere in the request", name, value)
			}
		}
		if again := operation.Identify(x); !cmp.Equal(got, again) {
			t.Errorf("a second look differs: %s", cmp.Diff(got, again))
		}
	})
}

func BenchmarkIdentify(b *testing.B) {
	for name, request := range map[string]string{
		"s3":    "PUT http://127.0.0.1:4580/bucket/a/key?partNumber=1&uploadId=u" + signed("eu-west-1/s3"),
		"rest":  "PUT http://127.0.0.1:4580/2015-03-31/functions/f/code" + signed("eu-west-1/lambda"),
		"json":  "POST http://127.0.0.1:4580/" + signed("eu-west-1/kms") + "\nX-Amz-Target: TrentService.CreateKey",
		"query": "POST http://127.0.0.1:4580/" + signed("eu-west-1/iam") + "\nContent-Type: " + formType + "\n\nAction=CreateUser&Version=2010-05-08&UserName=u",
	} {
		x := ask(b, request)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !operation.Identify(x).Certain {
					b.Fatal("not identified")
				}
			}
		})
	}
}
