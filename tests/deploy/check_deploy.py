"""The files of deploy/ fit together: what compose.yaml names is there, versions are pinned and those that the stack
tests run, and hosts, passwords and names are the same everywhere. Compose itself checks it too, where it is installed."""
import argparse
import fnmatch
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77
PINNED = re.compile(r'^[a-z0-9./-]+:\d+\.\d+(\.\d+)*[A-Za-z0-9.-]*$')
OWN_IMAGES = ('cdclite:local', 'cdclite-connect:local')
given = None


def path(*parts):
    return os.path.join(given.root, *parts)


def read(*parts):
    with open(path(*parts)) as file:
        return file.read()


def properties(*parts):
    lines = (line.strip() for line in read(*parts).splitlines())
    return dict(line.split('=', 1) for line in lines if line and not line.startswith('#'))


class Deploy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.compose = yaml.safe_load(read('deploy', 'compose.yaml'))
        cls.services = cls.compose['services']
        cls.connector = json.loads(read('deploy', 'connector.json'))['config']

    def mounts(self, service):
        for volume in self.services[service].get('volumes', []):
            source, target = volume.split(':')[:2]
            yield source, target

    def test_files_are_there(self):
        for service in self.services:
            for source, target in self.mounts(service):
                with self.subTest(service=service, source=source):
                    if source.startswith('.'):
                        self.assertTrue(os.path.isfile(path('deploy', source)), source)
                    else:
                        self.assertIn(source, self.compose['volumes'])

    def test_commands_name_what_is_mounted(self):
        for service, settings in self.services.items():
            targets = [target for _, target in self.mounts(service)]
            for word in settings.get('entrypoint', []) + settings.get('command', []):
                if word.startswith(('/deploy/', '/etc/cdclite/')):
                    self.assertIn(word, targets, service)
        self.assertIn(('./bank.sql', '/docker-entrypoint-initdb.d/bank.sql'), list(self.mounts('postgres')))

    def test_start_order(self):
        for service, settings in self.services.items():
            for needed, how in settings.get('depends_on', {}).items():
                with self.subTest(service=service, needed=needed):
                    self.assertIn(needed, self.services)
                    if how['condition'] == 'service_healthy':
                        self.assertIn('healthcheck', self.services[needed])
                    else:
                        self.assertEqual(how['condition'], 'service_completed_successfully')

    def test_versions_are_pinned(self):
        for service, settings in self.services.items():
            if settings['image'] in OWN_IMAGES:
                self.assertIn('build', settings)
            else:
                self.assertRegex(settings['image'], PINNED, service)
        for name in ('Dockerfile', 'connect.Dockerfile'):
            for line in read('deploy', name).splitlines():
                if line.startswith('FROM'):
                    self.assertRegex(line.split()[1], PINNED)

    def test_versions_are_those_of_the_stack_tests(self):
        kafka = re.search(r'<artifactId>kafka_2\.13</artifactId>\s*<version>([^<]+)<', read('tests', 'stack', 'pom.xml'))
        self.assertEqual(self.services['kafka']['image'], 'apache/kafka:' + kafka[1])
        self.assertEqual(self.services['connect']['build'], {'context': '.', 'dockerfile': 'connect.Dockerfile'})
        connect = read('deploy', 'connect.Dockerfile')
        self.assertIn(f'\nFROM apache/kafka:{kafka[1]}\n', connect)
        version = re.search(r'debezium-connector-postgres:([^:]+):', connect)[1]
        tests = [read('tests', 'stack', name) for name in os.listdir(path('tests', 'stack')) if name.endswith('.py')]
        self.assertTrue(any(f"'{version}'" in text for text in tests), version)

    def test_one_password(self):
        postgres = self.services['postgres']['environment']
        self.assertEqual(self.connector['database.user'], postgres['POSTGRES_USER'])
        self.assertEqual(self.connector['database.password'], postgres['POSTGRES_PASSWORD'])
        self.assertEqual(self.connector['database.dbname'], postgres['POSTGRES_DB'])
        # Wherever else a password is written, in a page for instance, it is this one.
        files = (f'deploy/{file}' for file in os.listdir(path('deploy')) if os.path.isfile(path('deploy', file)))
        for name in ('README.md', 'docs/connect.md', *files):
            for found in re.findall(r'(?:PGPASSWORD=|POSTGRES_PASSWORD[=:] ?|password": ")([^\s"]+)', read(name)):
                self.assertEqual(found, postgres['POSTGRES_PASSWORD'], name)

    def test_hosts(self):
        self.assertEqual((self.connector['database.hostname'], self.connector['database.port']), ('postgres', '5432'))
        broker = properties('deploy', 'loader.properties')['bootstrap.servers']
        kafka = self.services['kafka']['environment']
        self.assertIn('INSIDE://' + broker, kafka['KAFKA_ADVERTISED_LISTENERS'].split(','))
        worker = properties('deploy', 'connect.properties')
        self.assertEqual(worker['bootstrap.servers'], broker)
        self.assertIn(f" {worker['plugin.path']}\n", read('deploy', 'connect.Dockerfile'))
        self.assertTrue({'postgres', broker.split(':')[0], 'connect'} <= set(self.services))
        self.assertEqual(self.services['connector']['command'][0], 'http://connect:8083')

    def test_ports_are_open_here_only(self):
        for service, settings in self.services.items():
            for port in settings.get('ports', []):
                self.assertRegex(port, r'^127\.0\.0\.1:\d+:\d+$', service)

    def test_the_database_is_fit(self):
        self.assertIn('wal_level=logical', self.services['postgres']['command'])
        schema, table = self.connector['table.include.list'].split('.')
        sql = read('deploy', 'bank.sql')
        self.assertIn(f'CREATE SCHEMA {schema};', sql)
        self.assertIn(f'CREATE TABLE {schema}.{table} ', sql)
        self.assertIn(f'ALTER TABLE {schema}.{table} REPLICA IDENTITY FULL;', sql)
        self.assertEqual(self.connector['skipped.operations'], 'none')

    def test_the_loader_takes_the_table(self):
        command = self.services['loader']['command']
        pattern = command[command.index('--topic') + 1]
        topic = f"{self.connector['topic.prefix']}.{self.connector['table.include.list']}"
        self.assertRegex(topic, pattern)

    def test_the_loader_knows_its_options(self):
        """It fails only for want of a broker."""
        command = [word.replace('/etc/cdclite', path('deploy')) for word in self.services['loader']['command']]
        with tempfile.TemporaryDirectory() as directory:
            done = subprocess.run([given.cdclite, *command, '-X', 'bootstrap.servers=127.0.0.1:1', '--until-end'],
                                  cwd=directory, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn('check --brokers', done.stderr)

    def test_dockerfile(self):
        text = read('deploy', 'Dockerfile')
        self.assertEqual(self.services['loader']['build'], {'context': '..', 'dockerfile': 'deploy/Dockerfile'})
        self.assertRegex(text, r'(?m)^USER (?!root)')
        allowed = [line[1:] for line in read('deploy', 'Dockerfile.dockerignore').splitlines() if line.startswith('!')]
        for sources in re.findall(r'(?m)^COPY (?!--from)(.*) \S+$', text):
            for source in sources.split():
                self.assertTrue(os.path.exists(path(source)), source)
                self.assertTrue(any(fnmatch.fnmatch(source, pattern) for pattern in allowed), source)
        # And everything that is built in.
        embedded = re.search(r'file\(GLOB embedded .* CONFIGURE_DEPENDS (.*)\)', read('CMakeLists.txt'))[1].split()
        self.assertGreater(len(embedded), 2)
        for pattern in embedded:
            folder = os.path.dirname(pattern)
            self.assertIn(f'COPY {folder} /cdclite/{folder}\n', text)
        history = re.search(r'(?m)^VOLUME (\S+)$', text)[1]
        self.assertIn(('history', history), list(self.mounts('loader')))
        self.assertIn(f'WORKDIR {history}\n', text)

    def test_compose_accepts_it(self):
        for command in (['docker', 'compose'], ['docker-compose']):
            try:
                if subprocess.run([*command, 'version'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
                    continue
            except FileNotFoundError:
                continue
            done = subprocess.run([*command, '-f', path('deploy', 'compose.yaml'), 'config'], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
            self.assertEqual(done.returncode, 0, done.stdout)
            return
        self.skipTest('no Docker Compose here')


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--cdclite', required=True, type=os.path.abspath)
    parser.add_argument('--root', required=True, type=os.path.abspath)
    given, rest = parser.parse_known_args()
    try:
        import yaml
    except ImportError:
        print('python3-yaml is not installed', file=sys.stderr)
        sys.exit(1 if os.environ.get('CI') == 'true' else SKIPPED)
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
