"""A headless Chromium, spoken to over a pair of pipes (the DevTools protocol), with no library and no port."""
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = shutil.which('chromium')
OPTIONS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
           '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND', '--remote-debugging-pipe']


class Browser:
    """One page in it. `events` has what it said on its own since the last visit: (method, what)."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='cdclite-browser-')
        to_read, self.out = os.pipe()
        self.back, to_write = os.pipe()

        def give_pipes():
            # Both may be where the other one goes.
            high = os.dup(to_read), os.dup(to_write)
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen([PROGRAM, *OPTIONS, f'--user-data-dir={self.folder}', 'about:blank'], close_fds=False,
                                        preexec_fn=give_pipes, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env={**os.environ, 'HOME': self.folder})
        os.close(to_read)
        os.close(to_write)
        self.numbers, self.rest, self.events, self.session = itertools.count(1), b'', [], None
        target = next(t for t in self.call('Target.getTargets')['targetInfos'] if t['type'] == 'page')
        self.session = self.call('Target.attachToTarget', targetId=target['targetId'], flatten=True)['sessionId']
        for domain in ('Page', 'Network', 'Log', 'Runtime'):
            self.call(f'{domain}.enable')
        self.call('Emulation.setFocusEmulationEnabled', enabled=True)

    def close(self):
        self.process.terminate()
        self.process.wait()
        os.close(self.out)
        os.close(self.back)
        shutil.rmtree(self.folder, ignore_errors=True)

    def message(self, until):
        while b'\0' not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.back], [], [], left)[0]:
                raise TimeoutError('the browser does not answer')
            piece = os.read(self.back, 1 << 20)
            if not piece:
                raise EOFError('the browser has ended')
            self.rest += piece
        first, self.rest = self.rest.split(b'\0', 1)
        return json.loads(first)

    def call(self, method, **parameters):
        number, until = next(self.numbers), time.monotonic() + 60
        words = {'id': number, 'method': method, 'params': parameters}
        if self.session:
            words['sessionId'] = self.session
        os.write(self.out, json.dumps(words).encode() + b'\0')
        while True:
            got = self.message(until)
            if got.get('id') == number:
                if 'error' in got:
                    raise RuntimeError(f"{method}: {got['error']}")
                return got['result']
            self.events.append((got.get('method'), got.get('params')))

    def wait_for(self, method):
        until = time.monotonic() + 60
        while method not in [event[0] for event in self.events]:
            got = self.message(until)
            self.events.append((got.get('method'), got.get('params')))

    def visit(self, url, width, height, scheme, scripts=True):
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': scheme}])
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call('Emulation.setScriptExecutionDisabled', value=not scripts)
        self.events.clear()
        self.call('Page.navigate', url=url)
        self.wait_for('Page.loadEventFired')

    def run(self, expression):
        """The value of an expression, or of the promise that it is, in the page."""
        got = self.call('Runtime.evaluate', expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        if 'exceptionDetails' in got:
            raise RuntimeError(got['exceptionDetails'])
        return got['result'].get('value')

    def complaints(self):
        """What stood in the console, and requests but the page's own."""
        said = [what for method, what in self.events
                if method in ('Runtime.consoleAPICalled', 'Runtime.exceptionThrown', 'Log.entryAdded')]
        asked = [what['request']['url'] for method, what in self.events if method == 'Network.requestWillBeSent']
        return said, asked
