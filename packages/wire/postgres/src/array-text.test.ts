import { describe, expect, it } from 'vitest';
import { mapArrayText } from './array-text.ts';

const same = (text: string): string | undefined => mapArrayText(text, (element) => element);

describe('array literals', () => {
  it.each(['{}', '{a,NULL,"b c"}', '{{1,2},{3,4}}', '[0:1]={a,b}', '{"",NULL,"NULL"}', '{"q\\"\\\\"}'])(
    '%s is printed as it came',
    (text) => expect(same(text)).toBe(text),
  );

  // Found by fuzzing: these ran together into other elements. Nobody's output function writes them, so they are not understood.
  it.each([
    '{"b""c"}',
    '{a"b"}',
    '{"a"b}',
    '{{a}b}',
    '{a,}',
    '{,a}',
    '{a}b',
    'a',
    '{a',
    '{"a}',
    '{a}{b}',
    '{{a}{b}}',
    '{a{b}}',
  ])('%s is no array literal', (text) => expect(same(text)).toBeUndefined());
});
