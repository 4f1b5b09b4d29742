"""deploy/cdclite.service: systemd takes it, finds its sandbox tight, and the program works under the system call filter
and with the address families that the unit asks for: really installed in the kernel, with a kill in place of EPERM."""
import ctypes
import errno
import os
import platform
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'recordings'))

from harness import Place, arguments  # noqa: E402

UNIT = os.path.join(HERE, '..', '..', 'deploy', 'cdclite.service')
MOST_EXPOSED = 1.1  # of 10; what systemd 252 says
NUMBERS = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h'
NOBODY = 65534
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # of classic BPF
ALLOW, KILL, NO_SUCH_FAMILY = 0x7fff0000, 0x80000000, 0x00050000 | errno.EAFNOSUPPORT
NUMBER_AT, FIRST_ARGUMENT_AT = 0, 16
given = None


def settings():
    """The unit's assignments in order, comments left out."""
    with open(UNIT, encoding='utf-8') as file:
        return [line.strip().split('=', 1) for line in file if '=' in line and not line.startswith('#')]


def analyze(*words):
    return subprocess.run(['systemd-analyze', '--no-pager', *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, 'SYSTEMD_LOG_LEVEL': 'warning'}, text=True, check=False)


def system_call_sets():
    sets, name = {}, None
    for line in analyze('syscall-filter').stdout.splitlines():
        if line.startswith('@'):
            name = line.strip()
            sets[name] = set()
        elif name and line.startswith(' ') and not line.strip().startswith('#'):
            sets[name].add(line.strip())
    return sets


def members(sets, name):
    if not name.startswith('@'):
        return {name}
    return set().union(*(members(sets, member) for member in sets[name]))


def allowed_calls():
    """As systemd reads SystemCallFilter=: the first says what is allowed, those with ~ take away."""
    sets, allowed = system_call_sets(), set()
    for key, value in settings():
        if key == 'SystemCallFilter':
            named = set().union(*(members(sets, name) for name in value.lstrip('~').split()))
            allowed = allowed - named if value.startswith('~') else allowed | named
    return allowed


class Filter(ctypes.Structure):
    _fields_ = [('count', ctypes.c_ushort), ('instructions', ctypes.c_void_p)]


def filter_of(calls):
    """What installs the filter in a child before it becomes the program."""
    with open(NUMBERS, encoding='ascii') as file:
        numbers = dict(re.findall(r'#define __NR_(\w+) (\d+)', file.read()))

    def allow(value):
        return [struct.pack('<HBBI', EQUAL, 0, 1, value), struct.pack('<HBBI', RETURN, 0, 0, ALLOW)]

    families = [struct.pack('<HBBI', LOAD, 0, 0, FIRST_ARGUMENT_AT)]
    for family in dict(settings())['RestrictAddressFamilies'].split():
        families += allow(int(getattr(socket, family)))
    families.append(struct.pack('<HBBI', RETURN, 0, 0, NO_SUCH_FAMILY))
    program = [struct.pack('<HBBI', LOAD, 0, 0, NUMBER_AT),
               struct.pack('<HBBI', EQUAL, 0, len(families), int(numbers['socket'])), *families]
    for call in sorted(calls & set(numbers)):
        program += allow(int(numbers[call]))
    program.append(struct.pack('<HBBI', RETURN, 0, 0, KILL))
    code = ctypes.create_string_buffer(b''.join(program))
    installed = Filter(len(program), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)

    def install():
        zero = ctypes.c_ulong(0)
        if libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) or \
                libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(installed), zero, zero):
            raise OSError(ctypes.get_errno(), 'no filter')
        return code
    return install


