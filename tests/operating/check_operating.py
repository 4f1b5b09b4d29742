"""What whoever keeps a loader running needs: its log as JSON, `status --watch`, `rejected`, and `backup` while events
are being loaded."""
import calendar
import fcntl
import hashlib
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import time

import common
from common import FAILURE, OperatingTest, STORAGE, USAGE, event

LARGE = 15000  # events of 4,000 bytes, 60 MB
TIME = re.compile(r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$')


class Log(OperatingTest):
    def lines(self, said):
        """Each an object of these members, no more and no less."""
        lines = [json.loads(line) for line in said.decode('utf-8').splitlines()]
        for line in lines:
            self.assertEqual(list(line), ['time', 'level', 'message'])
            self.assertRegex(line['time'], TIME)
        return lines

    def test_the_same_is_said_as_in_text(self):
        given = event(1) + b'{"op":"x"}\n' + b'no JSON\n'
        said = {}
        for words in ([], ['--quiet'], ['--verbose']):
            for form in ('text', 'json'):
                done = self.succeeds('load', '--input', '-', '--no-text', '--log-format', form, *words, '--db',
                                     f'{form}{len(words)}{words}.db', stdin=given)
                said[form] = done.stderr
            prefix = {'error': '', 'info': '', 'debug': '', 'warning': 'warning: '}
            text = ''.join(f'cdclite: {prefix[line["level"]]}{line["message"]}\n' for line in self.lines(said['json']))
            self.assertEqual(text.replace('json', 'text'), said['text'].decode())
            levels = {line['level'] for line in self.lines(said['json'])}
            self.assertEqual('info' in levels, words != ['--quiet'])
            self.assertIn('warning', levels)

    def test_times_are_utc_now(self):
        before = time.time()
        environment = dict(os.environ, TZ='Asia/Tokyo')
        done = subprocess.run([common.given.cdclite, 'load', '--input', '-', '--log-format=json'], input=event(1),
                              cwd=self.place.folder.name, stderr=subprocess.PIPE, env=environment, check=True)
        for line in self.lines(done.stderr):
            said = calendar.timegm(time.strptime(line['time'][:19], '%Y-%m-%dT%H:%M:%S'))
            self.assertTrue(before - 1 <= said <= time.time())

    def test_errors_and_exit_codes(self):
        for code, words in ((3, ['load', '--input', 'nowhere']), (STORAGE, ['status', '--db', 'no.db']),
                            (USAGE, ['query', 'nonsense'])):
            done = self.place.run('--log-format', 'json', *words)
            self.assertEqual((done.returncode, [line['level'] for line in self.lines(done.stderr)]), (code, ['error']))
        self.assertEqual(self.lines(self.place.run('--log-format', 'json', '--nonsense').stderr)[0]['level'], 'error')
        self.fails(USAGE, 'status', '--log-format', 'yaml', says=['yaml', 'text or json'])

    def test_any_bytes_are_json_and_utf_8(self):
        name = b'quote " back \\ line\nfeed \x1b[31m \x7f \xff \xc3( \xe2\x80\xae \xc3\xb6 <' + b'\xc3\xb6' * 100
        done = subprocess.run([common.given.cdclite.encode(), b'load', b'--log-format', b'json', b'--input', name],
                              cwd=self.place.folder.name, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        (line,) = self.lines(done.stderr)
        self.assertIn(name.decode('utf-8', 'replace')[:60], line['message'])
        self.assertNotIn(b'\x1b', done.stderr)
        self.assertNotIn(b'\x7f', done.stderr)
        self.assertNotIn('\u202e'.encode(), done.stderr)

    def test_no_progress_is_drawn_on_a_terminal(self):
        leader, follower = pty.openpty()
        self.place.write('events.jsonl', b''.join(event(number) for number in range(150000)))
        for words in (['load', '--input', 'events.jsonl'], ['verify']):
            done = subprocess.Popen([common.given.cdclite, *words, '--log-format', 'json'], cwd=self.place.folder.name,
                                    stdout=subprocess.DEVNULL, stderr=follower)
            self.assertEqual(done.wait(60), 0)
        os.close(follower)
        said = b''
        try:
            while True:
                said += os.read(leader, 65536)
        except OSError:
            os.close(leader)
        self.lines(said.replace(b'\r\n', b'\n'))
        self.assertNotIn(b'\x1b', said)


class Watch(OperatingTest):
    def watch(self, *words, **more):
        watching = subprocess.Popen([common.given.cdclite, 'status', '--watch', *words], cwd=self.place.folder.name,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        self.addCleanup(watching.stderr.close)
        self.addCleanup(watching.stdout.close)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.kill)
        return watching

    def test_follows_a_load(self):
        loading = self.begin()
        loading.give(event(1))
        self.until(lambda: self.changes() == 1, 'it is loaded')
        watching = self.watch('1', '--format', 'json')
        began = time.monotonic()
        self.assertEqual(json.loads(watching.stdout.readline())['changes'], 1)
        loading.give(event(2), event(3))
        self.until(lambda: json.loads(watching.stdout.readline())['changes'] == 3, 'it is shown')
        self.assertGreater(time.monotonic() - began, 0.9)
        self.assertEqual(loading.end()[0], 0)
        watching.send_signal(signal.SIGINT)
        self.assertEqual(watching.wait(30), -signal.SIGINT)

    def test_text(self):
        self.succeeds('load', '--input', '-', stdin=event(1))
        once = self.succeeds('status').stdout.decode()
        watching = self.watch('1')
        shown = ''.join(watching.stdout.readline().decode() for _ in range(2 * once.count('\n') + 1))
        self.assertEqual(shown, once + '\n' + once)

    def test_every_two_seconds(self):
        self.succeeds('load', '--input', '-', stdin=event(1))
        watching = self.watch('--format', 'json')
        watching.stdout.readline()
        began = time.monotonic()
        watching.stdout.readline()
        self.assertTrue(1.8 < time.monotonic() - began < 20)

    def test_a_terminal_is_cleared(self):
        self.succeeds('load', '--input', '-', stdin=event(1))
        leader, follower = pty.openpty()
        watching = subprocess.Popen([common.given.cdclite, 'status', '--watch', '1'], cwd=self.place.folder.name,
                                    stdout=follower, stderr=subprocess.DEVNULL)
        shown = b''
        self.addCleanup(watching.wait)
        self.addCleanup(watching.kill)
        while shown.count(b'next offset') < 2:
            shown += os.read(leader, 65536)
        self.assertEqual(shown.count(b'\x1b[H\x1b[2J'), 2)
        self.assertTrue(shown.startswith(b'\x1b[H\x1b[2J' + self.place.db.encode()), shown[:80])
        os.close(leader)
        os.close(follower)

    def test_it_ends(self):
        self.fails(STORAGE, 'status', '--watch', says=['no such file'])
        self.succeeds('load', '--input', '-', stdin=event(1))
        watching = self.watch('1', '--format', 'json')
        watching.stdout.readline()
        watching.stdout.close()
        self.assertEqual(watching.wait(30), -signal.SIGPIPE)
        watching = self.watch('1', '--format', 'json')
        watching.stdout.readline()
        os.rename(self.place.db, self.place.path('away.db'))
        self.assertEqual(watching.wait(30), STORAGE)
        self.assertIn(b'no such file', watching.stderr.read())

    def test_usage(self):
        for words in (['0'], ['x'], ['1.5'], ['-1'], ['86401'], ['1', '2'], ['9' * 30]):
            self.fails(USAGE, 'status', '--watch', *words)
        self.fails(USAGE, 'status', '5', says=["'5'"])
        self.fails(USAGE, 'load', '--watch', says=['no option'])


class Rejected(OperatingTest):
    BAD = [b'{"op":"x"}', b'{"op":"c","after":', b'{"op":"u","source":{"name":"\x1b[31m\xff"}}',
           b'{"op":"c","pad":"' + b'x' * 5000 + b'"}']

    def setUp(self):
        super().setUp()
        lines = [event(1), self.BAD[0] + b'\n', event(2), *(bad + b'\n' for bad in self.BAD[1:])]
        self.place.write('events.jsonl', b''.join(lines))
        self.offsets = [sum(map(len, lines[:at])) for at in (1, 3, 4, 5)]
        self.before = time.time()
        self.succeeds('load', '--input', 'events.jsonl', '--max-event-bytes', '4096')

    def test_list(self):
        rows = json.loads(self.succeeds('rejected', 'list', '--format', 'json').stdout)
        self.assertEqual([(row['id'], row['topic'], row['partition'], row['offset'], row['bytes']) for row in rows],
                         [(i + 1, 'file:' + self.place.path('events.jsonl'), 0, self.offsets[i], len(bad))
                          for i, bad in enumerate(self.BAD)])
        for row, reason in zip(rows, ('op is none of', 'JSON', '', 'larger than --max-event-bytes')):
            self.assertIn(reason, row['reason'])
            self.assertRegex(row['rejected_at'], TIME)
            self.assertEqual(row['rejected_at'][:10], time.strftime('%Y-%m-%d', time.gmtime(self.before)))
        csv = self.succeeds('rejected', 'list').stdout.decode().splitlines()
        self.assertEqual(csv[0], 'id,rejected_at,topic,partition,offset,bytes,reason')
        self.assertEqual(len(csv), 1 + len(self.BAD))

    def test_show(self):
        for number, bad in enumerate(self.BAD[:3], 1):
            done = self.succeeds('rejected', 'show', str(number))
            self.assertEqual(done.stdout, bad)
            self.assertIn(f'partition 0, offset {self.offsets[number - 1]}: ', done.stderr.decode())
        self.assertEqual(self.succeeds('rejected', 'show', '1', '--quiet').stderr, b'')

    def test_show_of_one_that_was_cut(self):
        done = self.succeeds('rejected', 'show', '4')
        self.assertEqual(done.stdout, self.BAD[3][:1024])
        self.assertIn(f'1024 of its {len(self.BAD[3])} bytes', done.stderr.decode())

    def test_of_a_terminal(self):
        leader, follower = pty.openpty()
        subprocess.run([common.given.cdclite, 'rejected', 'show', '3'], cwd=self.place.folder.name, stdout=follower,
                       stderr=subprocess.DEVNULL, check=True)
        os.close(follower)
        shown = os.read(leader, 65536)
        os.close(leader)
        self.assertIn(rb'\x1b[31m', shown)
        self.assertNotIn(b'\x1b', shown)

    def test_nothing_is_written(self):
        before = self.place.content()
        self.succeeds('rejected', 'list')
        self.succeeds('rejected', 'show', '1')
        self.assertEqual(self.place.content(), before)

    def test_usage(self):
        for words in ([], ['show'], ['show', 'x'], ['show', '0'], ['show', '99'], ['show', '1', '2'], ['list', '1'],
                      ['show', '1', '--format', 'json'], ['list', '--format', 'yaml'], ['show', '9' * 30]):
            self.fails(USAGE, 'rejected', *words)
        self.fails(STORAGE, 'rejected', 'list', '--db', 'no.db', says=['no such file'])
        with open('/dev/full', 'wb') as full:
            for words in (['list'], ['show', '1']):
                done = subprocess.run([common.given.cdclite, 'rejected', *words], cwd=self.place.folder.name, stdout=full,
                                      stderr=subprocess.DEVNULL, check=False)
                self.assertEqual(done.returncode, FAILURE, words)


class Backup(OperatingTest):
    def holds(self, name):
        """The numbers of the events in a copy, which is whole."""
        self.succeeds('verify', '--db', name, *(['--no-text'] if name != 'history.db' else []))
        with sqlite3.connect(f'file:{self.place.path(name)}?mode=ro', uri=True) as copy:
            self.assertEqual(copy.execute('PRAGMA integrity_check').fetchone(), ('ok',))
            return [number for number, in copy.execute('SELECT after_holding_id FROM holding_history ORDER BY change_id')]

    def test_while_events_are_loaded(self):
        loading = self.begin('--quiet')
        loading.give(event(0))
        self.until(lambda: self.changes() == 1, 'it is loaded')
        given, copies = 1, []
        for number in range(6):
            least = self.changes()
            begun = subprocess.Popen([common.given.cdclite, 'backup', f'copy{number}.db'], cwd=self.place.folder.name,
                                     stderr=subprocess.PIPE)
            while begun.poll() is None:
                loading.give(*(event(given + i) for i in range(1000)))
                given += 1000
            self.assertEqual((begun.returncode, begun.stderr.read().count(b'\n')), (0, 1))
            begun.stderr.close()
            copies.append((least, given))
        self.assertEqual(loading.end(), (0, ''))
        for number, (least, most) in enumerate(copies):
            held = self.holds(f'copy{number}.db')
            self.assertEqual(held, list(range(len(held))))
            self.assertTrue(least <= len(held) <= most, (least, len(held), most))
        self.assertEqual(self.holds('history.db'), list(range(given)))

    def stopped_amid(self):
        """A backup, stopped when it has written some of a history that is large."""
        part = self.place.path('copy.db.part')
        all_of_it = self.place.rows('SELECT page_count * page_size FROM pragma_page_count, pragma_page_size')[0][0]
        for _ in range(50):
            begun = subprocess.Popen([common.given.cdclite, 'backup', 'copy.db'], cwd=self.place.folder.name,
                                     stderr=subprocess.PIPE)
            self.addCleanup(begun.stderr.close)
            self.addCleanup(begun.wait)
            self.addCleanup(begun.kill)
            while begun.poll() is None and not (os.path.exists(part) and os.path.getsize(part) > 1 << 20):
                time.sleep(0.0005)
            begun.send_signal(signal.SIGSTOP)
            time.sleep(0.05)
            if os.path.exists(part) and os.path.getsize(part) < all_of_it // 2:
                return begun
            begun.kill()
            begun.wait()
            if os.path.exists(self.place.path('copy.db')):
                os.unlink(self.place.path('copy.db'))
        return self.fail('it was never met amid the copy')

    def large(self):
        loading = self.begin('--quiet', '--no-text')
        loading.give(*(event(i, stock='A' * 4000) for i in range(LARGE)))
        self.until(lambda: self.changes() == LARGE, 'it is loaded')
        return loading

    def test_of_the_moment_when_it_began(self):
        """What is committed amid the copy does not make it begin anew."""
        loading = self.large()
        begun = self.stopped_amid()
        loading.give(event(LARGE))
        self.until(lambda: self.changes() == LARGE + 1, 'it is loaded')
        begun.send_signal(signal.SIGCONT)
        self.assertEqual(begun.wait(60), 0)
        self.assertEqual(len(self.holds('copy.db')), LARGE)
        self.assertEqual(loading.end(), (0, ''))

    def test_what_comes_there_meanwhile_stays(self):
        loading = self.large()
        begun = self.stopped_amid()
        self.place.write('copy.db', b'of another')
        begun.send_signal(signal.SIGCONT)
        self.assertEqual(begun.wait(60), STORAGE)
        self.assertIn(b'is there already', begun.stderr.read())
        with open(self.place.path('copy.db'), 'rb') as file:
            self.assertEqual(file.read(), b'of another')
        self.assertFalse(os.path.exists(self.place.path('copy.db.part')))
        self.assertEqual(loading.end(), (0, ''))

    def test_the_same_rows_and_nothing_beside(self):
        self.succeeds('load', '--input', '-', stdin=b''.join(event(i) for i in range(500)) + b'{"op":"x"}\n')
        os.chmod(self.place.db, 0o600)
        beside = set(os.listdir(self.place.folder.name))
        held = {}
        done = self.succeeds('backup', 'copy.db')
        self.assertEqual(done.stdout, b'')
        self.assertIn('copy.db: {:,} bytes'.format(os.path.getsize(self.place.path('copy.db'))), done.stderr.decode())
        self.assertEqual(set(os.listdir(self.place.folder.name)) - beside - {'history.db-wal', 'history.db-shm'},
                         {'copy.db'})
        self.assertEqual(os.stat(self.place.path('copy.db')).st_mode & 0o777, 0o600)
        for name in ('history.db', 'copy.db'):
            with sqlite3.connect(f'file:{self.place.path(name)}?mode=ro', uri=True) as database:
                held[name] = list(database.iterdump())
        self.assertGreater(len(held['copy.db']), 500)
        self.assertEqual(held['copy.db'], held['history.db'])

    def test_the_history_is_only_read(self):
        loading = self.begin('--quiet')
        loading.give(*(event(i) for i in range(3000)))
        self.until(lambda: self.changes() == 3000, 'it is loaded')
        time.sleep(0.5)

        def digests():
            digests = []
            for suffix in ('', '-wal'):
                with open(self.place.db + suffix, 'rb') as file:
                    digests.append(hashlib.sha256(file.read()).digest())
            return digests
        before = digests()
        self.succeeds('backup', 'copy.db')
        self.assertEqual(digests(), before)
        self.assertEqual(self.holds('copy.db'), list(range(3000)))
        self.assertEqual(loading.end(), (0, ''))

    def test_a_copy_goes_on_where_the_history_was(self):
        self.place.write('events.jsonl', b''.join(event(i) for i in range(100)))
        self.succeeds('load', '--input', 'events.jsonl', '--no-text')
        self.succeeds('backup', 'copy.db')
        with open(self.place.path('events.jsonl'), 'ab') as file:
            file.write(event(100))
        self.succeeds('load', '--input', 'events.jsonl', '--no-text', '--db', 'copy.db')
        self.assertEqual(self.holds('copy.db'), list(range(101)))

    def test_it_takes_the_history_s_place(self):
        """What came behind it is loaded again, and the text log goes on."""
        self.place.write('events.jsonl', b''.join(event(i) for i in range(100)))
        self.succeeds('load', '--input', 'events.jsonl')
        self.succeeds('backup', 'copy.db')
        with open(self.place.path('events.jsonl'), 'ab') as file:
            file.write(b''.join(event(i) for i in range(100, 150)))
        self.succeeds('load', '--input', 'events.jsonl')
        os.rename(self.place.path('copy.db'), self.place.db)
        self.succeeds('load', '--input', 'events.jsonl')
        self.assertEqual(self.holds('history.db'), list(range(150)))
        numbers = [line.split(',')[0] for line in self.place.text_bytes().decode().splitlines()[1:]]
        self.assertEqual(numbers, [str(i) for i in range(150) for _ in range(2)])

    def test_what_is_there_stays(self):
        self.succeeds('load', '--input', '-', stdin=event(1))
        self.place.write('file', b'of mine')
        os.symlink('nowhere', self.place.path('link'))
        os.mkdir(self.place.path('folder'))
        for name in ('file', 'link', 'folder', 'history.db'):
            self.fails(STORAGE, 'backup', name, says=['is there already'])
        self.fails(STORAGE, 'backup', 'nowhere/copy.db', says=['No such file'])
        self.fails(USAGE, 'backup')
        self.fails(USAGE, 'backup', 'a', 'b')
        self.fails(STORAGE, 'backup', 'copy.db', '--db', 'no.db', says=['no such file'])
        with open(self.place.path('file'), 'rb') as file:
            self.assertEqual(file.read(), b'of mine')

    def test_a_full_disk(self):
        self.succeeds('load', '--input', '-', stdin=b''.join(event(i) for i in range(20000)))
        disk = self.small_disk('1m')
        self.assertGreater(os.path.getsize(self.place.db), 1 << 20)
        done = self.place.run('backup', 'disk/copy.db')
        self.assertEqual((done.returncode, os.listdir(disk)), (STORAGE, []))
        self.assertRegex(done.stderr.decode(), r'^cdclite: .*copy\.db.*: .*(full|No space).*\n$')

    def test_killed(self):
        """Whenever: the file is whole or not there; the next backup does not mind what was left."""
        self.succeeds('load', '--input', '-', stdin=b''.join(event(i) for i in range(100000)))
        unfinished = 0
        for number in range(20):
            begun = subprocess.Popen([common.given.cdclite, 'backup', 'copy.db', '--quiet'], cwd=self.place.folder.name)
            while begun.poll() is None and not os.path.exists(self.place.path('copy.db.part')):
                time.sleep(0.0005)
            time.sleep(0.001 * number)
            begun.kill()
            begun.wait()
            if os.path.exists(self.place.path('copy.db')):
                self.assertEqual(len(self.holds('copy.db')), 100000)
                os.unlink(self.place.path('copy.db'))
            elif os.path.exists(self.place.path('copy.db.part')):
                unfinished += 1
        self.assertGreater(unfinished, 0)
        self.place.write('copy.db.part', b'\xff' * (40 << 20))
        self.succeeds('backup', 'copy.db')
        self.assertEqual(len(self.holds('copy.db')), 100000)
        self.assertEqual([name for name in os.listdir(self.place.folder.name) if 'part' in name], [])

    def test_killed_between_its_last_steps(self):
        """Then both names are of the whole copy, which may have been moved since."""
        self.succeeds('load', '--input', '-', stdin=event(1))
        self.succeeds('backup', 'old.db')
        os.link(self.place.path('old.db'), self.place.path('copy.db.part'))
        self.succeeds('load', '--input', '-', stdin=event(2))
        self.succeeds('backup', 'copy.db')
        self.assertEqual((self.holds('old.db'), self.holds('copy.db')), ([1], [1, 2]))
        self.assertFalse(os.path.exists(self.place.path('copy.db.part')))

    def test_two_of_one_name(self):
        self.succeeds('load', '--input', '-', stdin=event(1))
        with open(self.place.path('copy.db.part'), 'wb') as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            self.fails(STORAGE, 'backup', 'copy.db', says=['another cdclite'])
        self.succeeds('backup', 'copy.db')


if __name__ == '__main__':
    common.main('__main__')
