/**
 * The part of WebAssembly's JavaScript interface that flite and Silero's network use: neither TypeScript's `es2024`
 * library nor @types/node declares it (TypeScript has it in `dom` only).
 */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  const Module: {
    new (bytes: Uint8Array<ArrayBuffer>): Module;
    imports(module: Module): { readonly module: string; readonly name: string }[];
  };
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  /** Of type i32. */
  class Global {
    readonly value: number;
  }
  class Table {
    /** Returns the index of the first new place. */
    grow(by: number): number;
    set(index: number, value: unknown): void;
  }
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}
