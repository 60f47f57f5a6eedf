output "cloudtrail" {
  description = "Everything about the trail."
  value       = module.cloudtrail.cloudtrail
}

output "cis_alarms" {
  description = "Each alarm by its key."
  value       = module.cis_alarms.cis_alarms
}

output "aws_config" {
  description = "The AWS Config rules, and the recorder with its bucket."
  value       = module.aws_config.aws_config
}

output "security_alerts" {
  description = "Topic that the alarms notify."
  value       = aws_sns_topic.security_alerts.arn
}
