-- What tells runs of the connector apart where events of one table are spread over partitions and have no header for it,
-- and which of them may have gone on amid rows that share their position.

ALTER TABLE connector_run ADD COLUMN resumes INTEGER NOT NULL DEFAULT 0
  /* 1: at the position where the run before ended */;

CREATE TABLE sent_stretch(
  -- A run's events of one partition that were sent without a pause. A run never reaches beyond the pause that a crash
  -- makes, so an event that comes again in a stretch apart from its first one is a re-delivery. Only without the header.
  run           INTEGER NOT NULL REFERENCES connector_run,  -- of connector_run
  first_offset  INTEGER NOT NULL,  -- of its first event
  first_sent_ms INTEGER NOT NULL,  -- Kafka's timestamp of its first event,
  last_sent_ms  INTEGER NOT NULL,  -- and of its last one so far,
  last_made_ms  INTEGER NOT NULL,  -- and when Debezium made that (its ts_ms)
  PRIMARY KEY (run, first_offset)
) STRICT, WITHOUT ROWID;
