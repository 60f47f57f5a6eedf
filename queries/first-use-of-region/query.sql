SELECT account_id,
       aws_region,
       min(event_time) AS first_use,
       arg_min(principal, (event_time, event_id)) AS principal,
       arg_min(event_name, (event_time, event_id)) AS first_event,
       count(*) AS events
FROM events
WHERE aws_region IS NOT NULL
GROUP BY account_id, aws_region
HAVING min(event_time) >= $since AND min(event_time) < $until
ORDER BY first_use DESC, account_id, aws_region
