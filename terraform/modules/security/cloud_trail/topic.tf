# The topic is not encrypted: a message contains only a bucket and keys, and a KMS key
# would have to allow every subscriber.

resource "aws_sns_topic" "notifications" {
  count = local.create_topic ? 1 : 0

  name = local.topic_name
  tags = local.tags
}

resource "aws_sns_topic_policy" "notifications" {
  count = local.create_topic ? 1 : 0

  arn    = aws_sns_topic.notifications[0].arn
  policy = jsonencode(local.topic_policy)
}

resource "aws_sns_topic_subscription" "notifications" {
  for_each = local.create_topic ? { for s in var.sns_subscriptions : "${s.protocol}:${s.endpoint}" => s } : {}

  topic_arn = aws_sns_topic.notifications[0].arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}