class Unit(unittest.TestCase):
    def setUp(self):
        if not shutil.which('systemd-analyze'):
            self.skipTest('systemd-analyze is not installed (Debian: apt-get install --no-install-recommends systemd)')
        self.place = self.enterContext(Place(given.cdclite))

    def test_systemd_takes_it(self):
        with open(UNIT, encoding='utf-8') as file:
            unit = file.read()
        self.assertIn('ExecStart=/usr/local/bin/cdclite load', unit)
        self.place.write('cdclite.service', unit.replace('/usr/local/bin/cdclite', given.cdclite).encode())
        done = analyze('verify', '--man=no', self.place.path('cdclite.service'))
        # Of other units on this machine it may complain as well.
        self.assertNotIn('cdclite', done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_sandbox_is_tight(self):
        done = analyze('security', '--offline=true', f'--threshold={MOST_EXPOSED * 10:.0f}', UNIT)
        exposure = re.search(r'Overall exposure level for cdclite.service: ([0-9.]+)', done.stdout)
        self.assertIsNotNone(exposure, done.stdout)
        print(f'exposure {exposure.group(1)}', file=sys.stderr)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertLessEqual(float(exposure.group(1)), MOST_EXPOSED)

    def test_what_systemd_does_not_weigh(self):
        values = dict(settings())
        self.assertEqual((values['Restart'], values['RestartPreventExitStatus']), ('on-failure', '2'))
        self.assertGreaterEqual(int(values['RestartSec'].rstrip('s')), 10)
        self.assertEqual((values['StateDirectory'], values['WorkingDirectory']), ('cdclite', '%S/cdclite'))
        self.assertNotIn('ReadWritePaths', values)
        self.assertNotIn('Environment', values)  # systemctl show tells it to everyone
        # Its options are the program's own.
        line = values['ExecStart'].replace('%d/kafka.properties', self.place.write('p', b''))
        words = line.replace('$CDCLITE_OPTIONS', '--input /nowhere').split()
        done = self.place.run(*words[1:])
        self.assertEqual(done.returncode, 3, done.stderr)


class SystemCalls(unittest.TestCase):
    """The program under the unit's filter, as a user without rights where the test may become one."""

    def setUp(self):
        if not shutil.which('systemd-analyze'):
            self.skipTest('systemd-analyze is not installed: it knows the sets of system calls')
        if platform.machine() != 'x86_64' or not os.path.exists(NUMBERS):
            self.skipTest(f'needs {NUMBERS}')
        if given.sanitized:
            self.skipTest('the sanitizers make other system calls')
        self.place = self.enterContext(Place(given.cdclite))
        self.program = self.place.path('program')
        shutil.copy(given.cdclite, self.program)
        os.chmod(self.program, 0o755)
        self.user = {}
        if os.geteuid() == 0:
            os.chown(self.place.folder.name, NOBODY, NOBODY)
            self.user = {'user': NOBODY, 'group': NOBODY, 'extra_groups': []}
        self.install = filter_of(allowed_calls())

    def run_filtered(self, *words, code=0):
        done = subprocess.run(words, cwd=self.place.folder.name, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, check=False, preexec_fn=self.install, **self.user)
        self.assertEqual(done.returncode, code, (words, done.stderr[-1000:]))
        return done.stdout

    def test_the_filter_bites(self):
        """nice() is of @resources, chroot() of @privileged."""
        for call in ('os.nice(1)', 'os.chroot("/")'):
            self.run_filtered('/usr/bin/env', 'python3', '-c', 'import os; ' + call, code=-signal.SIGSYS)
        self.run_filtered('/usr/bin/env', 'python3', '-c', 'import socket; socket.socket(socket.AF_NETLINK)', code=1)

    def test_files(self):
        with open(os.path.join(given.data, 'demo.jsonl'), 'rb') as file:
            self.place.write('events.jsonl', file.read())
        self.run_filtered(self.program, 'load', '--input', 'events.jsonl')
        text = self.place.text_bytes()
        os.truncate(self.place.text, 10)
        self.run_filtered(self.program, 'load', '--input', 'events.jsonl')
        self.assertEqual(self.place.text_bytes(), text)
        self.assertEqual(self.run_filtered(self.program, 'export', 'text'), text)
        self.run_filtered(self.program, 'status')

    def test_kafka(self):
        """librdkafka's consumer, its threads and sockets, with brokers in the same process."""
        self.run_filtered(self.program, 'demo')

    def test_no_broker(self):
        """Names are looked up; nobody answers."""
        self.run_filtered(self.program, 'load', '-b', 'localhost:1', '-t', 't', code=3)


def is_sanitized():
    with open(given.cdclite, 'rb') as file:
        return b'__asan_init' in file.read()


if __name__ == '__main__':
    given = arguments(__doc__)
    given.sanitized = is_sanitized()
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
