package nearest

import (
	"slices"
	"testing"
)

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

func TestNames(t *testing.T) {
	events := []string{"CreateUser", "CreateUsers", "CreateRole", "DeleteUser", "ConsoleLogin", "iam.amazonaws.com"}
	for name, want := range map[string][]string{
		"CreateUsr": {"CreateUser", "CreateUsers"}, "createuser": {"CreateUser", "CreateUsers"}, "CONSOLELOGIN": {"ConsoleLogin"},
		"iam": {"iam.amazonaws.com"}, "AssumeRole": nil, "": nil,
		"Create": {"CreateUser", "CreateUsers"}, "DeleteUsers": {"DeleteUser"},
	} {
		if got := Names(name, events, 2); !slices.Equal(got, want) {
			t.Errorf("Names(%q) = %q, want %q", name, got, want)
		}
	}
}
