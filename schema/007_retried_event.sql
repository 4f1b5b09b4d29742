-- What was rejected can be tried again: what came with it beside key and value is kept, and that it was stored.

ALTER TABLE rejected_event ADD COLUMN timestamp_ms INTEGER
  /* Kafka's timestamp, -1 when unknown; NULL where not all of the event was kept */;
ALTER TABLE rejected_event ADD COLUMN run_id BLOB
  /* its header __debezium.context.runId */;
ALTER TABLE rejected_event ADD COLUMN old_key BLOB
  /* its header __debezium.oldkey */;
ALTER TABLE rejected_event ADD COLUMN new_key BLOB
  /* its header __debezium.newkey */;

CREATE TABLE retried_event(
  -- Events of rejected_event that `cdclite rejected retry` has stored after all.
  rejected_id INTEGER PRIMARY KEY REFERENCES rejected_event,  -- of rejected_event
  batch_id    INTEGER NOT NULL REFERENCES batch               -- the batch that stored it
) STRICT;
