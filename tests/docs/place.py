"""Where the blocks of a page run: a folder with what `cdclite demo` leaves, and a broker that has its events.

  history.db, output_data.txt   of the demo, in the folder that the blocks run in
  events.jsonl                  its events, a bare Debezium value a line
  localhost:9092                librdkafka's mock cluster with the same events in bankserver1.bank_data.holding

The program on the PATH is the one under test behind a script, which puts the mock cluster's address in the place of
localhost:9092 and ends a `load` that would follow the topic for ever when it has caught up (--until-end)."""
import fcntl
import hashlib
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time

BROKER = 'localhost:9092'
TOPIC = 'bankserver1.bank_data.holding'
WRAPPER = '''#!/bin/sh
if [ "$1" = load ]; then
  for word do
    shift
    [ "$word" != %s ] || word=%s
    set -- "$@" "$word"
  done
  case " $* " in *" --input "* | *" -i "* | *" --help "*) ;; *) set -- "$@" --until-end ;; esac
fi
exec %s "$@"
'''


class Broker:
    """mock_recording with the demo's events, under the topic that the pages load."""

    def __init__(self, program, recording, folder):
        self.events = os.path.join(folder, 'events.jsonl')
        moved = os.path.join(folder, 'recording.jsonl')
        with open(recording, encoding='utf-8') as source, open(moved, 'w', encoding='utf-8') as there, \
                open(self.events, 'w', encoding='utf-8') as values:
            for line in source:
                message = json.loads(line)
                message['topic'] = TOPIC
                there.write(json.dumps(message, ensure_ascii=False) + '\n')
                if message['value'] is not None:
                    values.write(message['value'] + '\n')
        self.process = subprocess.Popen([program, moved, TOPIC], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError('the mock cluster did not start')

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


class Place:
    """The folder of one page. `programs`, where not None, is a folder of a virtual environment's programs."""

    def __init__(self, cdclite, broker, programs):
        self.folder, self.broker, self.made = tempfile.mkdtemp(), broker, {}
        bin_folder = os.path.join(self.folder, '.programs')
        os.mkdir(bin_folder)
        wrapper = os.path.join(bin_folder, 'cdclite')
        with open(wrapper, 'w', encoding='utf-8') as script:
            script.write(WRAPPER % (BROKER, broker.address, cdclite))
        os.chmod(wrapper, 0o755)
        path = [bin_folder] + ([programs] if programs else []) + [os.environ['PATH']]
        own = {name: value for name, value in os.environ.items() if not name.startswith('CDCLITE_') and name != 'COLUMNS'}
        self.surroundings = {**own, 'PATH': os.pathsep.join(path), 'HOME': self.folder, 'TERM': 'xterm', 'NO_COLOR': '1',
                             'LC_ALL': 'C.UTF-8'}
        subprocess.run([cdclite, 'demo'], cwd=self.folder, env=self.surroundings, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        self.demo = os.path.join(self.folder, 'cdclite-demo')
        shutil.copy(broker.events, self.demo)

    def close(self):
        shutil.rmtree(self.folder)

    def content(self):
        with open(os.path.join(self.demo, 'history.db'), 'rb') as file:
            return hashlib.sha256(file.read()).hexdigest()

    def folder_of(self, name):
        """The demo's folder, or one that is empty but for the events when it is first named."""
        if name is None:
            return self.demo
        if name not in self.made:
            self.made[name] = os.path.join(self.folder, name)
            os.makedirs(self.made[name])
            shutil.copy(self.broker.events, self.made[name])
        return self.made[name]

    def keep(self, name, folder, text):
        path = os.path.join(self.folder_of(folder), name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text.replace(BROKER, self.broker.address))
        os.chmod(path, 0o600)

    def run(self, words, folder=None, text=''):
        """What is printed; and what went wrong, or None."""
        done = subprocess.run(words, cwd=self.folder_of(folder), env=self.surroundings, input=text, capture_output=True,
                              text=True, timeout=300)
        failure = f'exit code {done.returncode}: {done.stderr}' if done.returncode else None
        return '\n'.join(line.rstrip() for line in done.stdout.rstrip('\n').split('\n')) + '\n', failure

    def at_terminal(self, command, folder=None, until=None, seconds=60):
        """The same of a command at a terminal of 120 columns; with `until` it is ended when it has shown that."""
        here = self.folder_of(folder)
        child, terminal = pty.fork()
        if child == 0:
            try:
                os.chdir(here)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 120, 0, 0))
                os.execve('/bin/sh', ['sh', '-c', command], self.surroundings)
            finally:
                os._exit(127)
        shown, end, failure = b'', time.monotonic() + seconds, f'nothing more within {seconds} s'
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            try:
                got = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                got = b''
            shown += got
            if not got or until and until in shown.decode(errors='replace'):
                failure = None
                break
        if until or failure:
            os.kill(child, signal.SIGTERM)
        status = os.waitpid(child, 0)[1]
        os.close(terminal)
        if not until and not failure and status:
            failure = f'exit code {os.waitstatus_to_exitcode(status)}'
        lines = shown.decode(errors='replace').replace('\r\n', '\n').rstrip('\n').split('\n')
        return '\n'.join(line.rstrip() for line in lines) + '\n', failure
