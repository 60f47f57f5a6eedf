output "cloudtrail" {
  description = "Everything about the trail."
  value       = module.cloudtrail.cloudtrail
}
