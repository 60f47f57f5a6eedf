package trails_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
	"github.com/cerpac/trailkeeper/predicate"
	"github.com/cerpac/trailkeeper/selector"
)

// entry is a record as the journal has it; what the record does not say is of a
// management event.
func entry(t testing.TB, record string) (*journal.Entry, *event.Record) {
	t.Helper()
	members := struct{ EventCategory, AWSRegion, RecipientAccountID string }{"Management", region, account}
	if err := json.Unmarshal([]byte(record), &members); err != nil {
		t.Fatalf("%s: %v", record, err)
	}
	r := new(event.Record)
	if _, err := r.Decode([]byte(record)); err != nil {
		t.Fatalf("%s: %v", record, err)
	}
	return &journal.Entry{
		Account: members.RecipientAccountID, Region: members.AWSRegion, Category: members.EventCategory, Record: []byte(record),
	}, r
}

const (
	writes   = `{"eventSource":"s3.amazonaws.com","eventName":"CreateBucket","readOnly":false}`
	reads    = `{"eventSource":"s3.amazonaws.com","eventName":"ListBuckets","readOnly":true}`
	service  = `{"eventSource":"kms.amazonaws.com","eventName":"RotateKey","eventType":"AwsServiceEvent"}` // no readOnly
	putsKey  = `{"eventCategory":"Data","eventSource":"s3.amazonaws.com","eventName":"PutObject","readOnly":false,"userIdentity":{"arn":"arn:aws:iam::123456789012:user/alice"},"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::logs/a/b"},{"accountId":"123456789012","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::logs"}]}`
	lists    = `{"eventCategory":"Data","eventSource":"s3.amazonaws.com","eventName":"ListObjects","readOnly":true,"sessionCredentialFromConsole":"true","resources":[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::logs/a"},{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::logs"}]}`
	invokes  = `{"eventCategory":"Data","eventSource":"lambda.amazonaws.com","eventName":"Invoke","readOnly":false,"resources":[{"type":"AWS::Lambda::Function","ARN":"arn:aws:lambda:us-east-1:123456789012:function:hello"}]}`
	nameless = `{"eventCategory":"Data","eventSource":"s3.amazonaws.com","eventName":"PutObject","readOnly":false,"resources":"none"}`
	network  = `{"eventCategory":"NetworkActivity","eventSource":"ec2.amazonaws.com","errorCode":"VpceAccessDenied","vpcEndpointId":"vpce-1"}`
	insight  = `{"eventCategory":"Insight","insightDetails":{"insightType":"ApiCallRateInsight"}}`
	dataRate = `{"eventCategory":"Insight","insightDetails":{"insightType":"ApiErrorRateInsight","sourceEventCategory":"Data"}}`
)

// records are those above by a letter each.
func records() map[byte]string {
	return map[byte]string{'w': writes, 'r': reads, 's': service, 'p': putsKey, 'l': lists, 'i': invokes, 'x': nameless, 'n': network, 'I': insight, 'D': dataRate}
}

