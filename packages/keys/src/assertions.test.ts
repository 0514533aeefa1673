import { generateKeyPairSync } from 'node:crypto';
import { SoftPasskey } from '@sluice/testkit/soft-passkey';
import { describe, expect, test } from 'vitest';
import { challengeOf, verifyAssertion } from './assertions.ts';

const site = { rpId: 'sluice.example', origin: 'https://sluice.example' };
const text = '["sluice-decision-v1","gateway","approval","digest","approve","person"]';
const challenge = challengeOf(text);
const passkey = new SoftPasskey();
const verify = (signing: Partial<Parameters<SoftPasskey['assert']>[0]>, more = {}) =>
  verifyAssertion({
    ...site,
    text,
    publicKey: passkey.publicKey,
    assertion: passkey.assert({ ...site, challenge, ...signing }),
    ...more,
  });

test.each(['es256', 'eddsa', 'rs256'] as const)('a good assertion counts: %s', (algorithm) => {
  const other = new SoftPasskey(algorithm);
  const assertion = other.assert({ ...site, challenge, counter: 7 });
  expect(verifyAssertion({ ...site, text, publicKey: other.publicKey, assertion })).toEqual({ ok: true, counter: 7 });
});

describe('a forged or misdirected assertion does not', () => {
  test.each([
    ['another text', { challenge: challengeOf(`${text} `) }, 'it signs something else'],
    ['another outcome', { challenge: challengeOf(text.replace('approve', 'deny')) }, 'it signs something else'],
    ['another origin', { origin: 'https://sluice.example.evil' }, 'another site'],
    ['another port', { origin: 'https://sluice.example:8443' }, 'another site'],
    ['plain http', { origin: 'http://sluice.example' }, 'another site'],
    ['another relying party', { rpId: 'example' }, 'another site'],
    ['a registration', { type: 'webauthn.create' }, 'no assertion'],
    ['a frame', { clientData: { crossOrigin: true } }, 'another site’s page'],
    ['a frame that names its top', { clientData: { topOrigin: 'https://evil' } }, 'another site’s page'],
    ['no user verification', { flags: 0x01 }, 'did not verify'],
    ['no touch', { flags: 0x04 }, 'nobody touched'],
    ['impossible flags', { flags: 0x15 }, 'contradict'],
  ])('%s', (_name, signing, problem) => {
    const result = verify(signing);
    expect(result).toMatchObject({ ok: false });
    expect(result.ok ? '' : result.problem).toContain(problem);
  });

  test('another key', () => {
    expect(verify({}, { publicKey: new SoftPasskey().publicKey })).toMatchObject({ problem: 'its signature is wrong' });
  });

  test('a key of a kind that nobody agreed on', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
    expect(verify({}, { publicKey: spki })).toMatchObject({ ok: false });
    const short = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey;
    expect(
      verify({}, { publicKey: short.export({ type: 'spki', format: 'der' }).toString('base64url') }),
    ).toMatchObject({
      problem: 'its key is of a kind that Sluice does not take',
    });
    expect(verify({}, { publicKey: 'AAAA' })).toMatchObject({ ok: false });
  });

  test('every changed byte of any part', () => {
    const good = passkey.assert({ ...site, challenge });
    for (const part of ['clientData', 'authenticatorData', 'signature'] as const) {
      const bytes = Buffer.from(good[part], 'base64url');
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(at) ^ 0x01, at);
        const assertion = { ...good, [part]: changed.toString('base64url') };
        const result = verifyAssertion({ ...site, text, publicKey: passkey.publicKey, assertion });
        expect(result.ok, `${part} ${at}`).toBe(false);
      }
      const cut = { ...good, [part]: bytes.subarray(0, -1).toString('base64url') };
      expect(verifyAssertion({ ...site, text, publicKey: passkey.publicKey, assertion: cut }).ok).toBe(false);
    }
  });

  test('nonsense in every part', () => {
    const good = passkey.assert({ ...site, challenge });
    for (const value of ['', '=', 'bnVsbA', 'W10', 'e30', 'AA'])
      for (const part of ['clientData', 'authenticatorData', 'signature'] as const)
        expect(
          verifyAssertion({ ...site, text, publicKey: passkey.publicKey, assertion: { ...good, [part]: value } }).ok,
        ).toBe(false);
  });
});
