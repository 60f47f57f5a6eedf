// Package operation identifies the AWS service and operation of a request.
package operation

// Protocol is the way in which the parameters of an operation are encoded.
type Protocol int

// The protocols of AWS services.
const (
	Unknown  Protocol = iota
	JSON              // AWS JSON 1.0 and 1.1: X-Amz-Target and a JSON body
	Query             // Action=... and a flat form
	EC2               // EC2's variant of the query protocol
	RESTJSON          // method and path, JSON body
	RESTXML           // method and path, XML body (S3, Route 53, CloudFront)
	CBOR              // Smithy RPC v2: /service/NAME/operation/NAME and a CBOR body
)

// Category is the eventCategory of an operation's record.
type Category string

// The categories of API calls.
const (
	Management Category = "Management"
	Data       Category = "Data"
)

// Operation is the operation of a request, with the names of the service's API and of
// CloudTrail.
type Operation struct {
	// Service is the name in the signature's scope, such as s3 or monitoring.
	Service string
	// Region is the Region in the signature's scope. It is us-east-1 if unknown, and
	// for global services such as iam.
	Region   string
	Protocol Protocol
	// Name is the operation's name in the service's API, such as
	// PutBucketLifecycleConfiguration. PostObject is S3's upload from a form, which is
	// not in the models.
	Name string

	// EventSource and EventName are CloudTrail's names, such as s3.amazonaws.com and
	// PutBucketLifecycle.
	EventSource string
	EventName   string
	// APIVersion is the apiVersion of the record, or "" if CloudTrail writes none.
	APIVersion string
	ReadOnly   bool
	Category   Category
	// ResourceType is the resource type of a data event, such as AWS::S3::Object.
	ResourceType string
	// Recorded is false for operations that CloudTrail never records, and for an
	// emulator's own paths.
	Recorded bool
	// Certain is false if the request matches no route and the names were made of its
	// method and path.
	Certain bool

	// Path holds the parameters in the path and, for S3, Bucket and Key.
	Path map[string]string

	// AccessKey is the access key id that signed the request, "" without a
	// signature. SessionToken is the token that came with it.
	AccessKey    string
	SessionToken string
	// SignatureVersion is SigV2 or SigV4, AuthenticationMethod is AuthHeader or
	// QueryString, both "" without a signature.
	SignatureVersion     string
	AuthenticationMethod string
}
