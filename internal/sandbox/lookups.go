package sandbox

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/singleflight"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
	"github.com/cerpac/trailkeeper/internal/sandbox/upstream"
)

// cloudTrail is CloudTrail as a service principal.
const cloudTrail = "cloudtrail.amazonaws.com"

// ownerOf asks the upstream for the owner of an access key. Emulators do not verify
// signatures, so the secret key is not needed. A call waits for this no longer than for
// its own answer.
func (s *Sandbox) ownerOf(ctx context.Context, accessKey, sessionToken string) (name, userID, account string, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.UpstreamTimeout)
	defer cancel()
	client, err := s.clients.STS(ctx, s.config.Account, "us-east-1")
	if err != nil {
		return "", "", "", err
	}
	out, err := client.GetCallerIdentity(ctx, nil, func(o *sts.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider(accessKey, "unknown", sessionToken)
	})
	var refused smithy.APIError
	if !s.isMoto && (errors.As(err, &refused) || err == nil && aws.ToString(out.Arn) == "") {
		return s.userOfKey(accessKey)
	}
	if err != nil {
		return "", "", "", err
	}
	return aws.ToString(out.Arn), aws.ToString(out.UserId), aws.ToString(out.Account), nil
}

// userOfKey returns the owner of a key if the server has no STS to ask: a user with the
// key as its name. The sandbox's own key and its administrator's belong to the root
// user.
func (s *Sandbox) userOfKey(accessKey string) (name, userID, account string, err error) {
	account = s.config.Account
	if accessKey == s.clients.AccessKey() || s.admin != nil && accessKey == s.admin.AccessKey {
		return arn.Build("aws", "iam", "", account, "root"), account, account, nil
	}
	return arn.Build("aws", "iam", "", account, "user/"+accessKey), accessKey, account, nil
}

// keys looks up KMS keys at the upstream.
type keys struct{ clients *upstream.Clients }

// KeyARN implements trails.Keys.
func (k keys) KeyARN(ctx context.Context, account, region, id string) (string, error) {
	client, err := k.clients.KMS(ctx, account, region)
	if err != nil {
		return "", err
	}
	out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
	if _, missing := errors.AsType[*kmstypes.NotFoundException](err); missing {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return aws.ToString(out.KeyMetadata.Arn), nil
}

const (
	membershipHolds      = time.Minute
	membershipErrorHolds = 10 * time.Second
	membershipTimeout    = 10 * time.Second
)

// orgs looks up organizations at the upstream.
type orgs struct {
	clients *upstream.Clients
	asking  singleflight.Group

	mu    sync.Mutex
	known map[string]membership // by account
}

// membership is the organization of an account.
type membership struct {
	organization string
	unknown      bool // the upstream could not be asked
	until        time.Time
}

// Organization implements trails.Organizations.
func (o *orgs) Organization(ctx context.Context, account string) (trails.Organization, error) {
	client, err := o.clients.Organizations(ctx, account)
	if err != nil {
		return trails.Organization{}, err
	}
	out, err := client.DescribeOrganization(ctx, nil)
	if _, none := errors.AsType[*orgtypes.AWSOrganizationsNotInUseException](err); none {
		return trails.Organization{}, nil
	}
	if err != nil {
		return trails.Organization{}, err
	}
	found := trails.Organization{
		ID:          aws.ToString(out.Organization.Id),
		Management:  aws.ToString(out.Organization.MasterAccountId),
		AllFeatures: out.Organization.FeatureSet == orgtypes.OrganizationFeatureSetAll,
	}
	if found.Trusted, err = trusted(ctx, client); err == nil {
		found.Delegated, err = delegated(ctx, client)
	}
	var refused smithy.APIError
	if errors.As(err, &refused) {
		switch refused.ErrorCode() {
		case "AccessDeniedException": // only the management account and delegated administrators may ask
			err = nil
		case "InvalidInputException": // moto does not support CloudTrail's administrators
			err = nil
		}
	}
	return found, err
}

// member reports whether an account is in the organization of a trail. Answers are
// cached, because organizations seldom change. If the upstream cannot be asked, every
// account counts as a member: an additional event does less harm than a missing one.
func (o *orgs) member(ctx context.Context, t trails.Trail, account string) bool {
	o.mu.Lock()
	m, ok := o.known[account]
	o.mu.Unlock()
	if !ok || time.Now().After(m.until) {
		m = o.inquire(ctx, account)
	}
	return m.unknown || m.organization == t.OrganizationID
}

// inquire asks the upstream, once for all concurrent callers with the same account.
func (o *orgs) inquire(ctx context.Context, account string) membership {
	found, _, _ := o.asking.Do(account, func() (any, error) {
		ctx, cancel := context.WithTimeout(ctx, membershipTimeout)
		defer cancel()
		organization, err := o.Organization(ctx, account)
		m := membership{organization.ID, err != nil, time.Now().Add(membershipHolds)}
		if err != nil {
			m.until = time.Now().Add(membershipErrorHolds)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.known[account] = m
		return m, nil
	})
	return found.(membership)
}

func trusted(ctx context.Context, client *organizations.Client) (bool, error) {
	pages := organizations.NewListAWSServiceAccessForOrganizationPaginator(client, nil)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(page.EnabledServicePrincipals, func(p orgtypes.EnabledServicePrincipal) bool {
			return aws.ToString(p.ServicePrincipal) == cloudTrail
		}) {
			return true, nil
		}
	}
	return false, nil
}

func delegated(ctx context.Context, client *organizations.Client) ([]string, error) {
	var accounts []string
	pages := organizations.NewListDelegatedAdministratorsPaginator(client,
		&organizations.ListDelegatedAdministratorsInput{ServicePrincipal: aws.String(cloudTrail)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, admin := range page.DelegatedAdministrators {
			accounts = append(accounts, aws.ToString(admin.Id))
		}
	}
	return accounts, nil
}
