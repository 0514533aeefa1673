import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { SluiceError } from '@sluice/domain';
import { decodeBase64url } from './digest.ts';

/** OWASP's password storage cheat sheet, scrypt row "N=2^15, r=8, p=3": 32 MiB and a few hundred milliseconds. */
const current = { logN: 15, r: 8, p: 3 } as const;
/** A stored string may raise the cost up to here, so that a damaged row cannot take the process's memory. */
const maxLogN = 17;
const maxR = 16;
const maxP = 4;
const saltBytes = 16;
const hashBytes = 32;
/** UTF-16 code units. */
export const maxPasswordLength = 1_024;
const maxMemoryBytes = 512 * 1024 * 1024;

const storedPattern = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;

/** Hashes a local user's password to `$scrypt$ln=…,r=…,p=…$salt$hash`. Throws SluiceError `too-large` over 1,024 characters. */
export async function hashPassword(password: string): Promise<string> {
  if (password.length > maxPasswordLength) {
    throw new SluiceError('too-large', `A password has at most ${maxPasswordLength} characters.`, {
      audience: 'person',
    });
  }
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, current);
  return `$scrypt$ln=${current.logN},r=${current.r},p=${current.p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/**
 * True when the password is the stored one. `stored` null (no such person, or one without a password) and a string of another form
 * take the same work and give false, so that time does not tell who exists.
 */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const parsed = stored === null ? null : parseStored(stored);
  const presented = password.length > maxPasswordLength ? '' : password;
  const hash = await derive(presented, parsed?.salt ?? Buffer.alloc(saltBytes), parsed ?? current);
  const equal = timingSafeEqual(hash, parsed?.hash ?? Buffer.alloc(hashBytes));
  return equal && parsed !== null && password.length <= maxPasswordLength;
}

interface Cost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

function parseStored(stored: string): (Cost & { readonly salt: Buffer; readonly hash: Buffer }) | null {
  const [, logN, r, p, salt, hash] = storedPattern.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return null;
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
  if (cost.logN < 1 || cost.logN > maxLogN || cost.r < 1 || cost.r > maxR || cost.p < 1 || cost.p > maxP) return null;
  const saltValue = decodeBase64url(salt, saltBytes);
  const hashValue = decodeBase64url(hash, hashBytes);
  return saltValue === null || hashValue === null ? null : { ...cost, salt: saltValue, hash: hashValue };
}

function derive(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** cost.logN, r: cost.r, p: cost.p, maxmem: maxMemoryBytes };
  return new Promise((resolve, reject) => {
    // One spelling of one password: keyboards differ in how they compose accents.
    scrypt(password.normalize('NFC'), salt, hashBytes, options, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}
