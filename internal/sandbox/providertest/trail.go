package providertest

import (
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// aws_cloudtrail; the id is the ARN (since 5.24), with which every call is made
// create: CreateTrail, again while InvalidCloudWatchLogsRoleArnException or
// InvalidCloudWatchLogsLogGroupArnException says "Access denied."; StartLogging;
// PutEventSelectors; PutInsightSelectors
// read: DescribeTrails with the ARN until there is one; GetTrailStatus;
// GetEventSelectors if HasCustomEventSelectors; GetInsightSelectors if
// HasInsightSelectors, InsightNotEnabledException is none; ListTags
// update: UpdateTrail with what changed, role and log group together, again as in
// create; Start or StopLogging; PutEventSelectors, without any the default one;
// PutInsightSelectors, also empty; AddTags, RemoveTags
// delete: DeleteTrail; gone is an empty list
func trail(p *provider) resource {
	arn := p.trailARN()
	return resource{
		kind:   "aws_cloudtrail",
		create: p.createTrail,
		read:   p.readTrail,
		want: state{
			"arn": arn, "name": trailName, "home_region": region, "s3_bucket_name": bucketName, "s3_key_prefix": "",
			"sns_topic_arn": p.topicARN(), "sns_topic_name": topicName, "kms_key_id": p.keyARN,
			"cloud_watch_logs_group_arn": p.logGroupARN() + ":*", "cloud_watch_logs_role_arn": p.roleARN(),
			"enable_log_file_validation": true, "include_global_service_events": true, "is_multi_region_trail": true,
			"is_organization_trail": false, "enable_logging": true,
			"event_selector":          []string{"All true AWS::S3::Object=[arn:aws:s3:::]"},
			"advanced_event_selector": []string{},
			"insight_selector":        []string{"ApiCallRateInsight", "ApiErrorRateInsight"},
			"tags":                    map[string]string{"Name": "trail"},
		},
		update: p.updateTrail,
		change: state{
			"sns_topic_arn": "", "sns_topic_name": "", "cloud_watch_logs_group_arn": "", "cloud_watch_logs_role_arn": "",
			"enable_logging": false, "event_selector": []string{},
			"advanced_event_selector": []string{"Management events selector eventCategory=[Management]"},
			"insight_selector":        []string{}, "tags": map[string]string{"Owner": "somebody"},
		},
		remove: func() error {
			_, err := p.trail.DeleteTrail(p.ctx, &cloudtrail.DeleteTrailInput{Name: &arn})
			return ignore(err, "TrailNotFoundException")
		},
	}
}

// notYet is an error that the provider puts down to a role that is not known yet.
func notYet(err error) bool {
	return strings.Contains(err.Error(), "Access denied.") &&
		(code(err) == "InvalidCloudWatchLogsRoleArnException" || code(err) == "InvalidCloudWatchLogsLogGroupArnException")
}

func (p *provider) createTrail() error {
	err := p.retry("the trail", func() error {
		out, err := p.trail.CreateTrail(p.ctx, &cloudtrail.CreateTrailInput{
			Name: aws.String(trailName), S3BucketName: aws.String(bucketName), IncludeGlobalServiceEvents: aws.Bool(true),
			IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true), KmsKeyId: &p.keyARN,
			SnsTopicName: aws.String(topicName), CloudWatchLogsRoleArn: aws.String(p.roleARN()),
			CloudWatchLogsLogGroupArn: aws.String(p.logGroupARN() + ":*"),
			TagsList:                  []types.Tag{{Key: aws.String("Name"), Value: aws.String("trail")}},
		})
		if err == nil && aws.ToString(out.TrailARN) != p.trailARN() {
			return errors.New("CreateTrail answers another TrailARN: " + aws.ToString(out.TrailARN))
		}
		return err
	}, notYet)
	if err != nil {
		return err
	}
	arn := aws.String(p.trailARN())
	if _, err := p.trail.StartLogging(p.ctx, &cloudtrail.StartLoggingInput{Name: arn}); err != nil {
		return err
	}
	_, err = p.trail.PutEventSelectors(p.ctx, &cloudtrail.PutEventSelectorsInput{
		TrailName: arn,
		EventSelectors: []types.EventSelector{{
			IncludeManagementEvents: aws.Bool(true), ReadWriteType: types.ReadWriteTypeAll,
			DataResources: []types.DataResource{{Type: aws.String("AWS::S3::Object"), Values: []string{"arn:aws:s3:::"}}},
		}},
	})
	if err != nil {
		return err
	}
	_, err = p.trail.PutInsightSelectors(p.ctx, &cloudtrail.PutInsightSelectorsInput{
		TrailName:        arn,
		InsightSelectors: []types.InsightSelector{{InsightType: types.InsightTypeApiErrorRateInsight}, {InsightType: types.InsightTypeApiCallRateInsight}},
	})
	if err != nil {
		return err
	}
	return p.until("the trail", 1, func() (bool, error) {
		_, err := p.readTrail()
		return err == nil, ignoreGone(err)
	})
}

