package operation

import (
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// real is what Identify knows of a real record.
type real struct {
	EventSource, EventName, EventType, EventCategory, APIVersion string
	ReadOnly                                                     *bool
}

// realRecords reads the records below the folder of public data sets.
func realRecords(t *testing.T) []real {
	t.Helper()
	const folder = "../../../../shared/data"
	if _, err := os.Stat(folder); err != nil {
		t.Skip("SKIPPED REAL DATA: no folder ../shared/data beside the repository")
	}
	var records []real
	err := fs.WalkDir(os.DirFS(folder), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || !strings.Contains(file, ".json") {
			return err
		}
		text, err := fs.ReadFile(os.DirFS(folder), file)
		if err != nil {
			return err
		}
		var page struct{ Records []real }
		var list []real
		var single real
		switch { // whichever of the data sets' forms it is; some files are bad on purpose
		case json.Unmarshal(text, &page) == nil && len(page.Records) > 0:
			records = append(records, page.Records...)
		case json.Unmarshal(text, &list) == nil:
			records = append(records, list...)
		case json.Unmarshal(text, &single) == nil:
			records = append(records, single)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// requests are what could have led to an event: one for each service with its
// source that has the operation, or that carries operations' names.
func (r real) requests() []*exchange.Exchange {
	wanted := r.EventName
	for name, spelled := range s3Names {
		if r.EventSource == "s3.amazonaws.com" && spelled == r.EventName {
			wanted = name
		}
	}
	wanted = regexp.MustCompile(`20\d\d(\d\d\d\d|_\d\d_\d\d)(v2)?$`).ReplaceAllString(wanted, "")
	var requests []*exchange.Exchange
	for name, s := range known().services {
		byRoute, byName := &Operation{Service: name, Protocol: s.rest()}, &Operation{Service: name}
		if eventSource(byRoute, &request{}) != r.EventSource && eventSource(byName, &request{}) != r.EventSource {
			continue
		}
		s.routes.eachRoute("", func(path string, _ []string, route route) {
			if route.operation == wanted || strings.HasPrefix(path, "/v20180820/") && strings.Replace(route.operation, "Public", "AccountPublic", 1) == wanted {
				requests = append(requests, sample(name, path, route))
			}
		})
		x := sample(name, "/", route{method: "POST"})
		if s.speaks(JSON) || s.speaks(CBOR) {
			x.Header.Set("X-Amz-Target", "Service."+wanted)
			requests = append(requests, x)
		} else if s.query() != Unknown {
			x.URL.RawQuery = url.Values{"Action": {wanted}, "Version": {r.APIVersion}}.Encode()
			requests = append(requests, x)
		}
	}
	return requests
}

// disagreements are expected of these, for the reason.
var disagreements = map[string]string{
	"sts.amazonaws.com AssumeRole: read-only or not":                         "two made by hand; 51 others say true",
	"kms.amazonaws.com GenerateDataKey: read-only or not":                    "one made by hand; 20 others say true",
	"logs.amazonaws.com DescribeMetricFilters: apiVersion \"20140328\"":      "55606 in 2020; all of 2023 have the date",
	"logs.amazonaws.com DescribeResourcePolicies: apiVersion \"20140328\"":   "the same",
	"agreement-marketplace.amazonaws.com AcceptAgreementRequest: no request": "of the console",
	"agreement-marketplace.amazonaws.com SearchAgreements: no request":       "told by its target, which the record does not have",
	"cloudshell.amazonaws.com CreateSession: no request":                     "of the console",
	"discovery-marketplace.amazonaws.com GetListingView: no request":         "of the console",
	"robomaker.amazonaws.com ListDeploymentJobs: no request":                 "the service has ended",
	"robomaker.amazonaws.com ListRobotApplications: no request":              "the service has ended",
	"robomaker.amazonaws.com ListSimulationApplications: no request":         "the service has ended",
	"robomaker.amazonaws.com ListSimulationJobs: no request":                 "the service has ended",
	"s3.amazonaws.com GetStorageLensDashboardDataInternal: no request":       "of the console",
	"sms.amazonaws.com GetApp: no request":                                   "the service has ended",
	"sso-directory.amazonaws.com AddMemberToGroup: no request":               "of the console",
	"sso-directory.amazonaws.com CreateGroup: no request":                    "of the console",
	"sso-directory.amazonaws.com CreateUser: no request":                     "of the console",
}

func TestSpellsAsRealRecords(t *testing.T) {
	agreed, seen := 0, map[string]bool{}
	for _, r := range realRecords(t) {
		if r.EventType != "AwsApiCall" {
			continue
		}
		complaint := "no request"
		for _, x := range r.requests() {
			if complaint = r.disagrees(Identify(x)); complaint == "" {
				agreed++
				break
			}
		}
		if complaint == "" {
			continue
		}
		complaint = r.EventSource + " " + r.EventName + ": " + complaint
		seen[complaint] = true
		if disagreements[complaint] == "" {
			t.Error(complaint)
		}
	}
	for complaint := range disagreements {
		if !seen[complaint] {
			t.Errorf("no longer: %s", complaint)
		}
	}
	if agreed < 3500 {
		t.Errorf("only %d records agree", agreed)
	}
}

func (r real) disagrees(o Operation) string {
	switch {
	case o.EventSource != r.EventSource || o.EventName != r.EventName:
		return "spelled " + o.EventSource + " " + o.EventName
	case r.EventCategory != "" && string(o.Category) != r.EventCategory:
		return "category " + string(o.Category)
	case r.ReadOnly != nil && o.ReadOnly != *r.ReadOnly:
		return "read-only or not"
	case !o.Recorded:
		return "not recorded"
	// The data set of single events leaves every apiVersion out.
	case r.APIVersion != "" && o.APIVersion != r.APIVersion:
		return "apiVersion " + strconv.Quote(o.APIVersion)
	}
	return ""
}
