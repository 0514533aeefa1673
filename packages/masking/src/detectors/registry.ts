import { email, phone } from './contact.ts';
import { bearerToken, connectionUrl, password, privateKey } from './credentials.ts';
import { usSsn } from './identity.ts';
import { cloudKey, jwt, passwordHash, sluiceToken, vendorKey } from './keys.ts';
import { iban, paymentCard } from './payment.ts';
import type { Detector } from './subject.ts';

/** Every detector; where findings overlap the earlier in this list names the result. */
export const detectors: readonly Detector[] = [
  privateKey,
  connectionUrl,
  jwt,
  cloudKey,
  vendorKey,
  sluiceToken,
  bearerToken,
  passwordHash,
  password,
  email,
  iban,
  paymentCard,
  usSsn,
  phone,
];

/** The names that mask rules use. */
export const detectorNames: readonly string[] = detectors.map((detector) => detector.name);
