WITH hours AS (
  SELECT account_id,
         date_trunc('hour', event_time) AS hour,
         count(*) AS calls,
         count(*) FILTER (WHERE failed) AS errors,
         mode(coalesce(error_code, error_message)) AS most_common_error
  FROM events
  GROUP BY account_id, hour
)
SELECT hour,
       account_id,
       calls,
       errors,
       median_errors,
       most_common_error
FROM (SELECT *, median(errors) OVER (PARTITION BY account_id) AS median_errors FROM hours)
WHERE errors >= $least
  AND errors >= $factor * median_errors
ORDER BY hour DESC, account_id
