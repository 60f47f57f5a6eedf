package resources_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/resources"
)

// deletion is what a plan says of the deletion of the bucket.
func deletion(t *testing.T, set *resources.Set) converge.Change {
	t.Helper()
	plan, err := converge.PlanDestroy(t.Context(), storage(set), deploytest.Options())
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range plan.Changes() {
		if change.Kind == "bucket" {
			return change
		}
	}
	t.Fatal("the plan has no bucket")
	return converge.Change{}
}

// A plan counts and names what is in the bucket and not the trail's, before anybody is
// asked.
func TestStrangersInTheBucket(t *testing.T) {
	box := deploytest.Open(t)
	spec := deploytest.Spec("strangers")
	spec.ForceDestroy, spec.KeyPrefix = true, "audit/logs"
	set := box.Set(t, spec)
	apply(t, set)
	ours := "audit/logs/AWSLogs/123456789012/"
	for _, key := range []string{"CloudTrail/eu-west-2/2026/01/02/log.json.gz", "CloudTrail-Digest/digest.json.gz", "CloudTrail-Insight/x", ""} {
		put(t, set, ours+key)
	}
	if change := deletion(t, set); change.Action != converge.Delete || change.Note != "" {
		t.Errorf("with logs only, the plan says %+v", change)
	}
	put(t, set, ours+"Config/snapshot.json")
	if change := deletion(t, set); change.Note != `1 object not written by the trail would go too: "audit/logs/AWSLogs/123456789012/Config/snapshot.json"` {
		t.Errorf("of one stranger the plan says %q", change.Note)
	}
	put(t, set, `report of "them".csv`)
	put(t, set, `report of "them".csv`) // a second version is no second object
	put(t, set, "audit/logs/AWSLogs/210987654321/CloudTrail/log")
	for i := range 9 {
		put(t, set, fmt.Sprintf("backup/%d", i))
	}
	box.Tap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if query := r.URL.Query(); query.Has("versions") {
				if strings.HasPrefix(query.Get("prefix"), ours+"CloudTrail") {
					t.Errorf("it lists the logs below %s", query.Get("prefix"))
				}
				query.Set("max-keys", "3")
				r.URL.RawQuery = query.Encode()
				r.RequestURI = r.URL.RequestURI()
			}
			next.ServeHTTP(w, r)
		})
	})
	note := deletion(t, set).Note
	for _, want := range []string{"12 objects not written by the trail would go too: ", `"report of \"them\".csv"`, `"audit/logs/AWSLogs/210987654321/CloudTrail/log"`, ", and 2 more"} {
		if !strings.Contains(note, want) {
			t.Errorf("the plan says %q, not %s", note, want)
		}
	}
}

// The bucket for access logs is for those below the name of the other.
func TestStrangersAmongAccessLogs(t *testing.T) {
	spec := deploytest.Spec("accesses")
	spec.ForceDestroy, spec.AccessLogging = true, "create"
	set := deploytest.Open(t).Set(t, spec)
	apply(t, set)
	logs := *set
	logs.Names.Bucket = set.Names.AccessLogBucket
	put(t, &logs, set.Names.Bucket+"/2026-01-02-03-04-05-0123456789ABCDEF")
	put(t, &logs, "other/2026-01-02")
	plan, err := converge.PlanDestroy(t.Context(), storage(set), deploytest.Options())
	if err != nil {
		t.Fatal(err)
	}
	if last := plan.Changes()[len(plan.Changes())-1]; last.Kind != "access log bucket" || last.Note != `1 object not written by the trail would go too: "other/2026-01-02"` {
		t.Errorf("the plan says %+v", last)
	}
}
