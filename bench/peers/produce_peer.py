"""Sends each line of standard input at once: produce_peer.py BROKERS TOPIC."""

import sys

import confluent_kafka as kafka


def main():
    producer = kafka.Producer({'bootstrap.servers': sys.argv[1], 'linger.ms': 0})
    for line in sys.stdin:
        producer.produce(sys.argv[2], line.rstrip('\n').encode())
        producer.poll(0)
    producer.flush()


if __name__ == '__main__':
    main()
