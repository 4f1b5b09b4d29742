-- The views that only the tutorial's holding has.

-- One row a sale: see schema/holding_views.sql, which says what a sale is.
CREATE OR REPLACE VIEW holding_sale_events AS
SELECT change_id, changed_at,
       if(op = 'u', after_datetime_updated, before_datetime_updated) AS row_updated_at,
       before_user_id AS user_id, before_holding_id AS holding_id, assumeNotNull(before_holding_stock) AS stock,
       assumeNotNull(if(op = 'u' AND before_holding_stock IS NOT DISTINCT FROM after_holding_stock,
                        before_holding_quantity - after_holding_quantity, before_holding_quantity)) AS units,
       multiIf(op = 'd', 'closed',
               before_holding_stock IS DISTINCT FROM after_holding_stock, 'switched', 'reduced') AS reason,
       after_holding_stock
FROM holding_history
WHERE op IN ('u', 'd') AND before_holding_stock IS NOT NULL
  AND ifNull(if(op = 'u' AND before_holding_stock IS NOT DISTINCT FROM after_holding_stock,
                before_holding_quantity - after_holding_quantity, before_holding_quantity), 0) > 0;

CREATE OR REPLACE VIEW holding_sales AS
SELECT cdc_instant(changed_at) AS sold_at, user_id, holding_id, stock, units, reason
FROM holding_sale_events;
