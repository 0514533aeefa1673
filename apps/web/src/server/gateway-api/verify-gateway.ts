import type { IncomingMessage } from 'node:http';
import type { GatewayCaller } from '@sluice/api';
import type { Database } from '@sluice/database';
import { findSigningKey, rememberNonce } from '@sluice/database';
import { isId } from '@sluice/domain';
import { verifyRequest } from '@sluice/keys';

export interface VerifyOptions {
  readonly database: Database;
  readonly publicUrl: string;
  readonly internalUrls: readonly string[];
}

/** The gateway that signed a request (RFC 9421). Throws SluiceError `unauthenticated`. */
export async function verifyGateway(
  request: IncomingMessage,
  body: Buffer | null,
  options: VerifyOptions,
): Promise<GatewayCaller> {
  const { db } = options.database;
  let signingKey = '';
  const { keyId } = await verifyRequest({
    method: request.method ?? '',
    url: originOf(request, options) + (request.url ?? ''),
    headers: request.headers,
    body,
    publicKeyOf: async (id) => {
      const key = isId(id) ? await findSigningKey(db, id) : null;
      signingKey = key ?? '';
      return key;
    },
    now: Date.now(),
    seenNonce: (id, nonce, expiresAt) => rememberNonce(db, id, nonce, new Date(expiresAt)),
  });
  return { id: keyId, signingKey };
}

/**
 * The origin that the gateway signed. The host header only chooses among configured origins, so a request signed for one installation
 * is good for no other.
 */
function originOf(request: IncomingMessage, { publicUrl, internalUrls }: VerifyOptions): string {
  return internalUrls.find((url) => new URL(url).host === request.headers.host) ?? publicUrl;
}
