"""A Kafka Connect worker (distributed mode, alone in its group) with one version of Debezium, on a free port of
127.0.0.1, gone with the test whatever happens."""
import json
import os
import subprocess
import time
import urllib.error
import urllib.request

import artifacts
import broker

START_SECONDS = 90
RUNNING_SECONDS = 60
RETRIED = (404, 409, 500, 503)  # while the worker finds itself: no such connector yet, rebalancing, not ready
HOST = '127.0.0.1'
DEPLOYED = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'deploy', 'connect.properties')


class Connect:
    java = broker.JAVA

    def __init__(self, directory, kafka_address, debezium, name=None, jars=None):
        self.name = name or 'connect-' + debezium
        self.kafka = kafka_address
        self.plugins = artifacts.debezium(debezium)
        self.jars = jars or artifacts.kafka()
        self.port = broker.free_ports(1)[0]
        self.log = os.path.join(directory, self.name + '.log')
        self.properties = os.path.join(directory, self.name + '.properties')
        self.process = None
        with open(self.properties, 'w') as file:
            file.writelines(f'{key}={value}\n' for key, value in self.settings().items())

    def settings(self):
        with open(DEPLOYED) as file:
            lines = [line.strip() for line in file]
        settings = dict(line.split('=', 1) for line in lines if line and not line.startswith('#'))
        settings |= {
            'bootstrap.servers': self.kafka,
            'group.id': self.name,
            'listeners': f'http://{HOST}:{self.port}',
            'rest.advertised.host.name': HOST,
            'plugin.path': self.plugins,
            'offset.flush.interval.ms': 1000,
            # One that was killed is soon missed, and what it did is taken over at once.
            'session.timeout.ms': 6000,
            'heartbeat.interval.ms': 1000,
            'scheduled.rebalance.max.delay.ms': 0,
        }
        for topic in ('config', 'offset', 'status'):
            settings[topic + '.storage.topic'] = f'_{self.name}-{topic}'
        return settings

    def start(self):
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(self.java + ['-cp', os.path.join(self.jars, '*'),
                                                           'org.apache.kafka.connect.cli.ConnectDistributed',
                                                           self.properties], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, preexec_fn=broker.die_with_parent)
        self.rest('GET', '/connectors', seconds=START_SECONDS)

    def rest(self, method, path, body=None, seconds=RUNNING_SECONDS):
        """What the worker answers, as soon as it can."""
        until = time.monotonic() + seconds
        data = None if body is None else json.dumps(body).encode()
        while True:
            request = urllib.request.Request(f'http://{HOST}:{self.port}{path}', data, method=method,
                                             headers={'Content-Type': 'application/json'})
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.loads(answer.read() or 'null')
            except urllib.error.HTTPError as error:
                why = f'{error.code}: {error.read().decode(errors="replace")}'
                retried = error.code in RETRIED
            except OSError as error:
                why, retried = str(error), True
            if self.process is None or self.process.poll() is not None or not retried or time.monotonic() > until:
                raise RuntimeError(f'{method} {path}: {why}\n{self.last_words()}')
            time.sleep(0.1)

    def register(self, connector):
        """`connector` is {"name": …, "config": {…}}, as a user sends it; returns when its task runs."""
        self.rest('POST', '/connectors', connector)
        self.wait_running(connector['name'])

    def configure(self, connector):
        """Gives a connector that there is another configuration; its task starts anew."""
        self.rest('PUT', f'/connectors/{connector["name"]}/config', connector['config'])
        self.wait_running(connector['name'])

    def wait_running(self, name):
        until = time.monotonic() + RUNNING_SECONDS
        while True:
            status = self.rest('GET', f'/connectors/{name}/status')
            parts = [status['connector'], *status['tasks']]
            failed = [part for part in parts if part['state'] == 'FAILED']
            if failed:
                raise RuntimeError(f'{name}: {failed[0].get("trace")}')
            if len(parts) > 1 and all(part['state'] == 'RUNNING' for part in parts):
                return
            if time.monotonic() > until:
                raise RuntimeError(f'{name} does not run: {status}\n{self.last_words()}')
            time.sleep(0.1)

    def delete(self, name):
        self.rest('DELETE', '/connectors/' + name)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    def last_words(self):
        with open(self.log, errors='replace') as log:
            return ''.join(log.readlines()[-20:])

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_):
        self.kill()
