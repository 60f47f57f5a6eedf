# Checks within one variable are validations, here. Checks that need two
# variables are preconditions of the resource that they would break: a validation
# may refer to another variable only from Terraform 1.9 on.

variable "env" {
  description = "Environment, such as production, staging or development. The first part of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", var.env))
    error_message = "Write env in lower-case letters and digits, with single hyphens inside only, such as \"production\"."
  }
}

variable "project_id" {
  description = "Project, the second part of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", var.project_id))
    error_message = "Write project_id in lower-case letters and digits, with single hyphens inside only, such as \"my-project\"."
  }
}

variable "retention_days" {
  description = "Days for which logs are kept in the bucket. The log group keeps them as long or longer: see log_group_retention_days."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 36500 && floor(var.retention_days) == var.retention_days
    error_message = "Set retention_days to a whole number of days from 1 to 36500."
  }
}

variable "force_destroy" {
  description = "Let terraform destroy delete the bucket with all logs in it. Meant for development."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags for every resource, besides the tag that names its trail."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.tags : !startswith(lower(key), "aws:") && length(key) <= 128 && length(value) <= 256])
    error_message = "Rename the tags that start with \"aws:\", which AWS reserves; keys have at most 128 characters, values 256."
  }
}

variable "bucket_name" {
  description = "Name of the log bucket. Default: ENV-PROJECT_ID-cloudtrail-logs. Bucket names are shared by all AWS accounts; choose another if yours is taken."
  type        = string
  default     = null

  validation {
    condition = var.bucket_name == null || (
      can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket_name)) &&
      !can(regex("\\.\\.|\\.-|-\\.|^[0-9]+(\\.[0-9]+){3}$|^xn--|^sthree-|-s3alias$|--ol-s3$", var.bucket_name))
    )
    error_message = "Choose a bucket_name of 3 to 63 lower-case letters, digits, hyphens and single dots that starts and ends with a letter or digit and does not look like an IP address."
  }
}

variable "existing_bucket" {
  description = "Existing bucket for the logs, such as that of a log account: its name, and the id of its account. It is not changed; the output grants has the statements that its policy needs. Default: none, a bucket is created."
  type = object({
    name  = string
    owner = string
  })
  default = null

  validation {
    condition     = var.existing_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.existing_bucket.name))
    error_message = "Give in existing_bucket.name the name of a bucket, not its ARN."
  }

  validation {
    condition     = var.existing_bucket == null || can(regex("^[0-9]{12}$", var.existing_bucket.owner))
    error_message = "Write existing_bucket.owner as a string of twelve digits."
  }
}

variable "key_prefix" {
  description = "Prefix of every log file's key, before AWSLogs/. Default: none."
  type        = string
  default     = null

  validation {
    condition = var.key_prefix == null || (
      can(regex("^[A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*$", var.key_prefix)) &&
      try(length(var.key_prefix) <= 200, false) &&
      !can(regex("(^|/)AWSLogs(/|$)", var.key_prefix))
    )
    error_message = "Write key_prefix as at most 200 characters without slashes at its ends and without AWSLogs, which CloudTrail adds itself."
  }
}

variable "kms" {
  description = "Encryption of the logs: \"none\" (S3 encrypts with its own AES256 key), \"create\" (a KMS key of this module), or the ARN of a KMS key whose policy has the statements that the README lists."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["none", "create"], var.kms) || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms))
    error_message = "Set kms to \"none\", \"create\" or the ARN of a key (not of an alias)."
  }
}

variable "kms_key_readers" {
  description = "ARNs of the IAM roles or users that the created key lets decrypt logs. Others need kms:Decrypt in their own IAM policies."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.kms_key_readers : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.+$", arn))])
    error_message = "List in kms_key_readers full ARNs of IAM roles or users only."
  }
}

variable "object_lock" {
  description = "Default lock on every object of the bucket: mode GOVERNANCE or COMPLIANCE, and days. It cannot be removed from the bucket. Default: none."
  type = object({
    mode = string
    days = number
  })
  default = null

  validation {
    condition     = var.object_lock == null || try(contains(["GOVERNANCE", "COMPLIANCE"], var.object_lock.mode), false)
    error_message = "Set object_lock.mode to \"GOVERNANCE\" or \"COMPLIANCE\"."
  }

  validation {
    condition     = var.object_lock == null || try(var.object_lock.days >= 1 && floor(var.object_lock.days) == var.object_lock.days, false)
    error_message = "Set object_lock.days to a whole number of days, at least 1."
  }
}

variable "glacier_after_days" {
  description = "Days after which logs of 128 KB or more move to S3 Glacier Flexible Retrieval, where reading them takes hours and 90 days are charged at least. Default: never."
  type        = number
  default     = null

  validation {
    condition     = var.glacier_after_days == null || try(var.glacier_after_days >= 1 && floor(var.glacier_after_days) == var.glacier_after_days, false)
    error_message = "Set glacier_after_days to a whole number of days, at least 1, or leave it out."
  }
}

variable "log_group_retention_days" {
  description = "Days for which the log group keeps events; 0 keeps them for ever. Default: the smallest number that CloudWatch Logs accepts and that is at least retention_days."
  type        = number
  default     = null

  validation {
    condition = var.log_group_retention_days == null || try(contains([
      0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
    ], var.log_group_retention_days), false)
    error_message = "Set log_group_retention_days to a number that CloudWatch Logs accepts: 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "log_group_deletion_protection" {
  description = "Keep the log group when Terraform destroys the rest. See the README for the protection that CloudWatch Logs itself offers."
  type        = bool
  default     = false
  nullable    = false
}

variable "sns" {
  description = "Topic that gets a message for each log file: \"none\", \"create\", or the ARN of a topic whose policy lets CloudTrail publish."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["none", "create"], var.sns) || can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.sns))
    error_message = "Set sns to \"none\", \"create\" or the ARN of a standard topic; CloudTrail cannot publish to FIFO topics."
  }
}

