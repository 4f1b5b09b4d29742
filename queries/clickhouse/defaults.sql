-- Every parameter of the queries here, unset: ClickHouse wants each to be given. Set yours after these.
SET param_at = '\\N';
SET param_from = '\\N';
SET param_holding = '\\N';
SET param_key = '\\N';
SET param_limit = '\\N';
SET param_period = '\\N';
SET param_reason = '\\N';
SET param_stock = '\\N';
SET param_time = '\\N';
SET param_to = '\\N';
SET param_user = '\\N';
