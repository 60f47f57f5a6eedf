package record

import (
	"strings"

	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

const (
	hidden  = "HIDDEN_DUE_TO_SECURITY_REASONS"
	removed = "<sensitiveDataRemoved>" // EC2's word for it
	starred = "****"
)

// shown returns what a record shows of a member; keep is false if it omits the member.
func (s speller) shown(modelled string, value tree, path []string) (_ tree, keep bool) {
	shown, keep := s.judge(modelled, value, path)
	if s.secrets != nil && (!keep || masked(shown)) {
		gather(value, s.secrets)
	}
	return shown, keep
}

// judge returns what is shown of a member, by the first rule that applies. Services
// differ in the case of the first letter, which the rules ignore. S3's model also
// marks key IDs as sensitive, but records show them.
func (s speller) judge(modelled string, value tree, path []string) (_ tree, keep bool) {
	service, _, _ := strings.Cut(s.op.EventSource, ".")
	name := upperFirst(modelled)
	switch {
	case dropped(service, name):
		return nil, false
	case value == nil || !hasText(value):
		return value, true
	case service == "ec2" && (name == "UserData" || name == "KeyMaterial"):
		return removed, true
	case service == "ses" && s.recipient(name) && isLeaf(value):
		return hideEach(value), true
	case service == "organizations" && (name == "Email" || name == "AccountName"):
		return starred, true
	case service == "sts" && name == "SessionToken":
		return value, true
	case service != "s3" && s.op.Sensitive(s.side(), modelled, path...):
		return hidden, true
	case inTags(path):
		return value, true
	case s.sensitive(service, name), namesSecret(name) && isLeaf(value) && !isFlag(name, value):
		return hidden, true
	}
	return value, true
}

// sensitive reports whether AWS hides a member that neither the model nor the name
// shows to be secret.
func (s speller) sensitive(service, name string) bool {
	switch service + "." + name {
	case "ssm.Value", "ssm.Parameters", "ecs.Environment", "batch.Environment", "sagemaker.Environment",
		"elasticbeanstalk.Value", "servicecatalog.Value",
		"sns.Message", "sns.Subject", "sns.MessageAttributes", "sqs.MessageBody", "sqs.Body", "sqs.ReceiptHandle", "sqs.MessageAttributes", "sqs.MessageSystemAttributes":
		return true
	case "apigateway.Value", "appsync.Id": // the ID of an AppSync key is the key itself
		return strings.Contains(s.op.Name, "ApiKey")
	}
	switch name {
	case "EnvironmentVariables", "EnvironmentVariablesOverride", "RuntimeEnvironmentVariables", "UserData", "UserDataOverride":
		return true
	}
	if s.op.Category == operation.Data {
		switch name {
		case "Message", "MessageBody", "MessageAttributes", "Subject", "Data", "Detail", "LogEvents":
			return true
		}
	}
	return false
}

// recipient reports whether a member of SES names a recipient or holds text of a mail.
func (s speller) recipient(name string) bool {
	switch name {
	case "ToAddresses", "CcAddresses", "BccAddresses", "Destinations", "Recipient", "OriginalRecipient", "FinalRecipient",
		"Data", "TemplateData", "ReplacementTemplateData", "DefaultTemplateData":
		return true
	case "EmailAddress":
		return strings.HasPrefix(s.op.Name, "Send") || strings.Contains(s.op.Name, "Contact") || strings.Contains(s.op.Name, "Suppressed")
	}
	return false
}

// hideEach hides the elements of a list and shows how many there are.
func hideEach(value tree) tree {
	values, isList := value.(list)
	if !isList {
		return hidden
	}
	each := make(list, len(values))
	for i := range each {
		each[i] = hidden
	}
	return each
}

// isFlag reports whether a text is a boolean in a protocol that has only texts, such
// as ManageMasterUserPassword.
func isFlag(name string, value tree) bool {
	return scalars()[lowerFirst(name)] == "boolean" && (value == "true" || value == "false")
}

// dropped reports whether AWS omits a member instead of showing a placeholder.
func dropped(service, name string) bool {
	switch service + "." + name {
	case "iam.SecretAccessKey", "iam.Password", "iam.OldPassword", "iam.NewPassword", "iam.ServicePassword",
		"iam.ServiceCredentialSecret", "iam.PrivateKey", "iam.Base32StringSeed", "iam.QRCodePNG",
		"iam.AuthenticationCode1", "iam.AuthenticationCode2",
		"cloudformation.ParameterValue",
		"sts.SecretAccessKey", "sts.TokenCode", "sts.WebIdentityToken", "sts.SAMLAssertion",
		"secretsmanager.SecretString", "secretsmanager.SecretBinary",
		"kms.Plaintext", "kms.PrivateKeyPlaintext", "kms.CiphertextBlob", "kms.CiphertextForRecipient",
		"kms.PrivateKeyCiphertextBlob", "kms.EncryptedKeyMaterial", "kms.Message", "kms.Signature", "kms.Mac",
		"lambda.ZipFile", "lambda.Variables", "lambda.Payload",
		"dynamodb.Item", "dynamodb.ExpressionAttributeValues", "dynamodb.AttributeUpdates", "dynamodb.Expected",
		"dynamodb.RequestItems", "dynamodb.TransactItems", "dynamodb.Statement", "dynamodb.Statements",
		"dynamodb.TransactStatements":
		return true
	}
	return false
}

// namesSecret is the fallback for members that models do not mark. It reports whether
// a name suggests a secret, and not data about one such as SecretId.
func namesSecret(name string) bool {
	name = strings.ToLower(name)
	for _, end := range []string{
		"id", "ids", "arn", "arns", "name", "names", "type", "types", "version", "versions", "status", "state",
		"policy", "date", "time", "at", "used", "length", "age", "mode", "region", "stages", "prefix", "description",
		"required", "enabled", "reset", "prevention", "days", "size", "idlist", "arnlist", "namelist",
	} {
		if strings.HasSuffix(name, end) {
			return false
		}
	}
	for _, word := range []string{
		"password", "passwd", "passphrase", "passcode", "secret", "privatekey", "private_key", "authtoken", "auth_token",
		"accesstoken", "access_token", "refreshtoken", "refresh_token", "idtoken", "bearertoken", "plaintext",
		"apikeyvalue", "platformcredential", "platformprincipal", "environmentvariables",
	} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func inTags(path []string) bool {
	for _, name := range path {
		switch strings.ToLower(name) {
		case "tags", "tag", "taglist", "tagset", "tagslist", "tagspecification", "tagstoadd":
			return true
		}
	}
	return false
}

// hasText reports whether a value contains anything that could be a secret.
func hasText(t tree) bool {
	switch t := t.(type) {
	case string:
		return t != ""
	case number:
		return true
	case list:
		return len(t) > 0
	case object:
		return len(t) > 0
	}
	return false
}

// isLeaf reports whether a value contains no objects, whose member names say more.
func isLeaf(t tree) bool {
	switch t := t.(type) {
	case object:
		return false
	case list:
		for _, value := range t {
			if !isLeaf(value) {
				return false
			}
		}
	}
	return true
}
