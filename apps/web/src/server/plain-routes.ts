import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ApiServices, exportRecording } from '@sluice/api';
import { isId, SluiceError } from '@sluice/domain';
import { authenticate, type CallerOptions } from './http/callers.ts';

const recordingPath = /^\/api\/sessions\/([^/]{1,64})\/recording$/;

/** The session id of a recording's path, or null for any other path. */
export function recordingOf(path: string): string | null {
  return recordingPath.exec(path)?.[1] ?? null;
}

export function sendCertificate(response: ServerResponse, caRoot: string): void {
  response.writeHead(200, {
    'content-type': 'application/x-pem-file',
    'content-disposition': 'attachment; filename="sluice-ca.pem"',
    'cache-control': 'no-cache',
  });
  response.end(caRoot);
}

export async function sendRecording(
  request: IncomingMessage,
  response: ServerResponse,
  sessionId: string,
  address: string,
  options: CallerOptions & { readonly services: ApiServices },
): Promise<void> {
  const { caller, refusal } = await authenticate(request, options);
  if (caller === null)
    throw (
      refusal ?? new SluiceError('unauthenticated', 'Nobody is signed in.', { hint: 'Sign in, or send an API token.' })
    );
  if (!isId(sessionId)) throw new SluiceError('not-found', 'There is no such session, or it is not yours to see.');
  const context = { services: options.services, caller, refusal, address };
  const file = await exportRecording(context, caller, sessionId);
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': file.length,
    'content-disposition': `attachment; filename="${sessionId}.sluice"`,
    'cache-control': 'no-store',
  });
  response.end(file);
}
