import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, messageOf, VoiceAgentError } from '../../src/lib/errors.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

describe('errors', () => {
  it('have a section each in docs/errors.md, and the page has no others', () => {
    const sections = [...page.matchAll(/^## (\w+)$/gm)].map(([, code]) => code);
    expect(sections.toSorted()).toEqual([...ERROR_CODES].toSorted());
  });

  it('say in their section what to do', () => {
    for (const section of page.split(/^## /m).slice(1)) {
      const text = section.split('\n').slice(1).join(' ').trim();
      expect(text.length, section.split('\n')[0]).toBeGreaterThan(40);
    }
  });

  it('carry a code and a cause', () => {
    const cause = new Error('refused');
    const error = new VoiceAgentError('ARI_UNREACHABLE', 'nobody there', { cause });
    expect(error).toMatchObject({ code: 'ARI_UNREACHABLE', message: 'nobody there', cause });
  });

  it('are told as one sentence, joined errors included', () => {
    expect(messageOf(new AggregateError([new Error('a'), 'b']))).toBe('a; b');
    expect(messageOf('plain')).toBe('plain');
  });
});
