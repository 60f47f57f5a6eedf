package resources

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/account"
	"github.com/cerpac/trailkeeper/internal/trail/converge"
	"github.com/cerpac/trailkeeper/policy"
)

// pending is SNS's value for the ARN of an unconfirmed subscription.
const pending = "PendingConfirmation"

// snsTopic is a topic that we create. It is not encrypted: a message contains only a
// bucket and keys, or an alarm, and a key would have to allow every subscriber.
type snsTopic struct {
	*Set
	name, arn     string
	policy        policy.Document
	subscriptions []trail.Subscription
}

// topic returns the topic that gets a message for each log file.
func (s *Set) topic() []converge.Resource {
	if !s.Spec.CreatesTopic() {
		return nil
	}
	return []converge.Resource{snsTopic{
		s, s.Names.Topic, s.Names.TopicARN, s.Spec.TopicPolicy(s.Account.Place), s.Spec.SNSSubscriptions,
	}.resource("topic")}
}

func (t snsTopic) resource(kind string) converge.Resource {
	return converge.Resource{
		Kind: kind, Name: t.name,
		Want: t.want, Read: t.read, Create: t.create, Delete: t.delete,
		Parts: []converge.Part{
			{Fields: []string{"policy"}, Call: "sns:SetTopicAttributes", Write: t.set("Policy", t.policy.String())},
			{Fields: []string{"kms_key"}, Call: "sns:SetTopicAttributes", Write: t.set("KmsMasterKeyId", "")},
			{Fields: []string{"subscriptions"}, Call: "sns:Subscribe", Write: t.subscribe},
			{Fields: []string{"tags"}, Call: "sns:TagResource", Write: t.tag},
		},
	}
}

func (t snsTopic) want() (converge.State, error) {
	var subscriptions converge.Set
	for _, want := range t.subscriptions {
		subscriptions = append(subscriptions, want.Protocol+":"+want.Endpoint)
	}
	return converge.State{
		"policy":        t.policy,
		"kms_key":       nil,
		"subscriptions": subscriptions,
		"tags":          t.wantedTags(),
	}, nil
}

func (t snsTopic) read(ctx context.Context) (converge.Actual, error) {
	got, err := t.Account.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &t.arn})
	if account.Missing(err) {
		return converge.Actual{}, nil
	}
	if err != nil {
		return converge.Actual{}, err
	}
	actual := converge.Actual{Exists: true, State: converge.State{"kms_key": orNil(got.Attributes["KmsMasterKeyId"])}}
	actual.State["policy"] = got.Attributes["Policy"]
	if document, err := policy.Parse([]byte(got.Attributes["Policy"])); err == nil {
		actual.State["policy"] = document
	}
	if err := t.readSubscriptions(ctx, &actual); err != nil {
		return converge.Actual{}, err
	}
	listed, err := t.Account.SNS.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: &t.arn})
	if err != nil {
		return converge.Actual{}, err
	}
	tags := map[string]string{}
	for _, tag := range listed.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	now := t.found(tags, actual.State)
	now.Note = actual.Note
	return now, nil
}

// readSubscriptions reads the wanted subscriptions. Others are only noted.
func (t snsTopic) readSubscriptions(ctx context.Context, actual *converge.Actual) error {
	var all []types.Subscription
	pages := sns.NewListSubscriptionsByTopicPaginator(t.Account.SNS, &sns.ListSubscriptionsByTopicInput{TopicArn: &t.arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		all = append(all, page.Subscriptions...)
	}
	actual.State["subscriptions"], actual.Note = t.sort(all)
	return nil
}

// sort returns the wanted subscriptions, and notes unconfirmed and additional ones.
func (t snsTopic) sort(all []types.Subscription) (seen converge.Set, note string) {
	var waiting, others []string
	confirmed := 0
	for _, s := range all {
		name := aws.ToString(s.Protocol) + ":" + aws.ToString(s.Endpoint)
		switch id := aws.ToString(s.SubscriptionArn); {
		case id == pending:
			waiting = append(waiting, name)
		case arn.Begins(id):
			confirmed++
		default:
			continue // such as Deleted
		}
		if t.wants(name) {
			seen = append(seen, name)
		} else {
			others = append(others, name)
		}
	}
	var notes []string
	if confirmed == 0 {
		notes = append(notes, "no confirmed subscriber")
	}
	if len(waiting) > 0 {
		notes = append(notes, "waiting for confirmation: "+strings.Join(waiting, ", "))
	}
	if len(others) > 0 {
		notes = append(notes, beside("subscriptions of", others))
	}
	return seen, strings.Join(notes, "; ")
}

func (t snsTopic) wants(name string) bool {
	return slices.ContainsFunc(t.subscriptions, func(s trail.Subscription) bool { return s.Protocol+":"+s.Endpoint == name })
}

func (t snsTopic) create(ctx context.Context) error {
	_, err := t.Account.SNS.CreateTopic(ctx, &sns.CreateTopicInput{
		Name: &t.name, Tags: topicTags(t.wantedTags()), Attributes: map[string]string{"Policy": t.policy.String()},
	})
	return err
}

func (t snsTopic) set(attribute, value string) func(context.Context, converge.Actual) error {
	return func(ctx context.Context, _ converge.Actual) error {
		_, err := t.Account.SNS.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{
			TopicArn: &t.arn, AttributeName: &attribute, AttributeValue: &value,
		})
		return err
	}
}

func (t snsTopic) subscribe(ctx context.Context, now converge.Actual) error {
	seen, _ := now.State["subscriptions"].(converge.Set)
	for _, s := range t.subscriptions {
		if slices.Contains(seen, s.Protocol+":"+s.Endpoint) {
			continue
		}
		_, err := t.Account.SNS.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &t.arn, Protocol: &s.Protocol, Endpoint: &s.Endpoint})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t snsTopic) tag(ctx context.Context, now converge.Actual) error {
	_, err := t.Account.SNS.TagResource(ctx, &sns.TagResourceInput{ResourceArn: &t.arn, Tags: topicTags(t.tagsFor(now))})
	return err
}

func topicTags(tags map[string]string) (list []types.Tag) {
	for key, value := range tags {
		list = append(list, types.Tag{Key: &key, Value: &value})
	}
	return list
}

// delete also deletes its subscriptions, the unconfirmed ones too.
func (t snsTopic) delete(ctx context.Context) error {
	_, err := t.Account.SNS.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &t.arn})
	return err
}
