"""ZooKeeper and a broker of its time, on 127.0.0.1, in a directory of their own, gone with the test whatever happens; and
an old Connect. The broker takes SASL/SCRAM over TLS as well."""
import os
import shutil
import socket
import subprocess
import tempfile
import time

import artifacts
import broker
import certificates
import connect

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = '1.0.0'  # the oldest that starts with Java 17: those before need javax.xml.bind
CONNECT = '2.4.1'  # what Debezium 1.1 was made with; that of 1.0 does not answer with Java 17
JAVA = ['java', '-Xms64m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1',
        '-Dlog4j.configuration=file:' + os.path.join(HERE, 'old_log4j.properties')]
START_SECONDS = 60
STORE_PASSWORD = 'of-the-key-store'


def jars(version=VERSION):
    return artifacts.fetched('old-kafka-' + version, 'old_kafka.xml', kafka=version)


class OldBroker:
    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix='cdclite-old-kafka-')
        self.processes = []
        self.zookeeper, *ports = broker.free_ports(3)
        self.ports = dict(zip(('PLAINTEXT', 'SCRAM'), ports))
        self.log = os.path.join(self.directory, 'broker.log')
        self.certificates = certificates.make(os.path.join(self.directory, 'certificates'))

    def address(self, listener='PLAINTEXT'):
        return f'127.0.0.1:{self.ports[listener]}'

    def certificate(self, name):
        return os.path.join(self.certificates, name)

    def write(self, name, lines):
        path = os.path.join(self.directory, name)
        with open(path, 'w') as file:
            file.write('\n'.join(lines) + '\n')
        return path

    def java(self, *arguments):
        return JAVA + ['-Djava.security.auth.login.config=' + os.path.join(self.directory, 'jaas'),
                       '-Dzookeeper.sasl.client=false', '-cp', os.path.join(jars(), '*'), *arguments]

    def key_store(self):
        """Before Kafka 2.7 there was none of PEM."""
        certificates.openssl(self.certificates, 'pkcs12', '-export', '-in', 'good.pem', '-out', 'good.p12', '-passout',
                             'pass:' + STORE_PASSWORD)
        return self.certificate('good.p12')

    def settings(self):
        return {
            'broker.id': 1,
            'zookeeper.connect': f'127.0.0.1:{self.zookeeper}',
            'listeners': f"INSIDE://{self.address()},SCRAM://{self.address('SCRAM')}",
            'listener.security.protocol.map': 'INSIDE:PLAINTEXT,SCRAM:SASL_SSL',
            'inter.broker.listener.name': 'INSIDE',
            'sasl.enabled.mechanisms': 'SCRAM-SHA-256',
            'ssl.keystore.type': 'PKCS12',
            'ssl.keystore.location': self.key_store(),
            'ssl.keystore.password': STORE_PASSWORD,
            'ssl.key.password': STORE_PASSWORD,
            'log.dirs': os.path.join(self.directory, 'data'),
            'auto.create.topics.enable': 'true',
            'offsets.topic.num.partitions': 1,
            'offsets.topic.replication.factor': 1,
            'group.initial.rebalance.delay.ms': 0,
        }

    def run(self, *arguments):
        with open(self.log, 'ab') as log:
            process = subprocess.Popen(self.java(*arguments), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       preexec_fn=broker.die_with_parent)
        self.processes.append(process)
        return process

    def wait(self, process, port):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(('127.0.0.1', port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        with open(self.log, errors='replace') as log:
            raise RuntimeError(f'Kafka {VERSION} does not start:\n' + ''.join(log.readlines()[-20:]))

    def start(self):
        self.write('jaas', ['KafkaServer {', 'org.apache.kafka.common.security.scram.ScramLoginModule required;', '};'])
        zookeeper = self.write('zookeeper.properties', [
            'dataDir=' + os.path.join(self.directory, 'zookeeper'), f'clientPort={self.zookeeper}',
            'clientPortAddress=127.0.0.1'])
        properties = self.write('broker.properties', [f'{key}={value}' for key, value in self.settings().items()])
        self.wait(self.run('org.apache.zookeeper.server.ZooKeeperServerMain', zookeeper), self.zookeeper)
        with open(self.log, 'ab') as log:
            subprocess.run(self.java('kafka.admin.ConfigCommand', '--zookeeper', f'127.0.0.1:{self.zookeeper}', '--alter',
                                     '--entity-type', 'users', '--entity-name', broker.USER, '--add-config',
                                     f'SCRAM-SHA-256=[password={broker.PASSWORD}]'),
                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True, timeout=START_SECONDS)
        server = self.run('kafka.Kafka', properties)
        for port in self.ports.values():
            self.wait(server, port)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


class OldConnect(connect.Connect):
    """The worker of CONNECT."""

    java = JAVA

    def __init__(self, directory, kafka_address, debezium):
        super().__init__(directory, kafka_address, debezium, jars=jars(CONNECT))
