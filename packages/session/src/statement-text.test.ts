import { type LiteralSpan, unreadableFacts } from '@sluice/domain';
import { compileMasks } from '@sluice/masking';
import { expect, test } from 'vitest';
import { maskCanonicalText } from './statement-text.ts';

const masks = compileMasks([], () => 'digest');

function canonicalOf(values: readonly string[]): string | null {
  const text = `DELETE FROM t WHERE ${values.map((value) => `id = ${value}`).join(' OR ')}`;
  let from = 0;
  const literals = values.map((value): LiteralSpan => {
    const start = text.indexOf(`= ${value}`, from) + 2;
    from = start + value.length;
    return { start, end: from, value, column: null };
  });
  const facts = [{ ...unreadableFacts('test', text, ''), command: 'DELETE', complete: true, literals }];
  return maskCanonicalText(masks, text, facts, text);
}

test('a canonical print with tens of thousands of literals keeps no other session waiting', () => {
  expect(canonicalOf(Array.from({ length: 50_000 }, () => '1'))).toContain('id = 1 OR id = 1');
});

test('with more different values than are looked for there is none', () => {
  expect(canonicalOf(Array.from({ length: 900 }, (_, i) => String(i)))).toContain('id = 899');
  expect(canonicalOf(Array.from({ length: 50_000 }, (_, i) => String(i)))).toBeNull();
});
