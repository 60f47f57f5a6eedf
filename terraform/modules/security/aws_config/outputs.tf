output "aws_config" {
  description = "The rules by name, and the recorder with its bucket: null where they exist already."
  value = {
    rules    = { for name, rule in aws_config_config_rule.this : name => rule.arn }
    recorder = one(aws_config_configuration_recorder.this[*].name)
    bucket   = one(aws_s3_bucket.config[*].bucket)
  }
}
