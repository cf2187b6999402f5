#!/usr/bin/env node
/* Any Node.js can read this file, and says so if it is too old for the rest (src/node-version.cjs). */
'use strict';

require('../src/node-version.cjs');
import('../src/cli/main.ts');
