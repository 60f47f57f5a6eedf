package trail

// acceptedRetentionDays are those of PutRetentionPolicy in the CloudWatch Logs API.
func acceptedRetentionDays() []int {
	return []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

// LogGroupRetention is the days for which the log group keeps events; 0 is for ever,
// which is also what becomes of more days than CloudWatch Logs accepts.
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

// NoncurrentDays is the days for which versions that were overwritten or deleted can
// be brought back.
func (s Spec) NoncurrentDays() int { return min(30, s.RetentionDays) }

// AbortUploadsAfterDays is when an upload that was never completed goes.
const AbortUploadsAfterDays = 7
