const ERRNO_BADF = 8;
const STDERR = 2;

/**
 * WASI as far as flite needs it: no files, no arguments, what it prints is thrown away.
 * (node:wasi itself crashed after a few instances, measured on Node 20 and 24.)
 */
export function inMemoryWasi(module: WebAssembly.Module): {
  imports: WebAssembly.Imports;
  bind: (memory: WebAssembly.Memory) => void;
} {
  let memory: WebAssembly.Memory | undefined;
  const view = (): DataView => new DataView((memory as WebAssembly.Memory).buffer);
  const wasi: Record<string, (...args: number[]) => unknown> = {};
  for (const { name } of WebAssembly.Module.imports(module)) wasi[name] = () => ERRNO_BADF;
  wasi['clock_time_get'] = (_clock, _precision, result = 0) => {
    view().setBigUint64(result, 0n, true);
    return 0;
  };
  wasi['fd_fdstat_get'] = (_fd, result = 0) => {
    for (let byte = 0; byte < 24; byte++) view().setUint8(result + byte, 0);
    view().setUint8(result, STDERR); // a character device
    return 0;
  };
  wasi['fd_write'] = (_fd, vectors = 0, count = 0, result = 0) => {
    let written = 0;
    for (let index = 0; index < count; index++) {
      written += view().getUint32(vectors + index * 8 + 4, true);
    }
    view().setUint32(result, written, true);
    return 0;
  };
  wasi['proc_exit'] = (status = 0) => {
    throw new Error(`flite ended itself with status ${status}`);
  };
  return {
    imports: { wasi_snapshot_preview1: wasi },
    bind: (instanceMemory) => {
      memory = instanceMemory;
    },
  };
}
