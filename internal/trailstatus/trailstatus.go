// Package trailstatus asks CloudTrail what it has delivered of each trail.
package trailstatus

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

// Trail is what CloudTrail says of a trail in one Region.
type Trail struct {
	Name, HomeRegion string
	Bucket           string // that it delivers to
	Validation       bool   // digests are written
	Logging          bool
	Stopped          time.Time // when logging was stopped last; zero for never
	// Digest is when the newest digest was delivered; zero if none was. DigestError
	// is why the last attempt failed, as a word of S3.
	Digest      time.Time
	DigestError string
}

// Client asks AWS. It needs cloudtrail:DescribeTrails and cloudtrail:GetTrailStatus,
// and for Regions account:ListRegions.
type Client struct {
	profile string

	once    sync.Once
	config  aws.Config
	account string
	err     error
}

// New returns a client with the credentials of a profile, or with those that every
// AWS tool takes. It makes no request.
func New(profile string) *Client { return &Client{profile: profile} }

// load reads the configuration, and asks whose the credentials are.
func (c *Client) load(ctx context.Context, region string) error {
	c.once.Do(func() {
		options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
		if c.profile != "" {
			options = append(options, config.WithSharedConfigProfile(c.profile))
		}
		if c.config, c.err = config.LoadDefaultConfig(ctx, options...); c.err != nil {
			return
		}
		if c.config.Region == "" {
			c.config.Region = region
		}
		out, err := sts.NewFromConfig(c.config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			c.err = explain("sts:GetCallerIdentity", err)
			return
		}
		c.account = aws.ToString(out.Account)
	})
	return c.err
}

// Trails returns what CloudTrail says of the trails in a Region, and the account of
// the credentials, whose logs it is about. An error matches fs.ErrPermission if the
// call is not permitted.
func (c *Client) Trails(ctx context.Context, region string) (account string, trails []Trail, err error) {
	if err := c.load(ctx, region); err != nil {
		return "", nil, fmt.Errorf("ask about trails in %s: %w", region, err)
	}
	client := cloudtrail.NewFromConfig(c.config, func(o *cloudtrail.Options) { o.Region = region })
	all := true
	list, err := client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: &all})
	if err != nil {
		return "", nil, fmt.Errorf("describe trails in %s: %w", region, explain("cloudtrail:DescribeTrails", err))
	}
	for _, t := range list.TrailList {
		status, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: t.TrailARN})
		if err != nil {
			return "", nil, fmt.Errorf("get status of trail %q in %s: %w", aws.ToString(t.TrailARN), region, explain("cloudtrail:GetTrailStatus", err))
		}
		trails = append(trails, Trail{
			Name: aws.ToString(t.Name), HomeRegion: aws.ToString(t.HomeRegion),
			Bucket: aws.ToString(t.S3BucketName), Validation: aws.ToBool(t.LogFileValidationEnabled),
			Logging: aws.ToBool(status.IsLogging), Digest: utc(status.LatestDigestDeliveryTime),
			DigestError: aws.ToString(status.LatestDigestDeliveryError), Stopped: utc(status.StopLoggingTime),
		})
	}
	return c.account, trails, nil
}

// Regions returns the Regions that are enabled in the account of the credentials. near
// is one of the same partition, which is asked if no Region is configured.
func (c *Client) Regions(ctx context.Context, near string) (names []string, err error) {
	if err := c.load(ctx, near); err != nil {
		return nil, fmt.Errorf("list Regions: %w", err)
	}
	enabled := []types.RegionOptStatus{types.RegionOptStatusEnabled, types.RegionOptStatusEnabledByDefault}
	pages := account.NewListRegionsPaginator(account.NewFromConfig(c.config), &account.ListRegionsInput{RegionOptStatusContains: enabled})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list Regions: %w", explain("account:ListRegions", err))
		}
		for _, region := range page.Regions {
			names = append(names, aws.ToString(region.RegionName))
		}
	}
	return names, nil
}

func utc(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.UTC()
}

// explain makes an error of AWS short. If the call is not permitted, the error
// names the permission, and matches fs.ErrPermission.
func explain(permission string, err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	switch code := api.ErrorCode(); {
	case strings.HasPrefix(code, "AccessDenied"), strings.HasPrefix(code, "UnauthorizedOperation"):
		return fmt.Errorf("%w: the credentials need %s", fs.ErrPermission, permission)
	case code == "UnrecognizedClientException", code == "InvalidClientTokenId", strings.HasPrefix(code, "ExpiredToken"):
		return fmt.Errorf("%w: %s: %s", fs.ErrPermission, code, api.ErrorMessage())
	}
	return fmt.Errorf("%s: %s", api.ErrorCode(), api.ErrorMessage())
}
