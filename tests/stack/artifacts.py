"""Kafka's jars, fetched once from Maven Central by Maven itself into a cache directory: CDCLITE_STACK_CACHE, or
cdclite-stack in the user's cache."""
import hashlib
import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
POM = os.path.join(HERE, 'pom.xml')
FETCH_SECONDS = 150


class NotReachable(Exception):
    """Maven could not bring what is needed; says why."""


def cache():
    home = os.environ.get('XDG_CACHE_HOME') or os.path.join(os.path.expanduser('~'), '.cache')
    return os.environ.get('CDCLITE_STACK_CACHE') or os.path.join(home, 'cdclite-stack')


def kafka():
    """The directory of the jars. A directory is there whole or not at all, and of this very pom.xml."""
    with open(POM, 'rb') as file:
        name = 'kafka-' + hashlib.sha256(file.read()).hexdigest()[:12]
    directory = os.path.join(cache(), name)
    if not os.path.isdir(directory):
        os.makedirs(cache(), exist_ok=True)
        fetched = tempfile.mkdtemp(prefix='fetching-', dir=cache())
        try:
            fetch(fetched)
            os.rename(os.path.join(fetched, 'lib'), directory)
        finally:
            shutil.rmtree(fetched, ignore_errors=True)
    return directory


def fetch(directory):
    shutil.copy(POM, directory)
    command = ['mvn', '-B', '-q', '-f', os.path.join(directory, 'pom.xml'), 'package',
               '-Dlib=' + os.path.join(directory, 'lib')]
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
