"""What the checks of this folder are told: --cdclite PROGRAM --data FOLDER, and some the names of recordings."""
import argparse
import os


def read(description, names=False):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--cdclite', required=True, type=os.path.abspath)
    parser.add_argument('--data', required=True)
    if names:
        parser.add_argument('names', nargs='*')
    return parser.parse_args()
