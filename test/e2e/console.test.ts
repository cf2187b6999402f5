/** The console as people use it: a real browser with a real call. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { recordingOf } from '../../lab/demo-calls.ts';
import { labSecrets } from '../../lab/secrets.ts';
import { readSound } from '../../lab/sound-file.ts';
import { useRunningAgent } from '../support/agent-under-test.ts';
import { barriersInBothThemes, complaintsOf, openBrowser, screenshot, wordsOn } from '../support/browser.ts';
import { de } from '../../web/texts/de.ts';
import { en } from '../../web/texts/en.ts';
import { PostgresServer } from '../support/postgres.ts';
import { report } from '../support/running-agent.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const OPERATE = 'token-to-operate';
const VIEW = 'token-only-to-view';
/** On a busy machine. */
const PATIENCE = { timeout: 20_000 };

describe('The console', () => {
  let postgres: PostgresServer;
  let database: TcpProxy;
  beforeAll(async () => {
    postgres = await PostgresServer.start();
    const far = new URL(await postgres.database());
    database = await startTcpProxy(Number(far.port));
    far.port = String(database.port);
    databaseUrl = far.href;
    return async () => {
      await database.close();
      await postgres.stop();
    };
  });
  let databaseUrl = '';
  const agent = useRunningAgent(() => ({
    // Nobody answers at Tom's first language model.
    edits: [
      ['  agents: {}', '  agents: { tom: { llm: [groq, receptionist] } }'],
      [
        '  - id: tom\n',
        '  - id: tom\n    transferTargets: [{ name: workshop, endpoint: PJSIP/softphone2 }]\n',
      ],
    ],
    environment: {
      GROQ_API_KEY: 'key-of-nobody',
      GROQ_BASE_URL: 'http://127.0.0.1:9',
      VOICE_AGENT_STT: 'pocketsphinx',
      VOICE_AGENT_LLM: 'receptionist',
      VOICE_AGENT_DATABASE: databaseUrl,
      CONSOLE_ENABLED: 'true',
      CONSOLE_LISTEN_PORT: '0',
      CONSOLE_OPERATE_TOKEN: OPERATE,
      CONSOLE_VIEW_TOKEN: VIEW,
      CONSOLE_PHONE_USERNAME: 'webphone',
      CONSOLE_PHONE_PASSWORD: labSecrets().webphone,
    },
  }));
  const folder = mkdtempSync(join(tmpdir(), 'console-'));
  let browser: Browser;

  beforeAll(async () => {
    browser = await openBrowser(folder, readSound(recordingOf('ked', 'd-hours-saturday').path));
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  /** A browser of somebody's own, in which they have signed in. */
  async function visit(token: string): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 860 } });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    await page.goto(`${agent.lab.agent.consoleUrl}/#token=${token}`);
    return { page, complaints };
  }

  it('lets in nobody without its token', async () => {
    const { page } = await visit('wrong');
    await page.getByLabel('Token').fill('another');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This token is not known here.').waitFor();
    expect(await barriersInBothThemes(page)).toEqual([]);
  });

  it('calls an agent, shows what was understood and where the time went, and plays it word by word', async () => {
    const begun = Date.now();
    const { page, complaints } = await visit(OPERATE);
    await page.getByRole('navigation').waitFor();
    report(`the console is shown after ${Date.now() - begun} ms (aim 1000 ms)`);
    expect(new URL(page.url()).hash).toBe('#/live');

    await page.getByRole('button', { name: 'Call Alice, 510001' }).click();
    const conversation = page.getByRole('region', { name: 'Conversation' });
    await conversation.getByText('this is Alice').waitFor();
    const looksOn = await visit(VIEW);
    const heard = sounds(looksOn.page);
    await looksOn.page.reload();
    await looksOn.page.getByRole('button', { name: 'Listen in' }).click();
    // By another page, while the caller is heard.
    const tries = await visit(OPERATE);
    await tries.page.getByRole('link', { name: 'Health' }).click();
    await tries.page.getByRole('button', { name: 'Make a test call' }).click();
    await conversation.getByText(/are you open on saturday/).waitFor();
    await conversation.getByText(/^Yes, we are\. On Saturday/).waitFor();
    await page.getByText('Turn 1').waitFor();
    await expect
      .poll(() => page.locator('.call-state').first().innerText(), PATIENCE)
      .toMatch(/speaking|listening/);
    await expect.poll(() => conversation.locator('.transcript').innerText(), PATIENCE).toMatch(/On Saturday/);
    await screenshot(page, 'console-live');
    expect(await barriersInBothThemes(page)).toEqual([]);
    // Who may only view has listened to both sides, and can end nothing.
    expect(heard().caller).toBeGreaterThan(1000);
    expect(heard().agent).toBeGreaterThan(1000);
    await expect(looksOn.page.getByRole('button', { name: 'Hang up' }).count()).resolves.toBe(0);
    await looksOn.page.getByRole('link', { name: 'History' }).click();
    await looksOn.page
      .getByRole('row', { name: /Web phone.*running/ })
      .first()
      .click();
    await looksOn.page.getByText('can be played when the call has ended').waitFor();

    const measured = tries.page.getByRole('region', { name: 'Test call' }).getByRole('row');
    await expect
      .poll(() => measured.allInnerTexts(), PATIENCE)
      .toContainEqual(
        expect.stringMatching(/ulaw\s+\d+ ms\s+\d+\.\d ms\s+0\.0 %\s+\d+\.\d ms\s+4\.\d\d/) as string,
      );
    await screenshot(tries.page, 'console-test-call');
    await tries.page.close();

    await page
      .getByLabel('Have the agent say')
      .fill('A colleague will call you back. It won’t be long, I promise.');
    await page.getByRole('button', { name: 'Say it' }).click();
    // As it is spoken: what was heard, and what wasn't yet.
    const speaking = conversation.locator('.speaking');
    await expect.poll(() => speaking.locator('.heard').innerText(), PATIENCE).toMatch(/^A colleague/);
    expect(await speaking.locator('.unheard').innerText()).toMatch(/promise/);
    await page.getByRole('button', { name: 'Mute' }).click();
    await page.getByRole('button', { name: 'Unmute' }).waitFor();
    await page.getByRole('button', { name: 'Keypad' }).click();
    for (const key of ['5', '#']) await page.getByRole('button', { name: key, exact: true }).click();
    await conversation.getByText('pressed 5').waitFor();
    await page.getByRole('button', { name: 'End the call' }).click();
    // The page that was open before the call's end has its recording too.
    await looksOn.page.getByRole('button', { name: 'Play' }).and(looksOn.page.locator(':enabled')).waitFor();
    await looksOn.page.getByText('the caller hung up').waitFor();
    await looksOn.page.close();
    await page.getByRole('link', { name: 'Open in history' }).click();
    await page.locator('.transcript .unheard').filter({ hasText: 'promise' }).waitFor();
    const word = page.getByRole('button', { name: 'Saturday' }).last();
    await page.getByRole('button', { name: 'Play' }).and(page.locator(':enabled')).waitFor();
    await screenshot(page, 'console-call');
    expect(await barriersInBothThemes(page)).toEqual([]);
    const place = Number(/from 0:(\d+)/.exec((await word.getAttribute('title')) ?? '')?.[1]);
    expect(place).toBeGreaterThan(4); // from the beginning it would take longer
    await word.click();
    const played = async () => Number(/0:(\d+)/.exec(await page.locator('.player-time').innerText())?.[1]);
    await expect.poll(played, { timeout: place * 1000 - 500 }).toBeGreaterThan(place);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Subtitles' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.vtt$/);
    expect(complaints).toEqual([]);
  });

  it('finds a call by its words, and has pages that everybody can use', async () => {
    const { page, complaints } = await visit(OPERATE);
    for (const [name, wait] of [
      ['Messages', 'No message was left'],
      ['Figures', 'Where the time goes'],
      ['Health', 'All is well'],
      ['History', 'Web phone'],
    ] as const) {
      await page.getByRole('link', { name }).click();
      await page.getByText(wait).first().waitFor();
      await screenshot(page, `console-${name.toLowerCase()}`);
      expect(await barriersInBothThemes(page), name).toEqual([]);
    }
    database.refuse();
    database.cut();
    await page.getByRole('searchbox').fill('saturday');
    await page.getByRole('alert').filter({ hasText: 'That didn’t work' }).waitFor();
    database.admit();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await page.getByRole('searchbox').fill('submarine');
    await page.getByText('No call is like that').waitFor();
    await page.getByRole('searchbox').fill('saturday');
    await page.getByRole('cell', { name: 'Web phone' }).first().waitFor();
    await page.getByLabel('How it ended').selectOption('all lines busy');
    await page.getByText('No call is like that').waitFor();
    await page.getByLabel('How it ended').selectOption('the caller hung up');
    await page.getByRole('cell', { name: 'the caller hung up' }).first().waitFor();
    await page.getByLabel('to', { exact: true }).fill('2026-01-01');
    await page.getByText('No call is like that').waitFor();
    await page.getByLabel('to', { exact: true }).fill('');
    await page.getByLabel('From day').fill('2026-01-01');
    await page.getByRole('cell', { name: 'the caller hung up' }).first().waitFor();
    expect(complaints.filter((one) => !one.includes('status of 50'))).toEqual([]);
  });

  it('is all German when it is German, and fits on a telephone’s screen', async () => {
    const { page, complaints } = await visit(VIEW);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('button', { name: 'Deutsch' }).click();
    const german = new Set(leaves(de));
    const english = leaves(en).filter((text) => !german.has(text));
    for (const [path, wait] of [
      ['live', 'Es läuft kein Gespräch'],
      ['messages', 'keine Nachricht'],
      ['figures', 'Wo die Zeit bleibt'],
      ['health', 'Konfiguration in Kraft'],
      ['history', 'Anrufer legte auf'],
    ] as const) {
      await page.evaluate(`location.hash = '#/${path}'`);
      await page.getByText(wait).filter({ visible: true }).first().waitFor();
      if (path === 'figures') await page.locator('.chart canvas').first().waitFor();
      await screenshot(page, `telephone-${path}`);
      expect(await barriersInBothThemes(page), path).toEqual([]);
      const words = await wordsOn(page);
      expect(words).toContain('Verlauf');
      expect(
        words.filter((text) => english.includes(text)),
        path,
      ).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBe(390);
    }
    await nameCallers(page, 'x'.repeat(300));
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 844 });
      expect(await page.evaluate(BESIDE), `${width}`).toBe(0);
    }
    await page.getByRole('row').nth(1).click();
    await page.getByText('Alle Gespräche').waitFor();
    await screenshot(page, 'telephone-call');
    expect((await wordsOn(page)).filter((text) => english.includes(text))).toEqual([]);
    await nameCallers(page, 'x'.repeat(300));
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    // Whatever lies behind the navigation is covered by it.
    for (let y = 0; y < 600; y += 40) {
      await page.evaluate(`scrollTo(0, ${y})`);
      expect(await page.evaluate("document.elementFromPoint(195, 800).closest('nav') !== null"), `${y}`).toBe(
        true,
      );
    }
    expect(complaints).toEqual([]);
  });

  it('is used by the keyboard alone, and shows who stands in for a provider that fails', async () => {
    const { page, complaints } = await visit(OPERATE);
    await page.getByRole('button', { name: 'Call Tom' }).and(page.locator(':enabled')).waitFor();
    await tabTo(page, /^Call Tom/);
    await page.keyboard.press('Enter');
    const conversation = page.getByRole('region', { name: 'Conversation' });
    await conversation.getByText('Tom speaking').waitFor();
    expect((await atKeyboard(page)).name).toBe('Telephone');
    await tabTo(page, /^Keypad/);
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: '#', exact: true }).waitFor();
    await page.keyboard.type('5#');
    await conversation.getByText('pressed 5').waitFor();
    await page.getByText('stands in for groq').waitFor();
    await page.keyboard.press('Escape');
    expect((await atKeyboard(page)).name).toBe('Keypad');
    expect(await page.getByRole('button', { name: '#', exact: true }).count()).toBe(0);
    // Enough to be played: five seconds on, and some more.
    await expect
      .poll(() => page.locator('.in-call .elapsed').innerText(), PATIENCE)
      .toMatch(/0:(09|[1-5]\d)/);
    const workshop = await agent.lab.phone('softphone2', { register: true });
    await tabTo(page, /^Put through to/);
    await page.keyboard.press('Enter');
    const ringing = await workshop.incoming({ timeoutMs: 10_000 });
    await page.getByText('putting through').first().waitFor();
    await ringing.accept();
    await page.getByText('put through').and(page.locator(':not(button)')).first().waitFor();
    await tabTo(page, /^End the call/);
    await page.keyboard.press('Space');
    expect(await ringing.ended).toBe('other side hung up');
    await page.getByRole('button', { name: 'Call Tom' }).waitFor();
    expect((await atKeyboard(page)).name).toBe('Telephone');

    await tabTo(page, /^Open in history/);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Play' }).and(page.locator(':enabled')).waitFor();
    await tabTo(page, /^Place in the recording/);
    const place = page.getByRole('slider');
    for (const [key, at] of [
      ['ArrowRight', '5'],
      ['Home', '0'],
    ] as const) {
      await page.keyboard.press(key);
      await expect.poll(() => place.getAttribute('aria-valuenow')).toBe(at);
    }
    const length = Number(await place.getAttribute('aria-valuemax'));
    await page.evaluate(pressed('ArrowRight', 'ArrowRight'));
    await expect.poll(() => place.getAttribute('aria-valuenow')).toBe(`${Math.min(10, length)}`);
    await page.evaluate(pressed('Home', 'ArrowRight', 'ArrowRight', 'Home'));
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    expect(Number(await place.getAttribute('aria-valuenow'))).toBeLessThan(5);
    await page.keyboard.press('Space');
    await tabTo(page, /^Sorry/);
    await page.keyboard.press('ArrowRight');
    expect((await atKeyboard(page)).name).toMatch(/^that/);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Pause' }).waitFor();

    await tabTo(page, /^History/);
    await page.keyboard.press('Enter');
    await page.getByRole('searchbox').waitFor();
    await tabTo(page, /^Failed/);
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Failed', pressed: true }).waitFor();
    await page.keyboard.press('Space');
    expect(complaints).toEqual([]);
  });
});

