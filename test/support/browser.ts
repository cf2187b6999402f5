/** Debian's Chromium, with a recording in the place of its microphone. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { writeSound } from '../../lab/sound-file.ts';

const CHROMIUM = '/usr/bin/chromium';
/** The greeting is heard out before the caller speaks. */
const BEFORE_MS = 6000;
/** Until the recording begins anew. */
const AFTER_MS = 25_000;
const RATE_HZ = 8000;

/** `says`: what is heard again and again from its microphone, at 8 kHz. Its file goes into `folder`. */
export async function openBrowser(folder: string, says: Int16Array): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`There is no ${CHROMIUM}: apt-get install chromium`);
  const microphone = join(folder, 'microphone.wav');
  const silence = (BEFORE_MS * RATE_HZ) / 1000;
  const sound = new Int16Array(silence + says.length);
  sound.set(says, silence);
  writeSound(microphone, sound, AFTER_MS);
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox', // the tests run as root
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-audio-capture=${microphone}`,
    ],
  });
}

/** What a page writes to its console about something that failed. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return complaints;
}

/** What keeps people from using the page as it is now, light and dark, as axe finds it: serious and critical. */
export async function barriersInBothThemes(page: Page): Promise<string[]> {
  // The page's own rules let no other script in: this one comes from the debugger.
  await page.evaluate(axe.source);
  const found: string[] = [];
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    found.push(...(await barriers(page)).map((one) => `${colorScheme}: ${one}`));
  }
  return found;
}

function barriers(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
      );
  });
}

/** What stands on a page, and what it says to those who hear it; not what people said, a word at a time. */
export function wordsOn(page: Page): Promise<string[]> {
  return page.evaluate(`
    [...document.body.querySelectorAll(':not(.word)')]
      .flatMap((element) => [
        ...[...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data),
        ...['aria-label', 'title', 'placeholder'].map((name) => element.getAttribute(name) ?? ''),
      ])
      .map((text) => text.trim())
      .filter((text) => text !== '')`);
}

/** For the documentation: only where `SCREENSHOTS` names a folder. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: name.startsWith('telephone') });
}
