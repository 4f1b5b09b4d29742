-- Columns that the table has not had, before the views are made anew. Nothing reads Kafka meanwhile: --queue begins again.
DROP VIEW IF EXISTS {T_take};
DROP VIEW IF EXISTS {T_decode};
DROP VIEW IF EXISTS {T_store};
DROP VIEW IF EXISTS {T_reject};
DROP TABLE IF EXISTS {T_decoded};
ALTER TABLE {arrived_here}{on_cluster} {each ADD COLUMN IF NOT EXISTS {before} {type} CODEC(ZSTD)},
  {each ADD COLUMN IF NOT EXISTS {after} {type} CODEC(ZSTD)};
{if cluster}
ALTER TABLE {T_arrived}{on_cluster} {each ADD COLUMN IF NOT EXISTS {before} {type}},
  {each ADD COLUMN IF NOT EXISTS {after} {type}};
{end}
