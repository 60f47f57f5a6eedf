package trails

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/cloudtrail"
)

// sight says how a caller sees a trail.
type sight int

const (
	unseen sight = iota
	shadow       // a replication of a trail of another Region or account
	home         // in its home Region
)

// viewer is a caller with its organization. The organization is looked up once, and
// only for an organization trail of another account.
type viewer struct {
	store        *Store
	account      string
	region       string
	organization *Organization
}

func (s *Store) viewer(c cloudtrail.Call) *viewer {
	return &viewer{store: s, account: c.Account, region: c.Region}
}

func (v *viewer) in(ctx context.Context, organization string) (bool, error) {
	if organization == "" {
		return false, nil
	}
	if v.organization == nil {
		o, err := v.store.organization(ctx, v.account)
		if err != nil {
			return false, err
		}
		v.organization = &o
	}
	return v.organization.ID == organization, nil
}

func (v *viewer) sees(ctx context.Context, t Trail) (sight, error) {
	own := t.Account == v.account
	if !own {
		if member, err := v.in(ctx, t.OrganizationID); err != nil || !member {
			return unseen, err
		}
	}
	switch {
	case t.Region == v.region && own:
		return home, nil
	case t.Region == v.region || t.MultiRegion:
		return shadow, nil
	}
	return unseen, nil
}

func (s *Store) organization(ctx context.Context, account string) (Organization, error) {
	if s.config.Organizations == nil {
		return Organization{}, nil
	}
	o, err := s.config.Organizations.Organization(ctx, account)
	if err != nil {
		return Organization{}, fmt.Errorf("find organization of account %s: %w", account, err)
	}
	return o, nil
}

// find returns the trail that a caller names. Shadow trails are found by ARN only.
func (s *Store) find(ctx context.Context, c cloudtrail.Call, nameOrARN string) (Trail, error) {
	wanted, err := namedARN(c, nameOrARN)
	if err != nil {
		return Trail{}, err
	}
	for _, t := range s.live() {
		if t.ARN != wanted {
			continue
		}
		how, err := s.viewer(c).sees(ctx, t)
		if err != nil {
			return Trail{}, err
		}
		if how != unseen {
			return t, nil
		}
	}
	return Trail{}, unknown(c, wanted)
}

// own returns the trail that a caller names and may change: only from its home
// Region, and from its account or that of a delegated administrator.
func (s *Store) own(ctx context.Context, c cloudtrail.Call, nameOrARN string) (Trail, error) {
	wanted, err := namedARN(c, nameOrARN)
	if err != nil {
		return Trail{}, err
	}
	live := s.live()
	at := slices.IndexFunc(live, func(t Trail) bool { return t.ARN == wanted })
	if at < 0 {
		at = slices.IndexFunc(live, func(t Trail) bool {
			return t.MultiRegion && t.Account == c.Account && t.Name == nameOrARN // a shadow
		})
	}
	if at < 0 {
		return Trail{}, unknown(c, wanted)
	}
	return live[at], s.mayChange(ctx, c, live[at])
}

func (s *Store) mayChange(ctx context.Context, c cloudtrail.Call, t Trail) error {
	if t.Account != c.Account {
		o, err := s.organization(ctx, c.Account)
		switch {
		case err != nil:
			return err
		case o.ID == "" || o.ID != t.OrganizationID:
			return unknown(c, t.ARN)
		case !slices.Contains(o.Delegated, c.Account):
			return cloudtrail.Refuse("NotOrganizationMasterAccountException", "Only the management account or a delegated administrator of the organization can change the trail %s.", t.ARN)
		}
	}
	if t.Region != c.Region {
		return cloudtrail.Refuse("InvalidHomeRegionException", "The home Region of the trail %s is %s; the trail can only be changed from there.", t.ARN, t.Region)
	}
	return nil
}

// namedARN returns the ARN for a name, in the caller's account and Region, or an ARN.
func namedARN(c cloudtrail.Call, nameOrARN string) (string, error) {
	if arn.Begins(nameOrARN) {
		_, err := parseTrailARN(nameOrARN)
		return nameOrARN, err
	}
	if err := checkTrailName(nameOrARN); err != nil {
		return "", err
	}
	return trailARN(c.Account, c.Region, nameOrARN), nil
}

func unknown(c cloudtrail.Call, arn string) error {
	return cloudtrail.Refuse("TrailNotFoundException", "Unknown trail: %s for the user: %s", arn, c.Account)
}

type nameRequest struct{ Name string }

