package nearest

import "testing"

func TestName(t *testing.T) {
	verbs := []string{"ingest", "query", "lookup", "export", "simulate", "demo", "insights"}
	for name, want := range map[string]string{
		"qury": "query", "queyr": "query", "querry": "query", "ingets": "ingest", "sim": "simulate",
		"in": "ingest", "exprot": "export", "Query": "query", "x": "", "": "", "destroy": "", "dem": "demo",
	} {
		if got := Name(name, verbs); got != want {
			t.Errorf("Name(%q) = %q, want %q", name, got, want)
		}
	}
}
