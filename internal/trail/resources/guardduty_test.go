package resources

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
)

func (b *trailBox) detectors(t *testing.T) (statuses []string) {
	t.Helper()
	list, err := b.GuardDuty.ListDetectors(t.Context(), &guardduty.ListDetectorsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range list.DetectorIds {
		out, err := b.GuardDuty.GetDetector(t.Context(), &guardduty.GetDetectorInput{DetectorId: &id})
		if err != nil {
			t.Fatal(err)
		}
		statuses = append(statuses, string(out.Status))
	}
	return statuses
}

func TestGuardDuty(t *testing.T) {
	b := openTrailBox(t, sandbox.Config{})
	s := b.set(func(spec *trail.Spec) { spec.GuardDuty = true })
	detector := s.guardDuty()
	id := func(ctx context.Context) *string {
		id, err := s.detector(ctx)
		if err != nil || id == "" {
			t.Fatalf("detector %q (%v)", id, err)
		}
		return &id
	}
	suspend := func(ctx context.Context) error {
		_, err := b.GuardDuty.UpdateDetector(ctx, &guardduty.UpdateDetectorInput{DetectorId: id(ctx), Enable: aws.Bool(false)})
		return err
	}
	mends(t, detector, []drift{
		{"suspended", suspend, []string{"status"}},
		{"deleted", func(ctx context.Context) error {
			_, err := b.GuardDuty.DeleteDetector(ctx, &guardduty.DeleteDetectorInput{DetectorId: id(ctx)})
			return err
		}, []string{"status", "tags"}},
	})
	mustDestroy(t, detector)
	if left := b.detectors(t); len(left) > 0 {
		t.Errorf("after destroy: %q", left)
	}

	// One that was there before is used, and outlives the trail.
	_, err := b.GuardDuty.CreateDetector(t.Context(), &guardduty.CreateDetectorInput{Enable: aws.Bool(true), Tags: map[string]string{"team": "other"}})
	if err != nil {
		t.Fatal(err)
	}
	before := *id(t.Context())
	mends(t, detector, []drift{{"somebody's suspended", suspend, []string{"status"}}})
	result := mustDestroy(t, detector)
	if left := b.detectors(t); len(left) != 1 || *id(t.Context()) != before {
		t.Errorf("after destroy: %q", left)
	}
	if change := result.Plan.Changes()[0]; change.Action != converge.Keep || change.Note == "" {
		t.Errorf("%+v", change)
	}
}

// moto_server keeps no changes to the tags of a detector; this one does.
func TestTagsOfDetector(t *testing.T) {
	tags := map[string]string{trail.OwnerTag: "test-trail-audit-trail", "team": "somebody", "theirs": "1"}
	mux := http.NewServeMux()
	reply := func(w http.ResponseWriter, value any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(value); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("GET /detector", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"detectorIds": []string{"d1"}})
	})
	mux.HandleFunc("GET /detector/d1", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"status": "ENABLED", "serviceRole": "arn:aws:iam::123456789012:role/r", "tags": tags})
	})
	mux.HandleFunc("POST /tags/{arn}", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Tags map[string]string }
		err := json.NewDecoder(r.Body).Decode(&in)
		if arn := r.PathValue("arn"); err != nil || arn != "arn:aws:guardduty:eu-west-2:123456789012:detector/d1" {
			t.Errorf("tags of %s: %v", arn, err)
		}
		maps.Copy(tags, in.Tags)
		w.WriteHeader(http.StatusNoContent)
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	a := nowhere()
	a.GuardDuty = guardduty.New(guardduty.Options{
		Region: testRegion, BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	s := (&trailBox{Account: a}).set(func(spec *trail.Spec) { spec.GuardDuty = true })
	mustApply(t, s.guardDuty())
	if tags["team"] != "audit" || tags["theirs"] != "1" {
		t.Errorf("tags %v", tags)
	}
}
