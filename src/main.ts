/** The agent's process: agent-process.ts, which Node loads out of its cache where it has been loaded before. */
import './threads/v8-flags.ts';
import { keepCompiledCode } from './compiled-code.ts';

keepCompiledCode(process.env);
await import('./agent-process.ts');
