"""Secrets go in through files and the environment, and come out nowhere: not in errors, not in librdkafka's debug lines,
not in the files that are made. On a command line, which everyone sees, they are refused."""
import os
import socket
import subprocess
import sys
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

from harness import Place, arguments  # noqa: E402

USAGE, SOURCE = 2, 3
SECRET = 'hunter2-very-secret'
SECRET_PROPERTIES = ('sasl.password', 'ssl.key.password', 'ssl.keystore.password', 'ssl.key.pem', 'ssl_key',
                     'sasl.oauthbearer.client.secret', 'sasl.oauthbearer.config', 'sasl.jaas.config')
given = None


def at_once(function, values):
    """They wait for a broker that does not answer: side by side."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(function, values))


class Listener:
    """Accepts connections and answers nothing; keeps what it was sent."""

    def __enter__(self):
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.address = '127.0.0.1:%d' % self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.swallow, args=[connection], daemon=True).start()

    @staticmethod
    def swallow(connection):
        with connection:
            try:
                while connection.recv(4096):
                    pass
            except OSError:
                pass

    def __exit__(self, *_):
        self.socket.close()


class Secrets(unittest.TestCase):
    def setUp(self):
        self.place = self.enterContext(Place(given.cdclite))

    def load(self, *words, environment=None, broker='127.0.0.1:1'):
        done = subprocess.run([given.cdclite, 'load', '-b', broker, '-t', 't', *words], cwd=self.place.folder.name,
                              env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertNotIn(SECRET, done.stdout.decode() + done.stderr.decode())
        return done

    def file(self, content, mode=0o600, name='client.properties'):
        self.place.write(name, content.encode())
        os.chmod(self.place.path(name), mode)

    def refused(self, *words, says=(), **more):
        done = self.load(*words, **more)
        said = done.stderr.decode()
        self.assertEqual((done.returncode, len(said.splitlines())), (USAGE, 1), said)
        for text in says:
            self.assertIn(text, said)

    def test_none_on_the_command_line(self):
        for name in SECRET_PROPERTIES:
            for words in (['-X', f'{name}={SECRET}'], [f'-X{name}={SECRET}'], [f'--property={name}={SECRET}']):
                with self.subTest(words=words):
                    self.refused(*words, says=[f'-X {name}: ', '-F', 'CDCLITE_KAFKA_'])

    def test_what_is_refused_is_not_repeated(self):
        for property in (f'security.protocol={SECRET}', SECRET, f'sasl.pasword={SECRET}',
                         f'plugin.library.paths={SECRET}', f'enable.auto.commit={SECRET}',
                         f'sasl.password: {SECRET}=', f'sasl.password {SECRET}', f'={SECRET}'):
            with self.subTest(property=property):
                self.refused('-X', property)
                self.file(f'client.id=x\n{property}\n')
                self.refused('-F', 'client.properties')

    def test_a_broken_file_is_named_by_its_line(self):
        self.file(f'client.id=x\n{SECRET}\n')
        self.refused('-F', 'client.properties', says=['client.properties', 'line 2'])

    def test_plugins_are_not_loaded(self):
        self.file('plugin.library.paths=libm.so.6\n')
        for words in (['-X', 'plugin.library.paths=libm.so.6'], ['-F', 'client.properties']):
            self.refused(*words, says=['plugin.library.paths', 'no plugins'])
        self.refused(environment={'CDCLITE_KAFKA_PLUGIN_LIBRARY_PATHS': 'libm.so.6'}, says=['no plugins'])

    def test_others_may_read_it(self):
        self.file(f'sasl.password={SECRET}\nno.such=1\n', 0o640)
        done = self.load('-F', 'client.properties')
        self.assertIn(b'warning: client.properties holds a secret and others may read it: chmod 600 client.properties',
                      done.stderr)

    def test_all_that_librdkafka_says(self):
        """Everything it can log, with a broker that listens."""
        kinds = (f'security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=u\nsasl.password={SECRET}\n',
                 f'security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-256\nsasl.username=u\n'
                 f'sasl.password={SECRET}\n',
                 f'security.protocol=SASL_PLAINTEXT\nsasl.mechanism=OAUTHBEARER\nenable.sasl.oauthbearer.unsecure.jwt='
                 f'true\nsasl.oauthbearer.config=principal={SECRET}\n',
                 f'security.protocol=SSL\nssl.key.password={SECRET}\nssl.keystore.password={SECRET}\n',
                 f'security.protocol=SSL\nssl.key.pem=-----BEGIN {SECRET}\n')
        names = [f'{i}.properties' for i in range(len(kinds))]
        for name, kind in zip(names, kinds):
            self.file(kind + 'debug=all\n', name=name)
        with Listener() as broker:
            all_done = at_once(lambda name: self.load('--verbose', '-F', name, broker=broker.address), names)
        for kind, done in zip(kinds, all_done):
            with self.subTest(kind=kind):
                self.assertIn(done.returncode, (USAGE, SOURCE), done.stderr)
                if done.returncode == SOURCE:
                    self.assertIn(b'[redacted]', done.stderr)  # it did show its configuration
        self.assertEqual(sorted(os.listdir(self.place.folder.name)), names)

    def test_precedence(self):
        """The command line over files over the environment, seen in librdkafka's own dump of what it got."""
        environment = {'CDCLITE_KAFKA_CLIENT_ID': 'from-environment', 'CDCLITE_KAFKA_DEBUG': 'conf'}
        self.file('client.id=from-file\n')
        cases = {'from-environment': [], 'from-file': ['-F', 'client.properties'],
                 'from-line': ['-F', 'client.properties', '-X', 'client.id=from-line']}
        all_done = at_once(lambda words: self.load('--verbose', *words, environment=environment), cases.values())
        for want, done in zip(cases, all_done):
            self.assertIn(f'client.id = {want}\n'.encode(), done.stderr)

    def test_the_environment_gives_the_password(self):
        done = self.load('--verbose', environment={
            'CDCLITE_KAFKA_SECURITY_PROTOCOL': 'SASL_PLAINTEXT', 'CDCLITE_KAFKA_SASL_MECHANISM': 'PLAIN',
            'CDCLITE_KAFKA_SASL_USERNAME': 'u', 'CDCLITE_KAFKA_SASL_PASSWORD': SECRET, 'CDCLITE_KAFKA_DEBUG': 'conf'})
        self.assertEqual(done.returncode, SOURCE, done.stderr)
        self.assertIn(b'sasl.password = [redacted]', done.stderr)
        self.refused(environment={'CDCLITE_KAFKA_SASL_PASWORD': SECRET}, says=['sasl.pasword', 'no such property'])


if __name__ == '__main__':
    given = arguments(__doc__)
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
