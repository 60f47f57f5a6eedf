package trail

// acceptedRetentionDays lists the values of PutRetentionPolicy in the CloudWatch Logs
// API.
func acceptedRetentionDays() []int {
	return []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

// LogGroupRetention is how many days the log group keeps events. 0 means for ever, also
// for more days than CloudWatch Logs accepts.
func (s Spec) LogGroupRetention() int {
	if s.LogGroupRetentionDays != nil {
		return *s.LogGroupRetentionDays
	}
	for _, days := range acceptedRetentionDays() {
		if days >= s.RetentionDays {
			return days
		}
	}
	return 0
}

// NoncurrentDays is how many days overwritten and deleted versions can be restored.
func (s Spec) NoncurrentDays() int { return min(30, s.RetentionDays) }

// AbortUploadsAfterDays is the age at which incomplete multipart uploads are deleted.
const AbortUploadsAfterDays = 7
