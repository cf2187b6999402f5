import koffi from 'koffi';
import { expect, it } from 'vitest';
import { returnLargePieces } from '../../../src/app/unused-memory.ts';

const libc = koffi.load('libc.so.6');
const malloc = libc.func('void *malloc(size_t size)') as (size: number) => unknown;
const free = libc.func('void free(void *memory)') as (memory: unknown) => void;
koffi.struct('Mallinfo', {
  ...{ arena: 'int', ordblks: 'int', smblks: 'int', hblks: 'int', hblkhd: 'int' },
  ...{ usmblks: 'int', fsmblks: 'int', uordblks: 'int', fordblks: 'int', keepcost: 'int' },
});
const mallinfo = libc.func('Mallinfo mallinfo()') as () => { readonly hblks: number };

/** Whether a piece gets a mapping of its own, which goes back to the system when it is freed. */
function isOwnMapping(bytes: number): boolean {
  const before = mallinfo().hblks;
  const memory = malloc(bytes);
  const more = mallinfo().hblks - before;
  free(memory);
  return more === 1;
}

const MEBIBYTE = 1024 * 1024;

it('gives large pieces back to the system at once, also when such were freed before', async () => {
  // This is how the C library learns to keep them.
  expect(isOwnMapping(4 * MEBIBYTE)).toBe(true);
  expect(isOwnMapping(4 * MEBIBYTE)).toBe(false);
  await returnLargePieces();
  // Larger ones than there can be in its stock, which it uses first.
  expect(isOwnMapping(16 * MEBIBYTE)).toBe(true);
  expect(isOwnMapping(16 * MEBIBYTE)).toBe(true);
});