// trailView is a trail as the API shows it. Members without a value are left out.
type trailView struct {
	Name                       string
	S3BucketName               string
	S3KeyPrefix                string `json:",omitempty"`
	SnsTopicName               string `json:",omitempty"`
	SnsTopicARN                string `json:",omitempty"`
	IncludeGlobalServiceEvents bool
	IsMultiRegionTrail         bool
	HomeRegion                 string `json:",omitempty"`
	TrailARN                   string
	LogFileValidationEnabled   bool
	CloudWatchLogsLogGroupArn  string `json:",omitempty"`
	CloudWatchLogsRoleArn      string `json:",omitempty"`
	KmsKeyID                   string `json:"KmsKeyId,omitempty"`
	HasCustomEventSelectors    *bool  `json:",omitempty"`
	HasInsightSelectors        *bool  `json:",omitempty"`
	IsOrganizationTrail        bool
}

// configured returns the answer of CreateTrail and UpdateTrail.
func (t Trail) configured() trailView {
	return trailView{
		Name: t.Name, S3BucketName: t.Bucket, S3KeyPrefix: t.Prefix,
		SnsTopicName: t.TopicName, SnsTopicARN: t.TopicARN,
		IncludeGlobalServiceEvents: t.GlobalEvents, IsMultiRegionTrail: t.MultiRegion,
		TrailARN: t.ARN, LogFileValidationEnabled: t.Validation,
		CloudWatchLogsLogGroupArn: t.LogGroupARN, CloudWatchLogsRoleArn: t.RoleARN,
		KmsKeyID: t.KeyARN, IsOrganizationTrail: t.OrganizationID != "",
	}
}

// described returns the trail as GetTrail and DescribeTrails show it.
func (t Trail) described() trailView {
	view := t.configured()
	view.HomeRegion = t.Region
	view.HasCustomEventSelectors = new(!t.selectors().IsDefault())
	view.HasInsightSelectors = new(len(t.InsightSelectors) > 0)
	return view
}

func (s *Store) getTrail(ctx context.Context, c cloudtrail.Call, in nameRequest) (any, error) {
	t, err := s.find(ctx, c, in.Name)
	if err != nil {
		return nil, err
	}
	return struct{ Trail trailView }{t.described()}, nil
}

type describeRequest struct {
	TrailNameList       []string `json:"trailNameList"`
	IncludeShadowTrails *bool    `json:"includeShadowTrails"`
}

func (s *Store) describeTrails(ctx context.Context, c cloudtrail.Call, in describeRequest) (any, error) {
	var wanted []string
	for _, name := range in.TrailNameList {
		arn, err := namedARN(c, name)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, arn)
	}
	shadows := in.IncludeShadowTrails == nil || *in.IncludeShadowTrails
	list := []trailView{}
	v := s.viewer(c)
	for _, t := range s.live() {
		how, err := v.sees(ctx, t)
		if err != nil {
			return nil, err
		}
		named := slices.Contains(wanted, t.ARN)
		if named && t.Account == c.Account {
			how = max(how, shadow) // by ARN, a single-Region trail is found from any Region
		}
		if (named || len(wanted) == 0) && (how == home || how == shadow && shadows) {
			list = append(list, t.described())
		}
	}
	return struct {
		TrailList []trailView `json:"trailList"`
	}{list}, nil
}

// trailsPage is how many trails ListTrails returns at a time.
const trailsPage = 100

type trailInfo struct{ TrailARN, Name, HomeRegion string }

type listTrailsAnswer struct {
	Trails    []trailInfo
	NextToken string `json:",omitempty"`
}

// listTrails returns the trails of all Regions, sorted by ARN. The token is the last
// ARN, so trails may be added and deleted between pages.
func (s *Store) listTrails(ctx context.Context, c cloudtrail.Call, in struct{ NextToken string }) (any, error) {
	after, err := base64.RawURLEncoding.DecodeString(in.NextToken)
	if err != nil {
		return nil, cloudtrail.Refuse("InvalidNextTokenException", "The next token is not valid.")
	}
	answer := listTrailsAnswer{Trails: []trailInfo{}}
	v := s.viewer(c)
	for _, t := range s.live() {
		mine := t.Account == c.Account
		if !mine {
			if mine, err = v.in(ctx, t.OrganizationID); err != nil {
				return nil, err
			}
		}
		if mine && t.ARN > string(after) {
			answer.Trails = append(answer.Trails, trailInfo{t.ARN, t.Name, t.Region})
		}
	}
	slices.SortFunc(answer.Trails, func(a, b trailInfo) int { return strings.Compare(a.TrailARN, b.TrailARN) })
	if len(answer.Trails) > trailsPage {
		answer.Trails = answer.Trails[:trailsPage]
		answer.NextToken = base64.RawURLEncoding.EncodeToString([]byte(answer.Trails[trailsPage-1].TrailARN))
	}
	return answer, nil
}
