package operation

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// sample is a request for the operation at the end of a path of model words.
func sample(service, path string, r route) *exchange.Exchange {
	query, header := url.Values{}, http.Header{}
	header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20260102/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	for _, c := range r.conditions {
		if c.header {
			header.Set(c.name, "a-value")
		} else {
			query.Set(c.name, c.value)
		}
	}
	if strings.HasPrefix(path, "/v20180820/") {
		header.Set("X-Amz-Account-Id", "123456789012")
	}
	if r.operation == "WriteGetObjectResponse" {
		header.Set("X-Amz-Request-Route", "a-route")
	}
	return &exchange.Exchange{
		Method: r.method, URL: &url.URL{Path: path, RawQuery: query.Encode()}, Host: "127.0.0.1:4580", Header: header,
	}
}

// eachRoute visits every route of a service with a path in which each label has
// its own name as its value.
func (s *segment) eachRoute(path string, visit func(path string, labels []string, r route), labels ...string) {
	for _, r := range s.routes {
		visit(path, labels, r)
	}
	for text, next := range s.literals {
		next.eachRoute(path+"/"+text, visit, labels...)
	}
	for _, l := range s.labels {
		l.next.eachRoute(path+"/a "+l.name, visit, append(labels, l.name)...)
	}
}

// TestEveryRoute asks for each operation of each REST service as its model says.
func TestEveryRoute(t *testing.T) {
	routes := 0
	for name, s := range known().services {
		s.routes.eachRoute("", func(path string, labels []string, r route) {
			routes++
			got := Identify(sample(name, path, r))
			if got.Name != r.operation || !got.Certain || got.Service != name {
				t.Errorf("%s %s of %s for %s was taken for %+v", r.method, path, name, r.operation, got)
				return
			}
			// Models that share a route may call its labels differently.
			var want []string
			for _, label := range labels {
				want = append(want, "a "+label)
			}
			if values := slices.Sorted(maps.Values(got.Path)); !slices.Equal(values, slices.Sorted(slices.Values(want))) {
				t.Errorf("%s: parameters %q, want %q", r.operation, values, want)
			}
		})
	}
	if routes < 9000 {
		t.Errorf("only %d routes", routes)
	}
}

func TestGreedyLabelsTakeSeveralSegments(t *testing.T) {
	for _, test := range []struct{ service, path, name, label, value string }{
		{"workspaces-web", "/portals/arn:aws:workspaces-web:us-east-1:1:portal/p/browserSettings", "AssociateBrowserSettings", "portalArn", "arn:aws:workspaces-web:us-east-1:1:portal/p"},
		{"lambda", "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af%2Fg", "TagResource", "Resource", "arn:aws:lambda:us-east-1:1:function:f/g"},
	} {
		address, err := url.Parse(test.path)
		if err != nil {
			t.Fatal(err)
		}
		x := sample(test.service, "", route{method: "PUT"})
		x.URL = address
		if test.service == "lambda" {
			x.Method = "POST"
		}
		if got := Identify(x); got.Name != test.name || got.Path[test.label] != test.value {
			t.Errorf("%s was taken for %+v", test.path, got)
		}
	}
}

func TestModels(t *testing.T) {
	if len(known().services) < 300 {
		t.Errorf("only %d services", len(known().services))
	}
	for name, s := range known().services {
		if len(s.protocols) == 0 || s.protocols[0] == Unknown {
			t.Errorf("%s speaks %v", name, s.protocols)
		}
	}
}
