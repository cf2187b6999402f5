import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build, stop } from 'esbuild';

/** A file of the page, as it is sent. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly gzip: Buffer;
  readonly brotli: Buffer;
  /** Its name says what is in it: it never changes. */
  readonly lasting: boolean;
}

const WEB = fileURLToPath(new URL('../../web/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  svg: 'image/svg+xml',
};

/**
 * Builds the page from `web/`, in memory: a few hundred milliseconds in a process of esbuild's own. By path; `/` is the
 * document. The telephone and the player are files of their own, which are loaded when they are needed.
 */
export async function buildPage(): Promise<ReadonlyMap<string, PageFile>> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: WEB,
    entryPoints: ['main.tsx'],
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    outdir: 'built',
    entryNames: '[name]-[hash]',
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'silent',
  });
  await stop();
  const entry = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === 'main.tsx');
  const name = (path = ''): string => path.split('/').at(-1) ?? '';
  const document = (await readFile(`${WEB}index.html`, 'utf8'))
    .replace('main.css', name(entry?.[1].cssBundle))
    .replace('main.js', name(entry?.[0]));
  const files = new Map<string, PageFile>();
  files.set('/', await pageFile('html', Buffer.from(document), false));
  files.set('/icon.svg', await pageFile('svg', await readFile(`${WEB}icon.svg`), false));
  for (const { path, contents } of outputFiles)
    files.set(
      `/${name(path)}`,
      await pageFile(name(path).split('.').at(-1) ?? '', Buffer.from(contents), true),
    );
  return files;
}

async function pageFile(extension: string, body: Buffer, lasting: boolean): Promise<PageFile> {
  const [zipped, brotli] = await Promise.all([
    promisify(gzip)(body, { level: 9 }),
    promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  ]);
  return { type: TYPES[extension] ?? 'application/octet-stream', body, gzip: zipped, brotli, lasting };
}
