/**
 * Imported before ari-client, which asks by the package `request`, and without a password, whether its server is there,
 * before it reads the api-docs. Reading them tells the same (ari-client.ts), so nobody is asked. `request` and the 50 packages
 * behind it, which nothing else wants, aren't loaded then: 5 MB (measured).
 */
import { createRequire, Module } from 'node:module';

type Done = (error: null) => void;

const require = createRequire(import.meta.resolve('ari-client'));
const path = require.resolve('request');
const standIn = new Module(path);
standIn.exports = (_url: string, done: Done): void => {
  process.nextTick(done, null);
};
standIn.loaded = true;
require.cache[path] = standIn;
