package permissions_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/deploytest"
	"github.com/cerpac/trailkeeper/internal/trail/permissions"
	"github.com/cerpac/trailkeeper/policy"
)

func everything() trail.Spec {
	spec := deploytest.Spec("prod")
	spec.Tags = map[string]string{"CostCenter": "security"}
	spec.ForceDestroy = true
	spec.KMS, spec.SNS, spec.AccessLogging = "create", "create", "create"
	spec.SNSSubscriptions = []trail.Subscription{{Protocol: "email", Endpoint: "logs@example.com"}}
	spec.Insights = []string{"ApiCallRateInsight"}
	spec.Alarms.Enabled = true
	spec.ConfigRules.Enabled = true
	spec.GuardDuty = true
	spec.SecurityHub.Enabled = true
	spec.SecurityHub.Standards = []string{"cis-aws-foundations-benchmark/v/3.0.0"}
	return spec
}

func locked() trail.Spec {
	spec := deploytest.Spec("lock")
	spec.ObjectLock = &trail.ObjectLock{Mode: "GOVERNANCE", Days: 30}
	spec.RetentionDays = 5000
	return spec
}

func defaults() trail.Spec {
	spec := deploytest.Spec("dev")
	spec.ForceDestroy = true
	return spec
}

func specs() map[string]trail.Spec {
	return map[string]trail.Spec{"defaults": defaults(), "everything": everything(), "locked": locked()}
}

// unseen are actions that no run here needs, with the reason why they are given.
func unseen() map[string]string {
	return map[string]string{
		"cloudwatch:DeleteAlarms":            "alarms that an earlier configuration wanted",
		"logs:DeleteMetricFilter":            "their filters",
		"config:DeleteConfigRule":            "rules that an earlier configuration wanted",
		"logs:DeleteRetentionPolicy":         "a retention that the log group had before",
		"logs:DisassociateKmsKey":            "a key that the log group had before",
		"kms:CancelKeyDeletion":              "a key of ours that somebody scheduled for deletion",
		"kms:UpdateAlias":                    "an alias that somebody pointed elsewhere",
		"iam:CreateServiceLinkedRole":        "AWS makes it for a caller who never used the service",
		"iam:DetachRolePolicy":               "a policy that somebody attached to the role",
		"logs:PutLogGroupDeletionProtection": "a protection that somebody turned on",
		"securityhub:UntagResource":          "a mark on a hub that is not ours",
		"securityhub:BatchDisableStandards":  "standards of a hub that is not ours",
	}
}

// Every call of plan, apply and destroy is allowed by the policy of the job, and every
// action that it allows is needed.
func TestRightsAreEnoughAndNeeded(t *testing.T) {
	for name, spec := range specs() {
		t.Run(name, func(t *testing.T) {
			box := deploytest.Open(t)
			set := box.Set(t, spec)
			if spec.ConfigRules.Enabled {
				record(t, set.Account.Config)
			}
			recorded := box.Recorded(t)
			needed := map[permissions.Job]map[string]bool{}
			check := func(job permissions.Job) {
				t.Helper()
				if needed[job] == nil {
					needed[job] = map[string]bool{}
				}
				document := permissions.For(job, spec, set.Account.Place)
				for _, e := range recorded() {
					if e.Name == "GetCallerIdentity" { // needs no permission
						continue
					}
					for _, r := range requests(e, spec, set.Names) {
						needed[job][r.Action] = true
						if d := policy.Evaluate([]policy.Document{document}, r); !d.Allowed() {
							t.Errorf("%s calls %s, which needs %s on %s: %s", job, e.Call(), r.Action, r.Resource, d.Why)
						}
					}
				}
			}
			box.Plan(t, spec)
			check(permissions.Plan)
			box.Apply(t, spec)
			check(permissions.Apply)
			box.Plan(t, spec)
			check(permissions.Plan)
			if spec.ForceDestroy {
				box.Deliver(t)
			}
			box.Destroy(t, spec)
			check(permissions.Destroy)

			// What differs is written by parts, most of which nothing here differs for.
			may := actions(permissions.For(permissions.Apply, spec, set.Account.Place))
			opposite := map[string]string{"logs:AssociateKmsKey": "logs:DisassociateKmsKey", "logs:PutRetentionPolicy": "logs:DeleteRetentionPolicy"}
			for _, resource := range set.All() {
				for _, part := range resource.Parts {
					action := authorized(part.Call)
					needed[permissions.Apply][action] = true
					if !slices.Contains(may, action) && !slices.Contains(may, opposite[action]) {
						t.Errorf("apply may call %s, which needs %s", part.Call, action)
					}
				}
			}
			reasons := unseen()
			for job, seen := range needed {
				// All reading is the same.
				maps.Copy(seen, needed[permissions.Plan])
				for _, action := range actions(permissions.For(job, spec, set.Account.Place)) {
					if !seen[action] && reasons[action] == "" {
						t.Errorf("the policy of %s allows %s, which nothing needs", job, action)
					}
				}
			}
		})
	}
}

