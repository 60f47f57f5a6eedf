SELECT log_file,
       log_file_sha256,
       count(*)        AS events,
       min(event_time) AS first_event,
       max(event_time) AS last_event
FROM events
WHERE verified_at IS NULL
GROUP BY ALL
ORDER BY events DESC, log_file
