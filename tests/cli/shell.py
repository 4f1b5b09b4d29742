"""An interactive shell on a terminal of its own, to which keys are typed."""
import os
import pty
import re
import select
import signal
import time

READY = 'READY> '
STARTS = {
    'bash': (['bash', '--noprofile', '--norc', '-i'], ["PS1='READ''Y> '", 'source <(cdclite completion bash)']),
    'zsh': (['zsh', '-f', '-i'], ["PS1='READ''Y> '", 'bindkey -e', 'autoload -U compinit', 'compinit -u -D',
                                  'source <(cdclite completion zsh)']),
    'fish': (['fish', '--no-config', '-i'], ["function fish_prompt; echo -n 'READ''Y> '; end",
                                             'cdclite completion fish | source']),
}


class Shell:
    def __init__(self, name, folder, program_folder):
        argv, setup = STARTS[name]
        environment = {'PATH': program_folder + ':' + os.environ['PATH'], 'HOME': folder, 'TERM': 'xterm',
                       'XDG_CONFIG_HOME': folder, 'XDG_DATA_HOME': folder, 'LC_ALL': 'C.UTF-8', 'COLUMNS': '200',
                       'LINES': '50'}
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(argv[0], argv, environment)
        self.seen = ''
        for line in setup:
            self.type(line + '\r')
        self.type('echo SET''UP-ENDED | tr - =\r')
        self.wait_for('SETUP=ENDED')
        self.wait_for(re.escape(READY))

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def wait_for(self, pattern, seconds=20.0):
        """What the terminal shows up to the pattern, which is taken off what was seen."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.seen)
            if found:
                before, self.seen = self.seen[:found.end()], self.seen[found.end():]
                return before
            if time.monotonic() > end:
                raise AssertionError(f'the terminal does not show {pattern}: {self.seen!r}')
            if select.select([self.terminal], [], [], 0.2)[0]:
                self.seen += os.read(self.terminal, 65536).decode(errors='replace')

    def settle(self, seconds=0.4):
        """Until nothing more comes for so long."""
        while select.select([self.terminal], [], [], seconds)[0]:
            self.seen += os.read(self.terminal, 65536).decode(errors='replace')

    def words(self, typed):
        """The words that the line has become after these keys."""
        self.type(typed)
        self.settle()
        self.seen = ''
        # Ctrl-A, and a program that prints its arguments in front of the line.
        self.type("\x01printf '<%s>' BEG''IN \x05 END\r")
        shown = self.wait_for(r'<END>')
        self.wait_for(re.escape(READY))
        return re.findall(r'<([^<>]*)>', shown[shown.rindex('<BEGIN>'):])[1:-1]

    def shows(self, typed, *texts, seconds=20.0):
        """What stands on the terminal after these keys, once all the texts do; the line is then given up."""
        self.settle()
        self.seen = ''
        self.type(typed)
        end = time.monotonic() + seconds
        while True:
            self.settle()
            shown = re.sub(r'\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x1b[()]B', '', self.seen)
            if all(text in shown for text in texts):
                break
            if time.monotonic() > end:
                raise AssertionError(f'the terminal does not show {texts}: {shown!r}')
        self.type('\x03')
        self.settle()
        self.seen = ''
        return shown

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)