func actions(d policy.Document) (list []string) {
	for _, s := range d.Statements {
		list = append(list, s.Action...)
	}
	return list
}

// record turns AWS Config on, which rules need.
func record(t *testing.T, client *configservice.Client) {
	t.Helper()
	name, role, bucket := "default", "arn:aws:iam::"+deploytest.Account+":role/config", "config"
	_, err := client.PutConfigurationRecorder(t.Context(), &configservice.PutConfigurationRecorderInput{
		ConfigurationRecorder: &configtypes.ConfigurationRecorder{Name: &name, RoleARN: &role},
	})
	if err == nil {
		_, err = client.PutDeliveryChannel(t.Context(), &configservice.PutDeliveryChannelInput{
			DeliveryChannel: &configtypes.DeliveryChannel{Name: &name, S3BucketName: &bucket},
		})
	}
	if err == nil {
		_, err = client.StartConfigurationRecorder(t.Context(), &configservice.StartConfigurationRecorderInput{ConfigurationRecorderName: &name})
	}
	if err != nil {
		t.Fatal(err)
	}
}

var place = trail.Place{Partition: "aws", Account: deploytest.Account, Region: deploytest.Region}

// IAM takes managed policies of at most so many characters, white space not counted.
const maxPolicy = 6144

func TestPolicies(t *testing.T) {
	for name, spec := range specs() {
		for _, job := range permissions.Jobs() {
			document := permissions.For(job, spec, place)
			text, err := json.Marshal(document)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := policy.Parse(text); err != nil {
				t.Errorf("%s, %s: %v", name, job, err)
			}
			if len(text) > maxPolicy {
				t.Errorf("%s, %s: %d characters, more than IAM takes", name, job, len(text))
			}
			for _, s := range document.Statements {
				if s.Effect != policy.Allow || len(s.Resource) == 0 || slices.ContainsFunc(s.Action, func(a string) bool { return strings.Contains(a, "*") }) {
					t.Errorf("%s, %s: statement %s is not exact", name, job, s.Sid)
				}
			}
		}
	}
}

// A stolen credential of who watches or repairs cannot stop, delete or read logs.
func TestGuardsCannotHarm(t *testing.T) {
	for _, job := range []permissions.Job{permissions.Plan, permissions.Guard, permissions.Repair} {
		for _, s := range permissions.For(job, everything(), place).Statements {
			for _, action := range s.Action {
				for _, word := range []string{":Delete", ":Stop", ":Schedule", ":Disable", ":GetObject", "Decrypt", ":PutKeyPolicy"} {
					if strings.Contains(action, word) {
						t.Errorf("%s may %s", job, action)
					}
				}
				reads := strings.Contains(action, ":Get") || strings.Contains(action, ":List") || strings.Contains(action, ":Describe") || strings.Contains(action, ":Lookup")
				if job != permissions.Repair && !reads {
					t.Errorf("%s may %s", job, action)
				}
			}
		}
	}
}
