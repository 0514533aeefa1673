import { generateKeyPairSync } from 'node:crypto';
import { Secret, type SignedBundle } from '@sluice/domain';
import { generateSigningKeys, hostCertificatesContext, hostKeyContext, signJson, verifyBytes } from '@sluice/keys';
import { afterEach, expect, test } from 'vitest';
import type { ControlPlane } from './control-plane.ts';
import { HostIdentities } from './host-identities.ts';

const gatewayId = 'gateway-1';
const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const bundleKey = generateSigningKeys();
const hourMs = 3_600_000;
let identities: HostIdentities;
let kept: SignedBundle | null = null;
afterEach(() => {
  identities.close();
  kept = null;
});

/** What the control plane answers, by default well: `more` overrides what it says. */
function open(more: Record<string, unknown> = {}, keys = bundleKey): string[] {
  const said: string[] = [];
  const controlPlane: Pick<ControlPlane, 'hostCertificates'> = {
    hostCertificates: ({ publicKey, proof }) => {
      expect(verifyBytes(publicKey, hostKeyContext, Buffer.from(gatewayId), proof)).toBe(true);
      expect(verifyBytes(publicKey, hostKeyContext, Buffer.from('gateway-2'), proof)).toBe(false);
      const answer = {
        gatewayId,
        publicKey,
        issuedAt: new Date().toISOString(),
        notAfter: new Date(Date.now() + hourMs).toISOString(),
        clientAuthorities: [Buffer.from('authority').toString('base64')],
        certificates: [{ connectionId: 'one', certificate: Buffer.from('certificate').toString('base64') }],
        ...more,
      };
      return Promise.resolve(signJson(keys, hostCertificatesContext, answer));
    },
  };
  const bundles = {
    publicKeyOf: (keyId: string) => (keyId === bundleKey.keyId ? bundleKey.publicKey : null),
    current: null,
    onChange: () => undefined,
  };
  identities = new HostIdentities(gatewayId, controlPlane, bundles, {
    store: {
      hostKey: () => new Secret(pem),
      hostCertificates: () => kept,
      keepHostCertificates: (signed) => {
        kept = signed;
      },
    },
    log: (message) => said.push(message),
  });
  return said;
}

const shown = (connectionId = 'one') => {
  const { certificate, clientAuthorities } = identities.of(connectionId);
  return { certificate: certificate?.toString() ?? null, authorities: clientAuthorities.map(String) };
};
const nothing = { certificate: null, authorities: [] };

test('each connection has its own certificate, and a restart shows it at once', async () => {
  open();
  expect(shown()).toEqual(nothing);
  await identities.renew();
  expect(shown()).toEqual({ certificate: 'certificate', authorities: ['authority'] });
  expect(shown('two')).toEqual({ certificate: null, authorities: ['authority'] });
  identities.close();
  open();
  expect(shown()).toEqual({ certificate: 'certificate', authorities: ['authority'] });
});

test('what has ended counts for nothing', async () => {
  open({ notAfter: new Date(Date.now() - 1).toISOString() });
  await identities.renew();
  expect(shown()).toEqual(nothing);
});

test.each([
  ['another gateway', { gatewayId: 'gateway-2' }, bundleKey],
  ['another host key', { publicKey: generateSigningKeys().publicKey }, bundleKey],
  ['an unknown signer', {}, generateSigningKeys()],
])('an answer of %s is not taken', async (_what, more, keys) => {
  const said = open(more, keys);
  await identities.renew();
  expect(shown()).toEqual(nothing);
  expect(said).toEqual(['no host certificates yet']);
  expect(kept).toBeNull();
});

test('an answer older than the one in force is not taken', async () => {
  open();
  await identities.renew();
  identities.close();
  open({ issuedAt: new Date(Date.now() - hourMs).toISOString(), clientAuthorities: [] });
  await identities.renew();
  expect(shown().authorities).toEqual(['authority']);
});
