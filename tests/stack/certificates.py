"""Certificates for the broker's TLS listeners, made by openssl: NAME.pem holds key, certificate and authority, as Kafka
reads a PEM key store; authority.crt is what a client has to trust, other.crt another authority that it must not."""
import os
import subprocess

GOOD = 'subjectAltName=IP:127.0.0.1,DNS:localhost'
ELSEWHERE = 'subjectAltName=DNS:elsewhere.invalid'


def openssl(directory, *arguments):
    done = subprocess.run(('openssl',) + arguments, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f'openssl {" ".join(arguments)}: {done.stdout}')


def authority(directory, name):
    openssl(directory, 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', f'/CN={name}',
            '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign',
            '-keyout', name + '.key', '-out', name + '.crt')


def server(directory, name, alternative, *validity):
    """A certificate of the first authority; `validity` is openssl ca's -startdate and -enddate."""
    def path(end):
        return os.path.join(directory, name + end)
    openssl(directory, 'req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', f'/CN={name}', '-keyout',
            name + '.key', '-out', name + '.csr')
    with open(path('.cnf'), 'w') as file:
        file.write('[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n'
                   'rand_serial=yes\nunique_subject=no\n[p]\ncommonName=supplied\n'
                   f'[e]\n{alternative}\nextendedKeyUsage=serverAuth,clientAuth\n')
    with open(os.path.join(directory, 'index.txt'), 'a'):
        pass
    openssl(directory, 'ca', '-batch', '-notext', '-config', name + '.cnf', '-extensions', 'e', '-cert',
            'authority.crt', '-keyfile', 'authority.key', '-in', name + '.csr', '-out', name + '.crt', *validity)
    with open(path('.pem'), 'w') as pem:
        for end in (name + '.key', name + '.crt', 'authority.crt'):
            with open(os.path.join(directory, end)) as part:
                pem.write(part.read())


def make(directory):
    os.makedirs(directory)
    authority(directory, 'authority')
    authority(directory, 'other')
    server(directory, 'good', GOOD, '-days', '2')
    server(directory, 'elsewhere', ELSEWHERE, '-days', '2')
    server(directory, 'expired', GOOD, '-startdate', '20200101000000Z', '-enddate', '20210101000000Z')
    return directory
