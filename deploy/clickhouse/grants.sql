-- Append-only: who loads may add rows, who asks may read; nobody here may change, delete or drop. The views run with
-- the rights of who made them. Passwords are set by an administrator (ALTER USER … IDENTIFIED …).
CREATE ROLE IF NOT EXISTS history_loader;
GRANT SELECT, INSERT ON cdc.* TO history_loader;
CREATE ROLE IF NOT EXISTS history_reader;
GRANT SELECT ON cdc.* TO history_reader;
