import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mintToken, parseToken, tokenDisplay, tokenHash, tokenKinds } from './tokens.ts';

test('a minted token parses as its kind and shows nothing when printed', () => {
  for (const kind of tokenKinds) {
    const token = mintToken(kind);
    expect(parseToken(token.reveal())).toEqual({ kind, ok: true });
    expect(String(token)).toBe('<secret>');
    expect(token.reveal()).toHaveLength(37);
    expect(token.reveal().startsWith(tokenDisplay(token))).toBe(true);
    expect(tokenDisplay(token)).toHaveLength(8);
    expect(tokenHash(token)).toBe(tokenHash(token.reveal()));
    expect(tokenHash(token)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  }
});

test('every one-character change of a token is caught', () => {
  const token = mintToken('service').reveal();
  for (let index = 0; index < token.length; index += 1) {
    for (const character of ['0', 'a', 'Z', '_', 'p', 'n']) {
      if (character === token[index]) continue;
      const changed = token.slice(0, index) + character + token.slice(index + 1);
      expect(parseToken(changed)?.ok ?? false, changed).toBe(false);
    }
  }
});

test('foreign text is no token, whatever it is', () => {
  fc.assert(fc.property(fc.string(), (text) => parseToken(text)?.ok !== true));
  expect(parseToken(`${mintToken('person').reveal()}\n`)).toBeNull();
});