func (p *provider) readTrail() (state, error) {
	arn := aws.String(p.trailARN())
	described, err := p.trail.DescribeTrails(p.ctx, &cloudtrail.DescribeTrailsInput{TrailNameList: []string{*arn}})
	if err != nil {
		return nil, err
	}
	if len(described.TrailList) != 1 {
		return nil, errGone
	}
	t := described.TrailList[0]
	status, err := p.trail.GetTrailStatus(p.ctx, &cloudtrail.GetTrailStatusInput{Name: arn})
	if err != nil {
		return nil, err
	}
	read := state{
		"arn": aws.ToString(t.TrailARN), "name": aws.ToString(t.Name), "home_region": aws.ToString(t.HomeRegion),
		"s3_bucket_name": aws.ToString(t.S3BucketName), "s3_key_prefix": aws.ToString(t.S3KeyPrefix),
		"sns_topic_arn": aws.ToString(t.SnsTopicARN), "sns_topic_name": "", "kms_key_id": aws.ToString(t.KmsKeyId),
		"cloud_watch_logs_group_arn": aws.ToString(t.CloudWatchLogsLogGroupArn), "cloud_watch_logs_role_arn": aws.ToString(t.CloudWatchLogsRoleArn),
		"enable_log_file_validation": aws.ToBool(t.LogFileValidationEnabled), "include_global_service_events": aws.ToBool(t.IncludeGlobalServiceEvents),
		"is_multi_region_trail": aws.ToBool(t.IsMultiRegionTrail), "is_organization_trail": aws.ToBool(t.IsOrganizationTrail),
		"enable_logging": aws.ToBool(status.IsLogging), "event_selector": []string{}, "advanced_event_selector": []string{}, "insight_selector": []string{},
	}
	// A topic of the trail's Region and account is told by its name.
	if topic := aws.ToString(t.SnsTopicARN); topic != "" {
		read["sns_topic_name"] = topic[strings.LastIndexByte(topic, ':')+1:]
	}
	return read, errors.Join(p.readSelectors(t, read), p.readInsights(t, read), p.readTrailTags(read))
}

