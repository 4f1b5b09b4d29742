"""Jars of Kafka, Kafka Connect and Debezium, fetched once from Maven Central by Maven itself into a cache directory:
CDCLITE_STACK_CACHE, or cdclite-stack in the user's cache."""
import hashlib
import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FETCH_SECONDS = 150


class NotReachable(Exception):
    """Maven could not bring what is needed; says why."""


def cache():
    home = os.environ.get('XDG_CACHE_HOME') or os.path.join(os.path.expanduser('~'), '.cache')
    return os.environ.get('CDCLITE_STACK_CACHE') or os.path.join(home, 'cdclite-stack')


def kafka():
    """The directory of the jars of Kafka and Kafka Connect."""
    return fetched('kafka', 'pom.xml')


def debezium(version):
    """A plugin.path for Kafka Connect: Debezium's connector for PostgreSQL of this version, and nothing else."""
    return fetched('debezium-' + version, 'debezium.xml', debezium=version)


def fetched(name, pom, **properties):
    """The directory of what `pom` brings. A directory is there whole or not at all, and of this very file."""
    pom = os.path.join(HERE, pom)
    with open(pom, 'rb') as file:
        name += '-' + hashlib.sha256(file.read()).hexdigest()[:12]
    directory = os.path.join(cache(), name)
    if not os.path.isdir(directory):
        os.makedirs(cache(), exist_ok=True)
        fetching = tempfile.mkdtemp(prefix='fetching-', dir=cache())
        try:
            fetch(fetching, pom, properties)
            os.rename(os.path.join(fetching, 'lib'), directory)
        finally:
            shutil.rmtree(fetching, ignore_errors=True)
    return directory


def fetch(directory, pom, properties):
    shutil.copy(pom, os.path.join(directory, 'pom.xml'))
    command = ['mvn', '-B', '-q', '-f', os.path.join(directory, 'pom.xml'), 'package',
               '-Dlib=' + os.path.join(directory, 'lib'), *(f'-D{key}={value}' for key, value in properties.items())]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=FETCH_SECONDS)
    except FileNotFoundError:
        raise NotReachable('mvn is not installed') from None
    except subprocess.TimeoutExpired:
        raise NotReachable(f'Maven took longer than {FETCH_SECONDS} s') from None
    if done.returncode:
        first = next((line for line in done.stdout.splitlines() if 'ERROR' in line), 'mvn failed')
        raise NotReachable(first)
