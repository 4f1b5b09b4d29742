"""A session at psql, statement by statement, up to the answers."""
import time
import unittest

import holding_truth
import pipeline

SESSION = r"""
INSERT INTO bank_data.holding VALUES (1004, 2, 'VFIAX', 10, now(), now());
INSERT INTO bank_data.holding VALUES (1005, 2, 'SP500', 1, now(), now()), (1006, 3, 'SP500', 1, now(), now());
UPDATE bank_data.holding SET holding_quantity = 100 WHERE holding_id = 1000;
UPDATE bank_data.holding SET holding_stock = 'AFM' WHERE holding_id = 1000;
UPDATE bank_data.holding SET holding_stock = 'TSLA', holding_quantity = 7 WHERE holding_id = 1005;
UPDATE bank_data.holding SET holding_quantity = holding_quantity - 5, datetime_updated = now() WHERE holding_id = 1001;
UPDATE bank_data.holding SET holding_stock = holding_stock WHERE holding_id = 1001;
UPDATE bank_data.holding SET user_id = 9 WHERE holding_id = 1003;
UPDATE bank_data.holding SET holding_quantity = holding_quantity + 1;
UPDATE bank_data.holding SET holding_stock = NULL WHERE holding_id = 1006;
DELETE FROM bank_data.holding WHERE holding_id = 1002;
BEGIN; DELETE FROM bank_data.holding; ROLLBACK;
BEGIN; DELETE FROM bank_data.holding WHERE user_id = 9; INSERT INTO bank_data.holding VALUES (1003, 9, 'B', 2); COMMIT;
INSERT INTO bank_data.holding VALUES (NULL, NULL, NULL, NULL, NULL, NULL), (1007, 4, '', 0, '1999-12-31', 'epoch');
UPDATE bank_data.holding SET holding_stock = E'a,"b"\n\\' WHERE holding_id = 1007;
DELETE FROM bank_data.holding WHERE holding_id IS NULL;
TRUNCATE bank_data.holding;
INSERT INTO bank_data.holding VALUES (1008, 5, 'Ω 😀', 2147483647, now(), now());
UPDATE bank_data.holding SET holding_quantity = -2147483648 WHERE holding_id = 1008;
"""


class SeedSession(holding_truth.HoldingTest):
    def test_seed_session(self):
        self.capture_as('bankserver1')
        began = time.monotonic()
        before = self.table()
        self.start_capture()
        follower = self.follow('--linger', '20')
        self.wait_for(len(before), pipeline.READ)
        print(f'{time.monotonic() - began:.1f} s from the connector to the first events')
        self.assertEqual(self.current(), before)
        statements = SESSION.strip().splitlines()
        slowest = 0
        for statement in statements:
            began = time.monotonic()
            self.sql(statement)
            self.wait_for(len(self.audit()))
            slowest = max(slowest, time.monotonic() - began)
            self.check_all()
        changes = self.check_all()
        code, text = self.stop(follower, 15)
        self.assertEqual(code, 0, text)
        print(f'{len(statements)} statements, {changes} changes: equal after each, at the latest {slowest:.1f} s after')


if __name__ == '__main__':
    unittest.main()
