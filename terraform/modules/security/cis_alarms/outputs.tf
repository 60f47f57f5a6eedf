output "cis_alarms" {
  description = "Each alarm by its key: name, ARN, and the metric filter's name and pattern."
  value = {
    for key, alarm in aws_cloudwatch_metric_alarm.this : key => {
      name    = alarm.alarm_name
      arn     = alarm.arn
      filter  = aws_cloudwatch_log_metric_filter.this[key].name
      pattern = aws_cloudwatch_log_metric_filter.this[key].pattern
    }
  }
}
