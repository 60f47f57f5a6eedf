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

variable "create_recorder" {
  description = "Create a configuration recorder with its delivery channel and bucket. Set false if the Region has one, because a Region can have only one: then only the rules are created."
  type        = bool
  default     = true
  nullable    = false
}

variable "create_service_linked_role" {
  description = "Create the role AWSServiceRoleForConfig for the recorder. Set false if the account has it, because an account can have only one."
  type        = bool
  default     = true
  nullable    = false
}

variable "retention_days" {
  description = "Days for which the created bucket keeps configuration snapshots and histories."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 36500 && floor(var.retention_days) == var.retention_days
    error_message = "Set retention_days to a whole number of days from 1 to 36500."
  }
}

variable "force_destroy" {
  description = "Let terraform destroy delete the created bucket with its content."
  type        = bool
  default     = false
  nullable    = false
}

variable "rules" {
  description = "Rules by name: identifier of an AWS managed rule, input_parameters, maximum_execution_frequency. Default: the trail is on, in all Regions, validated, and reaches CloudWatch Logs."
  type = map(object({
    identifier                  = string
    input_parameters            = optional(map(string), {})
    maximum_execution_frequency = optional(string)
  }))
  default = {
    "cloudtrail-enabled"                     = { identifier = "CLOUD_TRAIL_ENABLED" }
    "multi-region-cloudtrail-enabled"        = { identifier = "MULTI_REGION_CLOUD_TRAIL_ENABLED", input_parameters = { readWriteType = "ALL", includeManagementEvents = "true" } }
    "cloudtrail-log-file-validation-enabled" = { identifier = "CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED" }
    "cloudtrail-cloud-watch-logs-enabled"    = { identifier = "CLOUD_TRAIL_CLOUD_WATCH_LOGS_ENABLED" }
  }
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.rules) : length(name) <= 128])
    error_message = "Shorten the names of rules to 128 characters."
  }

  validation {
    condition     = alltrue([for rule in values(var.rules) : can(regex("^[A-Z0-9_]+$", rule.identifier))])
    error_message = "Write identifiers of rules as AWS does, such as CLOUD_TRAIL_ENABLED. They differ from the names in the console."
  }

  validation {
    condition     = alltrue([for rule in values(var.rules) : contains(["One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"], coalesce(rule.maximum_execution_frequency, "One_Hour"))])
    error_message = "Set maximum_execution_frequency of rules to One_Hour, Three_Hours, Six_Hours, Twelve_Hours or TwentyFour_Hours."
  }
}

variable "tags" {
  description = "Tags for every resource."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.tags : !startswith(lower(key), "aws:") && length(key) <= 128 && length(value) <= 256])
    error_message = "Rename the tags that start with \"aws:\", which AWS reserves; keys have at most 128 characters, values 256."
  }
}