// TestWants gives every record to trails with selectors as PutEventSelectors takes
// them, and with Insights.
func TestWants(t *testing.T) {
	t.Parallel()
	classic := func(selectors string) string { return `{"EventSelectors":[` + selectors + `]}` }
	advanced := func(fields ...string) string {
		return `{"AdvancedSelectors":[{"FieldSelectors":[` + strings.Join(fields, `]},{"FieldSelectors":[`) + `]}]}`
	}
	data := func(values string) string {
		return classic(`{"ReadWriteType":"All","IncludeManagementEvents":false,"DataResources":[` + values + `]}`)
	}
	const (
		category = `{"Field":"eventCategory","Equals":["Data"]}`
		objects  = category + `,{"Field":"resources.type","Equals":["AWS::S3::Object"]}`
		manages  = `{"Field":"eventCategory","Equals":["Management"]}`
	)
	for _, c := range []struct{ trail, wants string }{
		{`{}`, "wrs"},
		{classic(`{"ReadWriteType":"All","IncludeManagementEvents":true}`), "wrs"},
		{classic(`{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true}`), "ws"},
		{classic(`{"ReadWriteType":"ReadOnly","IncludeManagementEvents":true}`), "r"},
		{classic(`{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":["kms.amazonaws.com"]}`), "wr"},
		{classic(`{"ReadWriteType":"All"}`), "wrs"},
		{classic(`{"ReadWriteType":"All","IncludeManagementEvents":false}`), ""},
		{classic(`{"ReadWriteType":"ReadOnly","IncludeManagementEvents":true},{"ReadWriteType":"WriteOnly","IncludeManagementEvents":false,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}`), "rp"},
		{data(`{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}`), "pl"},
		{data(`{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::"]}`), "pl"},
		{data(`{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::logs/"]}`), "pl"},
		{data(`{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::other/","arn:aws:s3:::logs/a/"]}`), "p"},
		{data(`{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::logs/a/b/c"]}`), ""},
		{data(`{"Type":"AWS::S3::Object","Values":[]},{"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda"]}`), "i"},
		{data(`{"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda:us-east-1:123456789012:function:hello"]}`), "i"},
		{data(`{"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda:us-east-1:123456789012:function:hell"]}`), ""},
		{`{"InsightSelectors":[{"InsightType":"ApiCallRateInsight","EventCategories":["Management"]}]}`, "wrsI"},
		{`{"InsightSelectors":[{"InsightType":"ApiCallRateInsight","EventCategories":["Data"]},{"InsightType":"ApiErrorRateInsight","EventCategories":["Management","Data"]}]}`, "wrsD"},

		{advanced(manages), "wrs"},
		{advanced(manages + `,{"Field":"readOnly","Equals":["true"]}`), "r"},
		{advanced(manages + `,{"Field":"readOnly","Equals":["false"]}`), "ws"},
		{advanced(manages + `,{"Field":"eventSource","NotEquals":["kms.amazonaws.com"]}`), "wr"},
		{advanced(manages, objects), "wrspl"},
		{advanced(objects + `,{"Field":"readOnly","Equals":["false"]}`), "p"},
		{advanced(objects + `,{"Field":"eventName","StartsWith":["Put"],"EndsWith":["Objects"]}`), "pl"},
		{advanced(objects + `,{"Field":"eventName","StartsWith":["Put","List"],"NotEndsWith":["Objects"]}`), "p"},
		{advanced(objects + `,{"Field":"eventName","NotStartsWith":["List"],"NotEquals":["PutObject"]}`), ""},
		{advanced(objects + `,{"Field":"resources.ARN","StartsWith":["arn:aws:s3:::logs/a/"]}`), "p"},
		{advanced(objects + `,{"Field":"resources.ARN","NotStartsWith":["arn:aws:s3:::logs/"]}`), ""},
		{advanced(objects + `,{"Field":"resources.ARN","Equals":["arn:aws:s3:::logs"]}`), ""}, // the bucket's, not the object's
		{advanced(objects + `,{"Field":"userIdentity.arn","EndsWith":["/alice"]}`), "p"},
		{advanced(objects + `,{"Field":"userIdentity.arn","NotEndsWith":["/alice"]}`), "l"},
		{advanced(objects + `,{"Field":"sessionCredentialFromConsole","Equals":["true"]}`), "l"},
		{advanced(objects + `,{"Field":"sessionCredentialFromConsole","NotEquals":["true"]}`), "p"},
		{advanced(`{"Field":"eventCategory","Equals":["NetworkActivity"]},{"Field":"eventSource","Equals":["ec2.amazonaws.com"]},{"Field":"errorCode","Equals":["VpceAccessDenied"]},{"Field":"vpcEndpointId","Equals":["vpce-1","vpce-2"]}`), "n"},
		{advanced(`{"Field":"eventCategory","Equals":["NetworkActivity"]},{"Field":"eventSource","Equals":["kms.amazonaws.com"]}`), ""},
	} {
		trail := trails.Trail{Account: account, Region: region, GlobalEvents: true}
		if err := json.Unmarshal([]byte(c.trail), &trail); err != nil {
			t.Fatalf("%s: %v", c.trail, err)
		}
		m := trails.NewMatcher(trail)
		for letter, record := range records() {
			want := strings.ContainsRune(c.wants, rune(letter))
			if e, r := entry(t, record); m.Wants(e, r) != want {
				t.Errorf("a trail with %s wants %s: %v", c.trail, record, !want)
			}
		}
	}
}

