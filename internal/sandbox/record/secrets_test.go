package record

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// sensitiveMembers are those the services' models mark, by service.
func sensitiveMembers(t *testing.T) map[string][]string {
	text, err := os.ReadFile("../operation/models.txt")
	if err != nil {
		t.Fatal(err)
	}
	members, service := map[string][]string{}, ""
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 2:
		case fields[0] == "service":
			service = fields[1]
		case fields[0] == "secrets":
			members[service] = append(members[service], fields[1:]...)
		case fields[0] == "hidden" || fields[0] == "shown": // the operation of this test is none of the service's
			if fields[1] != "@" {
				members[service] = append(members[service], fields[1])
			}
		}
	}
	if len(members) < 50 {
		t.Fatalf("only %d services have sensitive members", len(members))
	}
	return members
}

// secretNames are members that must not be shown whatever the service.
var secretNames = []string{
	"Password", "MasterUserPassword", "masterPassword", "NewPassword", "SecretString", "SecretAccessKey", "secret",
	"ClientSecret", "PrivateKey", "AuthToken", "AccessToken", "RefreshToken", "Plaintext", "passphrase", "db_password",
}

// TestNoSecretIsShown puts a marker in each member that must not be seen, at the
// top, deep inside and in lists, in requests and in answers of each protocol.
func TestNoSecretIsShown(t *testing.T) {
	tried := 0
	try := func(service, name string) {
		for _, protocol := range []operation.Protocol{operation.JSON, operation.RESTJSON, operation.Query, operation.EC2, operation.RESTXML} {
			x, op := ask(operation.Operation{Service: service, Name: "PutThing", Protocol: protocol}, secretRequest(protocol, name), 200, secretAnswer(protocol, name))
			op.Path = map[string]string{name: marker}
			x.URL.RawQuery = url.QueryEscape(name) + "=" + marker
			if _, text := composed(t, x, op); strings.Contains(text, marker) {
				t.Errorf("%s.%s by protocol %d: %s", service, name, protocol, text)
			}
			tried++
		}
	}
	for service, names := range sensitiveMembers(t) {
		if service == "s3" || service == "s3-outposts" {
			continue // their records hold names of headers, tested below
		}
		for _, name := range names {
			try(service, name)
		}
	}
	for _, name := range secretNames {
		for _, service := range []string{"unheard-of", "iam", "ec2", "rds", "securityhub"} {
			try(service, name)
		}
	}
	for service, names := range map[string][]string{
		"iam": {"SecretAccessKey", "Password"}, "ec2": {"UserData", "KeyMaterial"}, "lambda": {"ZipFile"}, "ssm": {"Value"},
		"secretsmanager": {"SecretBinary"}, "organizations": {"Email"}, "sts": {"SecretAccessKey", "WebIdentityToken", "SAMLAssertion", "TokenCode"},
	} {
		for _, name := range names {
			try(service, name)
		}
	}
	if tried < 1000 {
		t.Errorf("tried only %d", tried)
	}
}

func secretRequest(protocol operation.Protocol, name string) string {
	switch protocol {
	case operation.Query, operation.EC2:
		return name + "=" + marker + "&Deep.Things.member.1." + name + "=" + marker + "&Deep." + name + ".member.1=" + marker +
			"&Flat.1." + name + "=" + marker
	case operation.RESTXML:
		return secretXML("PutThingRequest", name)
	}
	return secretJSON(name)
}

func secretAnswer(protocol operation.Protocol, name string) string {
	switch protocol {
	case operation.Query:
		return "<PutThingResponse>" + secretXML("PutThingResult", name) + "</PutThingResponse>"
	case operation.EC2, operation.RESTXML:
		return secretXML("PutThingResponse", name)
	}
	return secretJSON(name)
}

func secretXML(root, name string) string {
	leaf := "<" + name + ">" + marker + "</" + name + ">"
	return "<" + root + ">" + leaf + "<Deep>" + leaf + "<Things><member>" + leaf + "</member><member>" + leaf + "</member></Things></Deep></" + root + ">"
}

func secretJSON(name string) string {
	leaf := `"` + name + `":"` + marker + `"`
	return `{` + leaf + `,"Deep":{` + leaf + `,"Things":[{` + leaf + `}]},"Lists":[{"` + name + `":["` + marker + `"]}]}`
}