/** Pixels of the list of calls that one has to scroll to. */
const BESIDE =
  "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('.call-table'))";

/** Keys that are pressed faster than the page can do what they ask for. */
function pressed(...keys: string[]): string {
  return `for (const key of ${JSON.stringify(keys)})
    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))`;
}

/** As if all callers, who choose their names, had this one. */
async function nameCallers(page: Page, name: string): Promise<void> {
  await page.evaluate(
    `for (const place of document.querySelectorAll('h1, .call-table td:nth-child(2)')) place.textContent = '${name}'`,
  );
}

/** Where the keyboard is: what somebody hears of it, and whether one sees it. */
function atKeyboard(page: Page): Promise<{ readonly name: string; readonly seen: boolean }> {
  return page.evaluate(`(() => {
    const at = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    const { top, bottom } = at.getBoundingClientRect();
    return {
      name: (at.getAttribute('aria-label') ?? at.textContent).trim(),
      seen: at === document.body || (outlineStyle !== 'none' && outlineWidth !== '0px' && top < innerHeight && bottom > 0),
    };
  })()`);
}

/** Presses Tab until that is reached; wherever it stops, one sees where that is. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  const passed: string[] = [];
  for (let stops = 0; stops < 60; stops += 1) {
    await page.keyboard.press('Tab');
    const stop = await atKeyboard(page);
    expect(stop.seen, `a visible focus at “${stop.name}”`).toBe(true);
    if (name.test(stop.name)) return;
    passed.push(stop.name.slice(0, 20));
  }
  throw new Error(`Tab doesn’t lead to ${String(name)}, but to ${passed.join(' | ')}`);
}

/** Every text that the English page has and the German one hasn't. */
function leaves(of: object): string[] {
  return Object.values(of).flatMap((value: unknown) =>
    typeof value === 'string' ? [value] : typeof value === 'object' && value !== null ? leaves(value) : [],
  );
}

/** The greatest sample of each side that the page has been sent since it was loaded. */
function sounds(page: Page): () => { caller: number; agent: number } {
  const greatest = { caller: 0, agent: 0 };
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      if (typeof payload === 'string') return;
      for (let at = 0; at + 3 < payload.length; at += 4) {
        greatest.caller = Math.max(greatest.caller, payload.readInt16LE(at));
        greatest.agent = Math.max(greatest.agent, payload.readInt16LE(at + 2));
      }
    });
  });
  return () => greatest;
}
