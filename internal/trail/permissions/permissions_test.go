package permissions_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

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

// sender delivers to the bucket that defaults makes.
func sender() trail.Spec {
	spec := deploytest.Spec("send")
	spec.ExistingBucket = &trail.ExistingBucket{Name: "dev-cerpac-cloudtrail-logs", Owner: deploytest.Account}
	return spec
}

func specs() map[string]trail.Spec {
	return map[string]trail.Spec{"defaults": defaults(), "everything": everything(), "locked": locked(), "sender": sender()}
}

// Every call that plan, apply and destroy make is allowed by the policy of the job.
func TestRightsAreEnough(t *testing.T) {
	for name, spec := range specs() {
		t.Run(name, func(t *testing.T) {
			box := deploytest.Open(t)
			set := box.Set(t, spec)
			if spec.ConfigRules.Enabled {
				record(t, set.Account.Config)
			}
			if spec.ExistingBucket != nil {
				keepBucket(t, set.Account.S3, spec.Grants(set.Account.Place)[0])
			}
			recorded := box.Recorded(t)
			check := func(jobs ...permissions.Job) {
				t.Helper()
				var documents []policy.Document
				for _, job := range jobs {
					documents = append(documents, permissions.For(job, spec, set.Account.Place))
				}
				for _, e := range recorded() {
					if e.Name == "HeadBucket" && spec.ExistingBucket != nil {
						continue // its refusal is an answer
					}
					for _, r := range requests(e, set.Names) {
						if d := policy.Evaluate(documents, r); !d.Allowed() {
							t.Errorf("%s calls %s, which needs %s on %s: %s", jobs, e.Call(), r.Action, r.Resource, d.Why)
						}
					}
				}
			}
			box.Plan(t, spec)
			check(permissions.Plan)
			box.Apply(t, spec)
			check(permissions.Setup, permissions.Apply)
			box.Plan(t, spec)
			check(permissions.Plan)
			if spec.ForceDestroy {
				box.Deliver(t)
			}
			box.Destroy(t, spec)
			check(permissions.Destroy)
		})
	}
}

// keepBucket makes the bucket that a trail delivers to, and lets the trail in.
func keepBucket(t *testing.T, client *s3.Client, grant trail.Grant) {
	t.Helper()
	may := grant.Policy.String()
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: &grant.Name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: deploytest.Region},
	})
	if err == nil {
		_, err = client.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &grant.Name, Policy: &may})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Calls that no run here makes, such as those against rare drift, are found in the
// source: each has its right, and each right is of a call.
func TestRightsAreThoseOfCalls(t *testing.T) {
	called := calls(t)
	allowed := map[string]bool{}
	organization := defaults()
	organization.Organization = true
	for _, spec := range append(slices.Collect(maps.Values(specs())), organization) {
		for _, job := range []permissions.Job{permissions.Plan, permissions.Setup, permissions.Apply, permissions.Destroy} {
			for _, action := range actions(permissions.For(job, spec, place)) {
				allowed[action] = true
			}
		}
	}
	delete(called, "sts:GetCallerIdentity") // needs no right
	delete(called, "s3:ListAllMyBuckets")   // only words an error better
	implied := map[string]string{
		"iam:PassRole":                "CreateTrail gets the role",
		"iam:CreateServiceLinkedRole": "AWS makes it for a caller who never used the service",
		"s3:DeleteObjectVersion":      "DeleteObjects names versions",
		"s3:TagResource":              "CreateBucket gets tags",
	}
	for action := range called {
		if !allowed[action] {
			t.Errorf("no policy allows %s, which is called", action)
		}
	}
	for action := range allowed {
		if !called[action] && implied[action] == "" {
			t.Errorf("%s is allowed and never called", action)
		}
	}
}

// calls returns the actions of all calls to AWS in the source of what deploys.
func calls(t *testing.T) map[string]bool {
	t.Helper()
	service := strings.NewReplacer("Trails", "cloudtrail", "Alarms", "cloudwatch", "Logs", "logs", "client", "s3", "S3", "s3", "Config", "config",
		"configservice", "config", "cloudwatchlogs", "logs")
	// Such as s.Account.KMS.CreateKey(ctx, in) and sns.NewListSubscriptionsByTopicPaginator(.
	pattern := regexp.MustCompile(`\.(\w+)\.([A-Z]\w+)\(ctx, (?:&|in\b|s\.)|\b(\w+)\.New(\w+)Paginator\(`)
	found := map[string]bool{}
	for _, folder := range []string{"../resources", "../account"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("no source in %s (%v)", folder, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, call := range pattern.FindAllStringSubmatch(string(text), -1) {
				found[authorized(strings.ToLower(service.Replace(call[1]+call[3]))+":"+call[2]+call[4])] = true
			}
		}
	}
	return found
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
		testPolicies(t, name, spec, place)
		// The longest names that the role leaves room for.
		spec.Env, spec.ProjectID = strings.Repeat("e", 18), strings.Repeat("p", 18)
		if spec.ExistingBucket == nil {
			spec.BucketName = strings.Repeat("b", 51)
		}
		if err := spec.Validate(); err != nil {
			t.Fatal(err)
		}
		testPolicies(t, name+" with long names", spec, trail.Place{Partition: "aws-us-gov", Account: deploytest.Account, Region: "us-gov-west-1"})
	}
}

func testPolicies(t *testing.T, name string, spec trail.Spec, place trail.Place) {
	t.Helper()
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

// Who plans or watches only reads, and no logs. Who repairs has no call besides that
// deletes, stops or disables something or reads logs; what the calls do that repair has
// is for TestThief.
func TestGuardsHaveNoCallThatDeletes(t *testing.T) {
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
