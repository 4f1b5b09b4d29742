"""The built program, read as an ELF file: position independent, all relocations read-only before it runs, no memory both
writable and executable, stack protector and _FORTIFY_SOURCE in it, no library searched for in a folder of its own."""
import os
import struct
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'recordings'))

from harness import arguments  # noqa: E402

ET_DYN = 3
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_GNU_STACK, PT_GNU_RELRO = 1, 2, 3, 0x6474e551, 0x6474e552
PF_X, PF_W = 1, 2
DT_STRTAB, DT_SYMTAB, DT_RPATH, DT_TEXTREL, DT_RUNPATH, DT_FLAGS, DT_FLAGS_1 = 5, 6, 15, 22, 29, 30, 0x6ffffffb
DF_BIND_NOW, DF_1_NOW, DF_1_PIE = 8, 1, 0x08000000
given = None


class Elf:
    """A 64-bit little-endian ELF file's headers, dynamic section and imported names."""

    def __init__(self, path):
        with open(path, 'rb') as file:
            self.bytes = file.read()
        assert self.bytes[:6] == b'\x7fELF\x02\x01', 'not a 64-bit little-endian ELF file'
        self.type, = struct.unpack_from('<H', self.bytes, 16)
        at, = struct.unpack_from('<Q', self.bytes, 32)
        size, count = struct.unpack_from('<HH', self.bytes, 54)
        # kind, flags, offset, address, physical address, bytes in the file, in memory, alignment
        self.segments = [struct.unpack_from('<IIQQQQQQ', self.bytes, at + i * size) for i in range(count)]
        self.dynamic = {}
        for _, _, offset, _, _, length, _, _ in self.of(PT_DYNAMIC):
            for i in range(offset, offset + length, 16):
                tag, value = struct.unpack_from('<QQ', self.bytes, i)
                if tag == 0:
                    break
                self.dynamic[tag] = value

    def of(self, kind):
        return [segment for segment in self.segments if segment[0] == kind]

    def offset(self, address):
        for _, _, offset, start, _, length, _, _ in self.of(PT_LOAD):
            if start <= address < start + length:
                return offset + address - start
        raise ValueError(hex(address))

    def symbols(self):
        """Names in the dynamic symbol table, which the string table follows."""
        at, names = self.offset(self.dynamic[DT_SYMTAB]), self.offset(self.dynamic[DT_STRTAB])
        found = set()
        for i in range(at, names - 23, 24):
            name, = struct.unpack_from('<I', self.bytes, i)
            found.add(self.bytes[names + name:self.bytes.index(b'\0', names + name)].decode())
        return found


class Hardening(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.elf = Elf(given.cdclite)

    def test_position_independent(self):
        self.assertEqual(self.elf.type, ET_DYN)
        self.assertEqual(len(self.elf.of(PT_INTERP)), 1)
        self.assertTrue(self.elf.dynamic.get(DT_FLAGS_1, 0) & DF_1_PIE)
        self.assertNotIn(DT_TEXTREL, self.elf.dynamic)

    def test_relocations_are_read_only(self):
        self.assertEqual(len(self.elf.of(PT_GNU_RELRO)), 1)
        self.assertTrue(self.elf.dynamic.get(DT_FLAGS, 0) & DF_BIND_NOW or self.elf.dynamic.get(DT_FLAGS_1, 0) & DF_1_NOW)

    def test_nothing_is_writable_and_executable(self):
        stacks = self.elf.of(PT_GNU_STACK)
        self.assertEqual(len(stacks), 1)
        for _, flags, *_ in stacks:
            self.assertFalse(flags & PF_X)
        for _, flags, *_ in self.elf.of(PT_LOAD):
            self.assertFalse(flags & PF_W and flags & PF_X)

    def test_stack_protector(self):
        self.assertIn('__stack_chk_fail', self.elf.symbols())

    def test_fortified(self):
        checked = {name for name in self.elf.symbols() if name.startswith('__') and name.endswith('_chk')}
        self.assertLessEqual({'__snprintf_chk', '__vsnprintf_chk'}, checked)

    def test_no_folder_of_its_own(self):
        self.assertNotIn(DT_RPATH, self.elf.dynamic)
        self.assertNotIn(DT_RUNPATH, self.elf.dynamic)


if __name__ == '__main__':
    given = arguments(__doc__)
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
