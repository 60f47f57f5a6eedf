// Package supplement answers the few operations that trailkeeper or Terraform needs and moto_server lacks or gets wrong.
//
// It answers the operations listed in operations and forwards all other requests
// unchanged. It keeps only settings that moto cannot store, and asks moto for the rest
// with the caller's credentials.
package supplement

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Options configures a supplement.
type Options struct {
	// File is where the state is kept; "" keeps it in memory.
	File string
	// Account returns the account id of a request's caller.
	Account func(*http.Request) string
	// Now is the clock that relative dates in filters are counted from.
	Now func() time.Time
}

// longest is the maximum body size of a request that is answered here, in bytes.
// BatchImportFindings may send 100 findings of 240 KiB.
const longest = 32 << 20

type operation func(*call)

// operations is what is answered here, by the name in a signature's scope and the
// name of the operation. Beside these, CloudWatch's requests in CBOR are translated.
func operations() map[string]operation {
	return map[string]operation{
		// What moto 5.2.1 lacks, with what must show it.
		"logs TestMetricFilter":              testMetricFilter,
		"logs AssociateKmsKey":               associateKmsKey,
		"logs DisassociateKmsKey":            disassociateKmsKey,
		"logs PutLogGroupDeletionProtection": putLogGroupDeletionProtection,
		"logs CreateLogGroup":                createLogGroup,
		"logs DescribeLogGroups":             describeLogGroups,
		"logs DeleteLogGroup":                deleteLogGroup,

		"monitoring EnableAlarmActions":  enableAlarmActions,
		"monitoring DisableAlarmActions": disableAlarmActions,

		"securityhub EnableSecurityHub":              enableSecurityHub,
		"securityhub DescribeHub":                    describeHub,
		"securityhub UpdateSecurityHubConfiguration": updateSecurityHubConfiguration,
		"securityhub DescribeStandards":              describeStandards,
		"securityhub BatchEnableStandards":           batchEnableStandards,
		"securityhub GetEnabledStandards":            getEnabledStandards,
		"securityhub BatchDisableStandards":          batchDisableStandards,
		"securityhub BatchImportFindings":            batchImportFindings,
		"securityhub GetFindings":                    getFindings,
		"securityhub ListTagsForResource":            listHubTags,
		"securityhub TagResource":                    tagHub,
		"securityhub UntagResource":                  untagHub,

		// What it gets wrong, so that a second plan of Terraform would not be empty.
		"iam UpdateRole":                     updateRole,
		"logs PutMetricFilter":               putMetricFilter,
		"s3 CreateBucket":                    createBucket,
		"s3 DeleteBucket":                    deleteBucket,
		"s3 PutBucketLifecycleConfiguration": putLifecycle,
		"s3 GetBucketLifecycleConfiguration": getLifecycle,

		// What it allows and AWS refuses, or the other way round.
		"config PutConfigRule":          putConfigRule,
		"s3 PutObjectLockConfiguration": putObjectLock,
		"s3 GetObjectLockConfiguration": getObjectLock,
	}
}

// routes names the operations of Security Hub by method and path; that of tags ends
// with an ARN.
func routes() map[string]string {
	return map[string]string{
		"POST /accounts":             "EnableSecurityHub",
		"GET /accounts":              "DescribeHub",
		"PATCH /accounts":            "UpdateSecurityHubConfiguration",
		"GET /standards":             "DescribeStandards",
		"POST /standards/register":   "BatchEnableStandards",
		"POST /standards/get":        "GetEnabledStandards",
		"POST /standards/deregister": "BatchDisableStandards",
		"POST /findings/import":      "BatchImportFindings",
		"POST /findings":             "GetFindings",
		"GET " + tagsPath:            "ListTagsForResource",
		"POST " + tagsPath:           "TagResource",
		"DELETE " + tagsPath:         "UntagResource",
	}
}

type supplement struct {
	next       http.Handler
	account    func(*http.Request) string
	now        func() time.Time
	operations map[string]operation
	routes     map[string]string

	mu    sync.Mutex // held during an operation, as several read and then write
	state *state
}

// New returns a handler that answers what moto_server lacks and forwards the rest to
// next. It returns an error if the state file cannot be read.
func New(o Options, next http.Handler) (http.Handler, error) {
	state, err := open(o.File)
	if err != nil {
		return nil, err
	}
	return &supplement{
		next: next, account: o.Account, now: o.Now, operations: operations(), routes: routes(), state: state,
	}, nil
}

func (s *supplement) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	service, region := scope(r)
	if service == "monitoring" && isCBOR(r) {
		s.translate(w, r)
		return
	}
	name, err := s.name(r, service)
	answer, ours := s.operations[service+" "+name]
	if err == nil && !ours {
		s.next.ServeHTTP(w, r)
		return
	}
	c := &call{supplement: s, w: w, r: r, account: s.account(r), region: region}
	if err == nil {
		c.body, err = readAll(r.Body)
	}
	if err != nil {
		c.refuse(http.StatusBadRequest, "InvalidParameterException", err.Error())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(c)
}

// name returns the operation a request asks for, or "" for one that cannot be
// answered here. It reads the body only of a form sent to CloudWatch or IAM.
func (s *supplement) name(r *http.Request, service string) (string, error) {
	switch service {
	case "s3":
		return bucketOperation(r), nil
	case "securityhub":
		path := r.URL.Path
		if strings.HasPrefix(path, tagsPath) {
			path = tagsPath
		}
		return s.routes[r.Method+" "+path], nil
	}
	if _, name, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return name, nil
	}
	if service != "monitoring" && service != "iam" || !isForm(r) {
		return "", nil
	}
	body, err := readAll(r.Body)
	if err != nil {
		return "", err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", nil // moto reports the error
	}
	return form.Get("Action"), nil
}

func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

func readAll(body io.Reader) ([]byte, error) {
	read, err := io.ReadAll(io.LimitReader(body, longest+1))
	if err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	if len(read) > longest {
		return nil, fmt.Errorf("read request: longer than %d bytes", longest)
	}
	return read, nil
}

// scope returns the service and Region that a request is signed for.
func scope(r *http.Request) (service, region string) {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	credential, _, _ = strings.Cut(credential, ",")
	parts := strings.Split(credential, "/")
	if len(parts) < 5 {
		return "", ""
	}
	// An access key may contain a slash; the four parts after it may not.
	parts = parts[len(parts)-4:]
	return parts[2], parts[1]
}
