"""deploy/register.sh, which registers the connector in compose.yaml, at a real Connect; and what the loader says of what
comes then."""
import json
import os
import subprocess
import time
import unittest

import holding_truth
import pipeline

SCRIPT = os.path.join(pipeline.DEPLOY, 'register.sh')


class Register(holding_truth.HoldingTest):
    def register(self, **changes):
        path = os.path.join(self.directory, 'connector.json')
        with open(path, 'w') as file:
            json.dump(self.connector(**changes), file, indent=2)
        done = subprocess.run(['sh', SCRIPT, f'http://127.0.0.1:{self.connect.port}', path], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def test_register(self):
        name = pipeline.connector_file()['name']
        code, text = self.register(database_password='oamenn')
        self.assertEqual(code, 1, text)
        self.assertIn(f'the connector {name} is not registered', text)
        self.assertIn('password authentication failed', text)
        self.addCleanup(self.connect.delete, name)
        for _ in range(2):  # it may be there
            self.assertEqual(self.register(), (0, f'the connector {name} runs\n'))
        self.follow('--linger', '20')
        self.wait_for(len(self.table()), pipeline.READ)
        self.assertEqual(self.current(), self.table())

    def test_nothing_captured(self):
        """A table.include.list that names another table: the connector runs, and no topic comes. One that names none fails."""
        name = pipeline.connector_file()['name']
        self.addCleanup(self.connect.delete, name)
        code, text = self.register(table_include_list='bank_data.holdings')
        self.assertEqual(code, 1, text)
        self.assertIn('No table filters found for filtered publication', text)
        self.connect.delete(name)
        self.sql('CREATE TABLE bank_data.other (id int)')
        self.assertEqual(self.register(table_include_list='bank_data.other')[0], 0)
        follower = self.follow()
        time.sleep(12)
        code, text = self.stop(follower, 15)
        self.assertEqual(code, 0, text)
        self.assertEqual(text.count('no event for 10 s: no topic matches.'), 1, text)
        self.assertIn('docs/connect.md', text)


if __name__ == '__main__':
    unittest.main()
