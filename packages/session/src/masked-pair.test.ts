import { compileMasks } from '@sluice/masking';
import { expect, it } from 'vitest';
import { openMaskedPair } from './masked-pair.ts';
import type { SessionMasks } from './session-masks.ts';

const rule = { rule: 'r', columns: [], detectors: ['email'], strategy: 'redact', dataClass: 'contact' } as const;
const strict = compileMasks([rule], () => 'a'.repeat(40));
const none = compileMasks([], () => '');

function pair(masks: { client: typeof strict; record: typeof strict }) {
  const kept: string[] = [];
  const opened = openMaskedPair(masks as unknown as SessionMasks, (bytes) => kept.push(bytes.toString()), false);
  return { opened, kept };
}

it('looks once while the client sees what is kept, and keeps no byte twice', () => {
  const { opened, kept } = pair({ client: strict, record: strict });
  const shown = [
    opened.write(Buffer.from('to alice@exa')),
    opened.write(Buffer.from('mple.com now\n')),
    opened.flush(true),
  ];
  expect(shown.join('')).toBe('to [email] now\n');
  expect(kept.join('')).toBe('to [email] now\n');
});

it('keeps masked what the client may see', () => {
  const { opened, kept } = pair({ client: none, record: strict });
  expect([opened.write(Buffer.from('to alice@example.com now\n')), opened.flush(true)].join('')).toBe(
    'to alice@example.com now\n',
  );
  expect(kept.join('')).toBe('to [email] now\n');
});

it('a grant in the middle of a stream unmasks what comes, for the client alone; what was held goes masked', () => {
  const masks = { client: strict, record: strict };
  const { opened, kept } = pair(masks);
  const shown = [opened.write(Buffer.from('a@example.com b@example.com'))];
  masks.client = none;
  shown.push(opened.write(Buffer.from(' c@example.com ')), opened.flush(true));
  expect(shown.join('')).toBe('[email] [email] c@example.com ');
  expect(kept.join('')).toBe('[email] [email] [email] ');
});

it('a rule in the middle of a stream masks what comes', () => {
  const masks = { client: none, record: strict };
  const { opened } = pair(masks);
  const shown = [opened.write(Buffer.from('a@example.com '))];
  masks.client = strict;
  shown.push(opened.write(Buffer.from('b@example.com ')), opened.flush(true));
  expect(shown.join('')).toBe('a@example.com [email] ');
});