// TestHiddenMembers: what the models do not mark and AWS hides all the same.
func TestHiddenMembers(t *testing.T) {
	const query, ofJSON, rest = operation.Query, operation.JSON, operation.RESTJSON
	variables := `[{"name":"N","value":"` + marker + `"}]`
	for _, test := range []struct {
		service, name   string
		protocol        operation.Protocol
		request, answer string
	}{
		{"cloudformation", "CreateStack", query, "Parameters.member.1.ParameterKey=shown&Parameters.member.1.ParameterValue=" + marker, ""},
		{"cloudformation", "CreateStackInstances", query, "Accounts.member.1=shown&ParameterOverrides.member.1.ParameterValue=" + marker, ""},
		{"sqs", "SendMessage", ofJSON, `{"QueueUrl":"shown","MessageBody":"` + marker + `","MessageSystemAttributes":{"AWSTraceHeader":{"StringValue":"` + marker + `"}}}`, ""},
		{"sqs", "SendMessageBatch", ofJSON, `{"QueueUrl":"shown","Entries":[{"Id":"1","MessageBody":"` + marker + `","MessageAttributes":{"A":{"StringValue":"` + marker + `"}}}]}`, ""},
		{"sqs", "DeleteMessage", query, "QueueUrl=shown&ReceiptHandle=" + marker, ""},
		{"sqs", "ChangeMessageVisibilityBatch", ofJSON, `{"QueueUrl":"shown","Entries":[{"Id":"1","ReceiptHandle":"` + marker + `"}]}`, ""},
		{"sqs", "ReceiveMessage", ofJSON, `{"QueueUrl":"shown"}`, `{"Messages":[{"Body":"` + marker + `","ReceiptHandle":"` + marker + `"}]}`},
		{"apigateway", "CreateApiKey", rest, `{"name":"shown","value":"` + marker + `"}`, `{"id":"k","value":"` + marker + `"}`},
		{"appsync", "CreateApiKey", rest, `{"description":"shown"}`, `{"apiKey":{"id":"` + marker + `"}}`},
		{"sns", "CreatePlatformApplication", query, "Name=shown&Attributes.entry.1.key=PlatformCredential&Attributes.entry.1.value=" + marker +
			"&Attributes.entry.2.key=PlatformPrincipal&Attributes.entry.2.value=" + marker, ""},
		{"sns", "PublishBatch", query, "TopicArn=shown&PublishBatchRequestEntries.member.1.Message=" + marker, ""},
		{"autoscaling", "CreateLaunchConfiguration", query, "LaunchConfigurationName=shown&UserData=" + marker, ""},
		{"lightsail", "CreateInstances", ofJSON, `{"bundleId":"shown","userData":"` + marker + `"}`, ""},
		{"ec2", "ModifyInstanceAttribute", operation.EC2, "InstanceId=shown&UserData.Value=" + marker, ""},
		{"batch", "RegisterJobDefinition", rest, `{"containerProperties":{"image":"shown","environment":` + variables + `}}`, ""},
		{"batch", "SubmitJob", rest, `{"jobName":"shown","containerOverrides":{"environment":` + variables + `}}`, ""},
		{"amplify", "CreateApp", rest, `{"name":"shown","environmentVariables":{"N":"` + marker + `"}}`, `{"app":{"environmentVariables":{"N":"` + marker + `"}}}`},
		{"codebuild", "CreateProject", ofJSON, `{"environment":{"image":"shown","environmentVariables":` + variables + `}}`, `{"project":{"environment":{"environmentVariables":` + variables + `}}}`},
		{"codebuild", "StartBuild", ofJSON, `{"projectName":"shown","environmentVariablesOverride":` + variables + `}`, ""},
		{"codepipeline", "CreatePipeline", ofJSON, `{"name":"shown","configuration":{"EnvironmentVariables":"` + marker + `"}}`, ""},
		{"elasticbeanstalk", "UpdateEnvironment", query, "EnvironmentName=shown&OptionSettings.member.1.OptionName=N&OptionSettings.member.1.Value=" + marker, ""},
		{"ses", "SendEmail", query, "Source=shown&Destination.ToAddresses.member.1=" + marker + "&Destination.BccAddresses.member.1=" + marker +
			"&Message.Subject.Data=" + marker + "&Message.Body.Text.Data=" + marker, ""},
		{"ses", "SendRawEmail", query, "Source=shown&Destinations.member.1=" + marker + "&RawMessage.Data=" + marker, ""},
		{"ses", "CreateContact", rest, `{"UnsubscribeAll":"shown","EmailAddress":"` + marker + `"}`, ""},
	} {
		for _, category := range []operation.Category{operation.Management, operation.Data} {
			x, op := ask(operation.Operation{Service: test.service, Name: test.name, Protocol: test.protocol, Category: category}, test.request, 200, test.answer)
			_, text := composed(t, x, op)
			if strings.Contains(text, marker) {
				t.Errorf("%s.%s: %s", test.service, test.name, text)
			}
			body := category == operation.Management || test.protocol != rest // the body of a data event is left out
			if body && !strings.Contains(text, "shown") {
				t.Errorf("%s.%s shows nothing: %s", test.service, test.name, text)
			}
		}
	}
}