func (p *provider) readSelectors(t types.Trail, read state) error {
	if !aws.ToBool(t.HasCustomEventSelectors) {
		return nil
	}
	out, err := p.trail.GetEventSelectors(p.ctx, &cloudtrail.GetEventSelectorsInput{TrailName: t.TrailARN})
	if err != nil {
		return err
	}
	classic, advanced := []string{}, []string{}
	for _, s := range out.EventSelectors {
		resources := ""
		for _, r := range s.DataResources {
			resources += " " + *r.Type + "=[" + strings.Join(r.Values, " ") + "]"
		}
		if len(out.EventSelectors) == 1 && resources == "" && s.ReadWriteType == types.ReadWriteTypeAll && len(s.ExcludeManagementEventSources) == 0 {
			break // the default, which the provider keeps to itself
		}
		management := " false"
		if aws.ToBool(s.IncludeManagementEvents) {
			management = " true"
		}
		classic = append(classic, string(s.ReadWriteType)+management+strings.Join(s.ExcludeManagementEventSources, " ")+resources)
	}
	for _, s := range out.AdvancedEventSelectors {
		text := aws.ToString(s.Name)
		for _, f := range s.FieldSelectors {
			text += " " + *f.Field + "=[" + strings.Join(f.Equals, " ") + "]"
		}
		advanced = append(advanced, text)
	}
	read["event_selector"], read["advanced_event_selector"] = classic, advanced
	return nil
}

func (p *provider) readInsights(t types.Trail, read state) error {
	if !aws.ToBool(t.HasInsightSelectors) {
		return nil
	}
	out, err := p.trail.GetInsightSelectors(p.ctx, &cloudtrail.GetInsightSelectorsInput{TrailName: t.TrailARN})
	if err != nil {
		return ignore(err, "InsightNotEnabledException")
	}
	selected := []string{}
	for _, s := range out.InsightSelectors {
		selected = append(selected, string(s.InsightType))
	}
	read["insight_selector"] = sorted(selected)
	return nil
}

func (p *provider) readTrailTags(read state) error {
	tags := map[string]string{}
	pages := cloudtrail.NewListTagsPaginator(p.trail, &cloudtrail.ListTagsInput{ResourceIdList: []string{p.trailARN()}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(p.ctx)
		if err != nil {
			return err
		}
		for _, tag := range page.ResourceTagList[0].TagsList {
			tags[*tag.Key] = aws.ToString(tag.Value)
		}
	}
	read["tags"] = tags
	return nil
}

// updateTrail takes away what can be taken away.
func (p *provider) updateTrail() error {
	arn := aws.String(p.trailARN())
	none := aws.String("")
	err := p.retry("the trail's update", func() error {
		_, err := p.trail.UpdateTrail(p.ctx, &cloudtrail.UpdateTrailInput{
			Name: arn, CloudWatchLogsRoleArn: none, CloudWatchLogsLogGroupArn: none, SnsTopicName: none,
		})
		return err
	}, notYet)
	if err != nil {
		return err
	}
	if _, err := p.trail.StopLogging(p.ctx, &cloudtrail.StopLoggingInput{Name: arn}); err != nil {
		return err
	}
	for _, selectors := range []cloudtrail.PutEventSelectorsInput{
		{EventSelectors: []types.EventSelector{{
			IncludeManagementEvents: aws.Bool(true), ReadWriteType: types.ReadWriteTypeAll, DataResources: []types.DataResource{},
		}}},
		{AdvancedEventSelectors: []types.AdvancedEventSelector{{
			Name:           aws.String("Management events selector"),
			FieldSelectors: []types.AdvancedFieldSelector{{Field: aws.String("eventCategory"), Equals: []string{"Management"}}},
		}}},
	} {
		selectors.TrailName = arn
		if _, err := p.trail.PutEventSelectors(p.ctx, &selectors); err != nil {
			return err
		}
	}
	_, err = p.trail.PutInsightSelectors(p.ctx, &cloudtrail.PutInsightSelectorsInput{TrailName: arn, InsightSelectors: []types.InsightSelector{}})
	if err != nil {
		return err
	}
	_, err = p.trail.RemoveTags(p.ctx, &cloudtrail.RemoveTagsInput{ResourceId: arn, TagsList: []types.Tag{{Key: aws.String("Name"), Value: aws.String("trail")}}})
	if err != nil {
		return err
	}
	_, err = p.trail.AddTags(p.ctx, &cloudtrail.AddTagsInput{ResourceId: arn, TagsList: []types.Tag{{Key: aws.String("Owner"), Value: aws.String("somebody")}}})
	return err
}