// TestCoverage is about where and whose an event is.
func TestCoverage(t *testing.T) {
	t.Parallel()
	const (
		here      = `{"eventSource":"s3.amazonaws.com"}`
		elsewhere = `{"eventSource":"s3.amazonaws.com","awsRegion":"eu-west-1"}`
		global    = `{"eventSource":"iam.amazonaws.com"}`
		session   = `{"eventSource":"sts.amazonaws.com"}`
		regional  = `{"eventSource":"sts.amazonaws.com","tlsDetails":{"clientProvidedHostHeader":"sts.us-east-1.amazonaws.com"}}`
		members   = `{"eventSource":"s3.amazonaws.com","recipientAccountId":"111122223333"}`
		strangers = `{"eventSource":"s3.amazonaws.com","recipientAccountId":"210987654321"}`
	)
	all := []string{here, elsewhere, global, session, regional, members, strangers}
	for name, c := range map[string]struct {
		trail trails.Trail
		wants []string
	}{
		"at home":         {trails.Trail{Region: region, GlobalEvents: true}, []string{here, global, session, regional}},
		"not global":      {trails.Trail{Region: region}, []string{here, regional}},
		"abroad":          {trails.Trail{Region: abroad, GlobalEvents: true}, []string{elsewhere}},
		"everywhere":      {trails.Trail{Region: abroad, GlobalEvents: true, MultiRegion: true}, []string{here, elsewhere, global, session, regional}},
		"an organization": {trails.Trail{Region: region, GlobalEvents: true, OrganizationID: "o-1"}, []string{here, global, session, regional, members}},
	} {
		c.trail.Account = account
		m := trails.NewMatcher(c.trail)
		m.Member = func(account string) bool { return account == member }
		wanted := map[string]bool{}
		for _, record := range c.wants {
			wanted[record] = true
		}
		for _, record := range all {
			if e, r := entry(t, record); m.Wants(e, r) != wanted[record] {
				t.Errorf("%s: wants %s: %v", name, record, !wanted[record])
			}
		}
	}
}

// FuzzWants: a trail without selectors, and one with the selectors that say the
// same, want an event if and only if it is a management event.
func FuzzWants(f *testing.F) {
	for _, record := range records() {
		f.Add([]byte(record))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		var r event.Record
		if len(record) == 0 || record[0] != '{' {
			return
		}
		if _, err := r.Decode(record); err != nil {
			return
		}
		category, _ := predicate.At("eventCategory").Text(&r)
		e := &journal.Entry{Account: account, Region: region, Category: category, Record: record}
		trail := trails.Trail{Account: account, Region: region, GlobalEvents: true}
		classic, advanced := trail, trail
		classic.EventSelectors = []selector.Basic{{ReadWriteType: "All"}}
		advanced.AdvancedSelectors = []selector.Advanced{{FieldSelectors: []selector.FieldSelector{{Field: "eventCategory", Equals: []string{"Management"}}}}}
		want := category == "" || category == "Management"
		for name, trail := range map[string]trails.Trail{"no selectors": trail, "a classic one": classic, "an advanced one": advanced} {
			if category != "Insight" && trails.NewMatcher(trail).Wants(e, &r) != want {
				t.Errorf("a trail with %s wants a %s event: %v", name, category, !want)
			}
		}
	})
}