variable "sns_subscriptions" {
  description = "Subscriptions to the created topic. Those by email wait until the link in the message is followed."
  type = list(object({
    protocol = string
    endpoint = string
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for s in var.sns_subscriptions : contains(["email", "email-json", "http", "https", "lambda", "sqs", "sms", "application"], s.protocol)])
    error_message = "Choose the protocol of each of sns_subscriptions from application, email, email-json, http, https, lambda, sms and sqs."
  }
}

variable "insights" {
  description = "CloudTrail Insights to switch on: ApiCallRateInsight, ApiErrorRateInsight. Each is charged per event that it analyses."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for insight in var.insights : contains(["ApiCallRateInsight", "ApiErrorRateInsight"], insight)])
    error_message = "Choose insights from \"ApiCallRateInsight\" and \"ApiErrorRateInsight\"."
  }
}

variable "event_selectors" {
  description = "Classic event selectors, at most five. Default: none, with which a trail records all management events, reads and writes."
  type = list(object({
    read_write_type                  = optional(string, "All")
    include_management_events        = optional(bool, true)
    exclude_management_event_sources = optional(set(string), [])
    data_resources = optional(list(object({
      type   = string
      values = list(string)
    })), [])
  }))
  default  = []
  nullable = false

  validation {
    condition     = length(var.event_selectors) <= 5
    error_message = "Give at most five event_selectors; a trail takes no more."
  }

  validation {
    condition     = alltrue([for s in var.event_selectors : contains(["All", "ReadOnly", "WriteOnly"], s.read_write_type)])
    error_message = "Set read_write_type of each of event_selectors to \"All\", \"ReadOnly\" or \"WriteOnly\"."
  }

  validation {
    condition     = alltrue(flatten([for s in var.event_selectors : [for source in s.exclude_management_event_sources : contains(["kms.amazonaws.com", "rdsdata.amazonaws.com"], source)]]))
    error_message = "Exclude only kms.amazonaws.com and rdsdata.amazonaws.com in event_selectors; CloudTrail accepts no other source."
  }

  validation {
    condition     = alltrue(flatten([for s in var.event_selectors : [for r in s.data_resources : contains(["AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table"], r.type)]]))
    error_message = "Classic event_selectors know the data resources AWS::S3::Object, AWS::Lambda::Function and AWS::DynamoDB::Table; use advanced_event_selectors for others."
  }

  validation {
    condition     = alltrue(flatten([for s in var.event_selectors : [for r in s.data_resources : length(r.values) > 0]])) && sum(concat([0], flatten([for s in var.event_selectors : [for r in s.data_resources : length(r.values)]]))) <= 250
    error_message = "Give each data resource of event_selectors at least one value, and at most 250 values in all."
  }

  validation {
    condition     = alltrue([for s in var.event_selectors : s.include_management_events || length(s.data_resources) > 0])
    error_message = "Each of event_selectors must include management events or data_resources, or it would select nothing."
  }
}

variable "advanced_event_selectors" {
  description = "Advanced event selectors, instead of event_selectors. Name the one for management events \"Management events selector\": some auditors look for that name."
  type = list(object({
    name = optional(string)
    field_selectors = list(object({
      field           = string
      equals          = optional(list(string))
      not_equals      = optional(list(string))
      starts_with     = optional(list(string))
      not_starts_with = optional(list(string))
      ends_with       = optional(list(string))
      not_ends_with   = optional(list(string))
    }))
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for s in var.advanced_event_selectors : length([for f in s.field_selectors : f if f.field == "eventCategory" && length(coalesce(f.equals, [])) > 0]) == 1])
    error_message = "Give each of advanced_event_selectors exactly one field selector eventCategory with equals, such as [\"Management\"]."
  }

  validation {
    condition = alltrue(flatten([for s in var.advanced_event_selectors : [for f in s.field_selectors :
      length(concat(coalesce(f.equals, []), coalesce(f.not_equals, []), coalesce(f.starts_with, []), coalesce(f.not_starts_with, []), coalesce(f.ends_with, []), coalesce(f.not_ends_with, []))) > 0
    ]]))
    error_message = "Give each field selector of advanced_event_selectors a value for at least one operator, such as equals."
  }

  validation {
    condition = length(flatten([for s in var.advanced_event_selectors : [for f in s.field_selectors :
      concat(coalesce(f.equals, []), coalesce(f.not_equals, []), coalesce(f.starts_with, []), coalesce(f.not_starts_with, []), coalesce(f.ends_with, []), coalesce(f.not_ends_with, []))
    ]])) <= 500
    error_message = "Give at most 500 values in all advanced_event_selectors together."
  }
}

variable "organization" {
  description = "Record every account of the AWS organization. Needs all features, trusted access for cloudtrail.amazonaws.com, and the management account's credentials."
  type        = bool
  default     = false
  nullable    = false
}

variable "accounts" {
  description = "Ids of other accounts whose trails may deliver to this bucket. Their trails must have this trail's name and home Region."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.accounts : can(regex("^[0-9]{12}$", id))])
    error_message = "Write each of accounts as a string of twelve digits."
  }
}

variable "access_logging" {
  description = "Server access log of the log bucket: \"none\", \"create\" (a bucket of this module), or the name of a bucket that takes it."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.access_logging))
    error_message = "Set access_logging to \"none\", \"create\" or the name of a bucket."
  }
}
