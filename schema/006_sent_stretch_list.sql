-- A quiet source pauses behind each event: many stretches that were over when their batch was stored share a row.

CREATE TABLE sent_stretch_list(
  -- Stretches of sent_stretch that were over when their batch was stored.
  run          INTEGER NOT NULL REFERENCES connector_run,  -- of connector_run
  first_offset INTEGER NOT NULL,  -- of the first of them
  stretches    TEXT NOT NULL,     -- a JSON list of numbers, four for each stretch: first_offset and first_sent_ms as
                                  -- differences to those of the one before (at first: to 0), then last_sent_ms and
                                  -- last_made_ms as differences to first_sent_ms
  PRIMARY KEY (run, first_offset)
) STRICT, WITHOUT ROWID;
