"""TLS with verification, and passwords that are never shown, at a real broker."""
import os
import re
import subprocess
import time
import unittest

import broker
import stack

WRONG = 'wrong-horse-battery'
MOST_SECONDS = 15  # until a connection that cannot be is given up, with a word


class Tls(stack.StackTest):
    def setUp(self):
        super().setUp()
        self.make_topic()
        self.hand('send', '-', self.topic, 0, 0, 100, 250)

    def properties(self, **settings):
        path = os.path.join(self.directory, 'client.properties')
        with open(path, 'w') as file:
            os.chmod(path, 0o600)
            file.writelines(f'{key.replace("_", ".")}={value}\n' for key, value in settings.items())
        return '-F', path

    def tls(self, authority='authority.crt', **more):
        return self.properties(security_protocol='SSL', ssl_ca_location=stack.kafka.certificate(authority), **more)

    def scram(self, password=broker.PASSWORD):
        return self.properties(security_protocol='SASL_SSL', sasl_mechanism='SCRAM-SHA-256', sasl_username=broker.USER,
                               sasl_password=password,
                               ssl_ca_location=stack.kafka.certificate('authority.crt'))

    def refused(self, listener, says, *properties):
        began = time.monotonic()
        text = self.load_refused(*properties, listener=listener)
        took = time.monotonic() - began
        self.assertLess(took, MOST_SECONDS)
        self.assertRegex(text, says)
        self.assertFalse(os.path.exists(self.db))
        print(f'{self._testMethodName}: {took:.1f} s: {text.strip()[-300:]}')
        return text

    def test_right_authority(self):
        self.load_well(*self.tls(), listener='TLS')
        self.check(range(100))

    def test_untrusted_certificate(self):
        self.refused('TLS', 'certificate.*ssl.ca.location', *self.tls('other.crt'))

    def test_no_authority_named(self):
        self.refused('TLS', 'certificate.*ssl.ca.location', *self.properties(security_protocol='SSL'))

    def test_wrong_host_name(self):
        self.refused('ELSEWHERE', 'certificate.*name', *self.tls())

    def test_wrong_host_name_allowed(self):
        self.load_well(*self.tls(ssl_endpoint_identification_algorithm='none'), listener='ELSEWHERE')
        self.check(range(100))

    def test_expired_certificate(self):
        self.refused('EXPIRED', 'certificate.*expired', *self.tls())

    def test_plaintext_to_the_tls_port(self):
        self.refused('TLS', 'security.protocol')

    def test_tls_to_the_plaintext_port(self):
        self.refused('PLAINTEXT', 'security.protocol', *self.tls())

    def test_scram(self):
        text = self.load_well('--verbose', '-X', 'debug=all', *self.scram(), listener='SCRAM')
        self.check(range(100))
        self.assertIn('librdkafka: ', text)
        self.assertNotIn(broker.PASSWORD, text)

    def test_scram_with_a_wrong_password(self):
        text = self.refused('SCRAM', '(?i)authentication', *self.scram(WRONG))
        self.assertNotIn(WRONG, text)
        text = self.load_refused('--verbose', '-X', 'debug=all', *self.scram(WRONG), listener='SCRAM')
        self.assertNotIn(WRONG, text)

    def test_password_is_in_no_process_list(self):
        process = subprocess.Popen(self.command(*self.scram(), listener='SCRAM'), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   preexec_fn=broker.die_with_parent)
        self.addCleanup(self.stop, process)
        self.wait_for_rows(100)
        for name in ('cmdline', 'environ', 'comm'):
            with open(f'/proc/{process.pid}/{name}', 'rb') as file:
                self.assertNotIn(broker.PASSWORD.encode(), file.read())
        code, text = self.stop(process, 15)
        self.assertEqual(code, 0, text)
        self.assertNotIn(broker.PASSWORD, text)
        with open(self.db, 'rb') as file:
            self.assertIsNone(re.search(broker.PASSWORD.encode(), file.read()))


if __name__ == '__main__':
    unittest.main()
