// Package operation tells which operation of which AWS service a request asks for.
package operation

// Protocol is how the parameters of an operation travel.
type Protocol int

// The protocols of AWS services.
const (
	Unknown  Protocol = iota
	JSON              // AWS JSON 1.0 and 1.1: X-Amz-Target and a JSON body
	Query             // Action=... and a flat form
	EC2               // the query protocol as EC2 has it
	RESTJSON          // method and path, JSON body
	RESTXML           // method and path, XML body (S3, Route 53, CloudFront)
	CBOR              // Smithy RPC v2: /service/NAME/operation/NAME and a CBOR body
)

// Category is the eventCategory of what an operation leaves in a trail.
type Category string

// The categories of API calls.
const (
	Management Category = "Management"
	Data       Category = "Data"
)

// Operation is what a request asks for, in the words of the service's API and in
// those of CloudTrail.
type Operation struct {
	// Service is the name in the signature's scope, such as s3 or monitoring.
	Service string
	// Region is the one in the signature's scope; us-east-1 when nothing tells, and
	// for services that are global, such as iam, whatever the scope says.
	Region   string
	Protocol Protocol
	// Name is the operation as the service's API calls it, such as
	// PutBucketLifecycleConfiguration. PostObject is S3's upload from a form, which
	// the API has and the models do not.
	Name string

	// EventSource and EventName are what CloudTrail writes, such as
	// s3.amazonaws.com and PutBucketLifecycle.
	EventSource string
	EventName   string
	// APIVersion is the apiVersion of the record, or "" where CloudTrail writes none.
	APIVersion string
	ReadOnly   bool
	Category   Category
	// ResourceType is the resource type of a data event, such as AWS::S3::Object.
	ResourceType string
	// Recorded is false for the few operations CloudTrail never records, and for an
	// emulator's own paths, which are no API of AWS.
	Recorded bool
	// Certain is false when no route is known for the request and the names were
	// made of its method and path.
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
