"""A real PostgreSQL with logical decoding on 127.0.0.1: a cluster of its own, gone with the test whatever happens."""
import functools
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

import broker

START_SECONDS = 30
OWNER = 'postgres'  # who runs it where the test is root, as whom PostgreSQL does not start

SETTINGS = {
    'listen_addresses': '127.0.0.1',
    'wal_level': 'logical',
    'max_replication_slots': 20,
    'max_wal_senders': 20,
    'track_commit_timestamp': 'on',  # the tests' truth about when a transaction was committed
    'timezone': 'UTC',
    'shared_buffers': '64MB',
    'deadlock_timeout': '200ms',
}


class Missing(Exception):
    """PostgreSQL is not installed."""


class Failed(Exception):
    """psql failed; says how."""


def program(name):
    found = glob.glob(f'/usr/lib/postgresql/*/bin/{name}')
    found = max(found, key=lambda path: float(path.split('/')[-3])) if found else shutil.which(name)
    if not found:
        raise Missing(f'PostgreSQL is not installed: no {name}')
    return found


class Postgres:
    def __init__(self, user='postgres', password='postgres'):
        self.user, self.password = user, password
        self.directory = tempfile.mkdtemp(prefix='cdclite-postgres-')
        self.data = os.path.join(self.directory, 'data')
        self.log = os.path.join(self.directory, 'postgres.log')
        self.port = broker.free_ports(1)[0]
        self.process = None
        self.identity = {}
        if os.geteuid() == 0:
            owner = pwd.getpwnam(OWNER)
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
            self.identity = {'user': owner.pw_uid, 'group': owner.pw_gid, 'extra_groups': []}

    def make(self):
        secret = os.path.join(self.directory, 'password')
        with open(secret, 'w') as file:
            file.write(self.password)
            os.fchmod(file.fileno(), 0o644)
        done = subprocess.run([program('initdb'), '-D', self.data, '-U', self.user, '-A', 'scram-sha-256',
                               '--pwfile=' + secret, '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
                              cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, **self.identity)
        if done.returncode:
            raise RuntimeError('initdb: ' + done.stdout)
        with open(os.path.join(self.data, 'postgresql.conf'), 'a') as file:
            settings = SETTINGS | {'port': self.port, 'unix_socket_directories': self.directory}
            file.writelines(f"{key}='{value}'\n" for key, value in settings.items())

    def start(self):
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([program('postgres'), '-D', self.data], cwd=self.directory,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=functools.partial(broker.die_with_parent, signal.SIGQUIT),
                                            **self.identity)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.ask('SELECT 1', 'postgres')
                return
            except Failed:
                time.sleep(0.1)
        with open(self.log, errors='replace') as log:
            raise RuntimeError('PostgreSQL does not start:\n' + ''.join(log.readlines()[-20:]))

    def psql(self, database, *more):
        """A command that runs psql, to be started with `environment`."""
        return [program('psql'), '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p',
                str(self.port), '-U', self.user, '-d', database, *more]

    @property
    def environment(self):
        return os.environ | {'PGPASSWORD': self.password, 'PGCLIENTENCODING': 'UTF8', 'PGOPTIONS': ''}

    def ask(self, sql, database):
        """What psql prints for `sql`, which may be many statements."""
        done = subprocess.run(self.psql(database), input=sql, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment)
        if done.returncode:
            raise Failed(done.stderr)
        return done.stdout

    def make_database(self, name):
        """Anew, if it is there: its slots are dropped, its sessions ended."""
        self.drop_database(name)
        self.ask(f'CREATE DATABASE "{name}"', 'postgres')

    def drop_database(self, name):
        self.ask(f"""SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';
            DO $$ BEGIN
              FOR i IN 1..50 LOOP
                EXIT WHEN NOT EXISTS (SELECT FROM pg_replication_slots WHERE database = '{name}' AND active);
                PERFORM pg_sleep(0.1);
              END LOOP;
            END $$;
            SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '{name}';
            DROP DATABASE IF EXISTS "{name}" WITH (FORCE)""", 'postgres')

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        self.process = None

    def __enter__(self):
        try:
            self.make()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