// TestNoSecrets: members whose names sound like a secret and which are none.
func TestNoSecrets(t *testing.T) {
	for _, test := range []struct {
		service, name string
		protocol      operation.Protocol
		request, want string
	}{
		{"iam", "UpdateAccountPasswordPolicy", operation.Query, "AllowUsersToChangePassword=true&PasswordReusePrevention=5&MaxPasswordAge=90&HardExpiry=false",
			`{"allowUsersToChangePassword":true,"hardExpiry":false,"maxPasswordAge":90,"passwordReusePrevention":5}`},
		{"rds", "CreateDBInstance", operation.Query, "ManageMasterUserPassword=true&MasterUserPassword=true", `{"manageMasterUserPassword":true,"masterUserPassword":"` + hidden + `"}`},
		{"secretsmanager", "BatchGetSecretValue", operation.JSON, `{"SecretIdList":["a","b"]}`, `{"secretIdList":["a","b"]}`},
		{"cognito-idp", "CreateUserPool", operation.JSON, `{"Policies":{"PasswordPolicy":{"PasswordHistorySize":3,"TemporaryPasswordValidityDays":7}}}`,
			`{"policies":{"passwordPolicy":{"passwordHistorySize":3,"temporaryPasswordValidityDays":7}}}`},
		{"ses", "SendEmail", operation.Query, "Destination.ToAddresses.member.1=a&Destination.ToAddresses.member.2=b",
			`{"destination":{"toAddresses":["` + hidden + `","` + hidden + `"]}}`},
	} {
		x, op := ask(operation.Operation{Service: test.service, Name: test.name, Protocol: test.protocol, Certain: true}, test.request, 200, "")
		record, _ := composed(t, x, op)
		if got := asJSON(t, record["requestParameters"]); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestMapsHideSecrets: keys that users choose may say what they hold.
func TestMapsHideSecrets(t *testing.T) {
	x, op := ask(operation.Operation{Service: "glue", Name: "CreateConnection", Protocol: operation.JSON},
		`{"ConnectionInput":{"ConnectionProperties":{"PASSWORD":"`+marker+`","USERNAME":"u"}},"Tags":{"password":"public"}}`, 200, `{}`)
	_, text := composed(t, x, op)
	if strings.Contains(text, marker) || !strings.Contains(text, `"USERNAME":"u"`) || !strings.Contains(text, `"password":"public"`) {
		t.Error(text)
	}
}

func TestNoSecretHeaderOfS3IsShown(t *testing.T) {
	x, op := ask(operation.Operation{Service: "s3", Name: "PutObject", Protocol: operation.RESTXML, Path: map[string]string{"Bucket": "b", "Key": "k"}},
		marker, 200, "")
	op.Category = operation.Data
	for _, name := range []string{
		"Authorization", "X-Amz-Security-Token", "X-Amz-Server-Side-Encryption-Customer-Key",
		"X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key", "X-Amz-Mfa", "X-Amz-Meta-Note", "Cookie",
	} {
		x.Header.Set(name, marker)
		x.ResponseHeader.Set(name, marker)
	}
	x.URL.RawQuery = "X-Amz-Signature=" + marker + "&X-Amz-Credential=" + marker + "&X-Amz-Security-Token=" + marker +
		"&Signature=" + marker + "&AWSAccessKeyId=" + marker + "&x-amz-server-side-encryption-customer-key=" + marker
	if _, text := composed(t, x, op); strings.Contains(text, marker) {
		t.Error(text)
	}
}

// FuzzCompose: whatever passes, there is one record on one line, and readers of
// records take it.
func FuzzCompose(f *testing.F) {
	for _, call := range load(f) {
		op := operation.Identify(call.x)
		f.Add(byte(op.Protocol), call.x.Method, call.x.URL.String(), op.Service, op.Name, call.x.Request.Bytes, call.x.Status, call.x.Response.Bytes, "agent", true)
	}
	f.Fuzz(func(t *testing.T, protocol byte, method, address, service, name string, request []byte, status int, answer []byte, agent string, identified bool) {
		location, err := url.Parse(address)
		if err != nil {
			return
		}
		x := &exchange.Exchange{
			Arrived: arrived, Method: method, URL: location, Host: location.Host, Header: http.Header{"User-Agent": {agent}, "X-Amz-Acl": {agent}},
			Request: whole(string(request)), Status: status,
			ResponseHeader: http.Header{"X-Amz-Request-Id": {agent}}, Response: whole(string(answer)),
		}
		op := operation.Operation{
			Service: service, Name: name, EventName: name, EventSource: service + ".amazonaws.com", Region: agent,
			Protocol: operation.Protocol(protocol % 7), Path: map[string]string{"Bucket": name, "Key": agent},
		}
		if identified {
			op = operation.Identify(x)
		}
		record, text := composed(t, x, op)
		if strings.ContainsRune(text, '\n') || len(text) > maxEvent || record["eventVersion"] != "1.11" {
			t.Errorf("%d bytes: %.300s", len(text), text)
		}
	})
}
