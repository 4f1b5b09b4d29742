"""One real Kafka broker (KRaft) on 127.0.0.1, in a directory of its own, gone with the test whatever happens."""
import ctypes
import os
import signal
import socket
import subprocess
import time

import artifacts
import certificates

HERE = os.path.dirname(os.path.abspath(__file__))
JAVA = ['java', '-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1',
        '-Dlog4j2.configurationFile=' + os.path.join(HERE, 'log4j2.xml')]
USER, PASSWORD = 'loader', 'correct-horse-battery'
START_SECONDS = 60

# Listener: its protocol and, where it has one, its certificate.
LISTENERS = {
    'PLAINTEXT': ('PLAINTEXT', None),
    'CONTROLLER': ('PLAINTEXT', None),
    'TLS': ('SSL', 'good'),
    'ELSEWHERE': ('SSL', 'elsewhere'),
    'EXPIRED': ('SSL', 'expired'),
    'SCRAM': ('SASL_SSL', 'good'),
    'PLAIN': ('SASL_SSL', 'good'),
}


def free_ports(count):
    sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def die_with_parent(by=signal.SIGKILL):
    """A server goes when the test is killed, too."""
    ctypes.CDLL(None).prctl(1, by)


class Broker:
    def __init__(self, directory):
        self.directory = directory
        self.certificates = certificates.make(os.path.join(directory, 'certificates'))
        self.ports = dict(zip(LISTENERS, free_ports(len(LISTENERS))))
        self.log = os.path.join(directory, 'broker.log')
        self.process = None
        self.command = JAVA + ['-cp', os.path.join(artifacts.kafka(), '*')]
        self.properties = os.path.join(directory, 'broker.properties')
        with open(self.properties, 'w') as file:
            file.writelines(f'{key}={value}\n' for key, value in self.settings().items())
        self.format()

    def address(self, listener='PLAINTEXT'):
        return f'127.0.0.1:{self.ports[listener]}'

    def certificate(self, name):
        return os.path.join(self.certificates, name)

    def settings(self):
        sockets = {name: f'{name}://{self.address(name)}' for name in LISTENERS}
        settings = {
            'process.roles': 'broker,controller',
            'node.id': 1,
            'controller.quorum.voters': '1@' + self.address('CONTROLLER'),
            'controller.listener.names': 'CONTROLLER',
            'inter.broker.listener.name': 'PLAINTEXT',
            'listeners': ','.join(sockets.values()),
            'advertised.listeners': ','.join(sockets[name] for name in LISTENERS if name != 'CONTROLLER'),
            'listener.security.protocol.map': ','.join(f'{name}:{kind[0]}' for name, kind in LISTENERS.items()),
            'listener.name.scram.sasl.enabled.mechanisms': 'SCRAM-SHA-256',
            'listener.name.plain.sasl.enabled.mechanisms': 'PLAIN',
            'listener.name.plain.plain.sasl.jaas.config':
                f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
            'listener.name.scram.scram-sha-256.sasl.jaas.config':
                'org.apache.kafka.common.security.scram.ScramLoginModule required;',
            'log.dirs': os.path.join(self.directory, 'data'),
            'auto.create.topics.enable': 'false',
            'message.max.bytes': 20000000,
            'file.delete.delay.ms': 0,
            'log.initial.task.delay.ms': 100,
            'log.retention.check.interval.ms': 200,
            'log.cleaner.backoff.ms': 200,
            'transaction.max.timeout.ms': 60000,
            'transaction.abort.timed.out.transaction.cleanup.interval.ms': 500,
            'group.initial.rebalance.delay.ms': 0,
        }
        for name in ('offsets.topic', 'transaction.state.log'):
            settings |= {name + '.num.partitions': 1, name + '.replication.factor': 1}
        settings['transaction.state.log.min.isr'] = 1
        for name, (_, certificate) in LISTENERS.items():
            if certificate:
                settings[f'listener.name.{name.lower()}.ssl.keystore.type'] = 'PEM'
                settings[f'listener.name.{name.lower()}.ssl.keystore.location'] = self.certificate(certificate + '.pem')
        return settings

    def format(self):
        uuid = 'Y2RjbGl0ZS1zdGFjay0xMQ'  # 16 bytes, as Kafka writes them
        with open(self.log, 'ab') as log:
            subprocess.run(self.command + ['kafka.tools.StorageTool', 'format', '-t', uuid, '-c', self.properties,
                                           '--add-scram', f'SCRAM-SHA-256=[name={USER},password={PASSWORD}]'],
                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)

    def start(self):
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(self.command + ['kafka.Kafka', self.properties], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, preexec_fn=die_with_parent)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(('127.0.0.1', self.ports['PLAINTEXT']), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        with open(self.log, errors='replace') as log:
            raise RuntimeError('the broker does not start:\n' + ''.join(log.readlines()[-20:]))

    def kill(self):
        """As a power cut would, but for what the kernel still writes."""
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
