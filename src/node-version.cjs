/* For `node --require`: an older Node.js can't read TypeScript, and would say so with a stack. Any version can read this. */
'use strict';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    'ari-voice-agent needs Node.js 22.18 or newer, and this is ' +
      process.versions.node +
      '. ' +
      'Install one from https://nodejs.org, or run it by make, which brings its own.\n',
  );
  process.exit(78);
}
