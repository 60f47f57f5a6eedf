SELECT principal,
       count(*) AS reads,
       count(DISTINCT secret) AS different_secrets,
       list_sort(list(DISTINCT secret))[:10] AS secrets,
       count(*) FILTER (WHERE failed) AS errors,
       list_sort(list(DISTINCT source_ip_address)) AS addresses,
       min(event_time) AS first_read,
       max(event_time) AS last_read
FROM (
  SELECT *,
         coalesce(request_parameters->>'$.secretId', request_parameters->>'$.name', request_parameters->>'$.names', request_parameters->>'$.path') AS secret
  FROM events
  WHERE (event_source = 'secretsmanager.amazonaws.com' AND event_name IN ('GetSecretValue', 'BatchGetSecretValue'))
     OR (event_source = 'ssm.amazonaws.com' AND event_name IN ('GetParameter', 'GetParameters', 'GetParametersByPath')
         AND (request_parameters->>'$.withDecryption') = 'true')
)
GROUP BY principal
ORDER BY reads DESC, principal
