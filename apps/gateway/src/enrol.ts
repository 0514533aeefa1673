/** A gateway's first request: it gives its public keys and pins the control plane's. */
import { hostname } from 'node:os';
import { SluiceError } from '@sluice/domain';
import { fingerprint } from '@sluice/keys';
import type { Logger } from 'pino';
import { capabilities } from './bundles.ts';
import { ControlPlane } from './control-plane.ts';
import type { GatewayEnvironment } from './env.ts';
import type { Enrolment, GatewayKeys, StateStore } from './state-store.ts';
import { gatewayVersion } from './version.ts';

/** Throws SluiceError `unauthenticated` without a token, and what the control plane answers. */
export async function enrol(
  env: GatewayEnvironment,
  store: StateStore,
  keys: GatewayKeys,
  log: Logger,
): Promise<Enrolment> {
  if (env.enrolToken === null) {
    throw new SluiceError('unauthenticated', 'this gateway is not enrolled and has no enrolment token', {
      audience: 'operator',
      hint: 'Make one on the gateways page and set SLUICE_ENROL_TOKEN.',
    });
  }
  const answer = await new ControlPlane(env.url, keys.signing, null).enrol({
    token: env.enrolToken,
    name: env.name,
    signingKey: keys.signing.publicKey,
    sealingKey: keys.sealing.publicKey,
    version: gatewayVersion,
    hostname: hostname(),
    capabilities,
  });
  const enrolment = { gatewayId: answer.gatewayId, url: env.url, bundleKey: answer.bundleKey, caRoot: answer.caRoot };
  store.keepEnrolment(enrolment);
  log.info(
    {
      gatewayId: answer.gatewayId,
      sealingKey: fingerprint(keys.sealing.publicKey),
      signingKey: fingerprint(keys.signing.publicKey),
    },
    'enrolled',
  );
  return enrolment;
}
