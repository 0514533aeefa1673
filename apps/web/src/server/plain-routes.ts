import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ApiContext, type ApiServices, exportAudit, exportGateway, exportRecording } from '@sluice/api';
import { isId, SluiceError } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { authenticate, type CallerOptions } from './http/callers.ts';

const gatewayPath = /^\/api\/gateways\/([^/]{1,64})\/recordings$/;
const auditPath = '/api/audit/export';
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

type ExportOptions = CallerOptions & { readonly services: ApiServices };

/** Whether a path is one of the exports that are sent a part at a time. */
export function isStreamedExport(path: string): boolean {
  return path === auditPath || gatewayPath.test(path);
}

/** Sends a gateway's recordings (`?from=&to=`, ISO 8601) or the audit chain (`?from=`, an event's number). */
export async function sendStreamedExport(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  address: string,
  options: ExportOptions,
): Promise<void> {
  const { caller, context } = await exporter(request, address, options);
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const gateway = gatewayPath.exec(path)?.[1];
  const parts =
    gateway === undefined
      ? await exportAudit(context, caller, eventNumber(query.get('from')))
      : await exportGateway(context, caller, decodeURIComponent(gateway), {
          from: moment(query.get('from')),
          to: moment(query.get('to')),
        });
  const name = gateway === undefined ? 'audit.sluice' : `${encodeURIComponent(gateway)}.sluice`;
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${name}"`,
    'cache-control': 'no-store',
  });
  // A fault on the way ends the connection: the file then lacks its last line, which its reader names.
  await pipeline(Readable.from(parts), response);
}

function moment(text: string | null): Date | null {
  if (text === null) return null;
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new SluiceError('bad-request', `“${text}” is no time.`);
  return date;
}

function eventNumber(text: string | null): number {
  if (text === null) return 1;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new SluiceError('bad-request', `“${text}” is no event’s number.`);
  return Number(text);
}

async function exporter(
  request: IncomingMessage,
  address: string,
  options: ExportOptions,
): Promise<{ readonly caller: Caller; readonly context: ApiContext }> {
  const { caller, refusal, software } = await authenticate(request, address, options);
  if (caller === null)
    throw (
      refusal ?? new SluiceError('unauthenticated', 'Nobody is signed in.', { hint: 'Sign in, or send an API token.' })
    );
  return { caller, context: { services: options.services, caller, refusal, address, software } };
}

export async function sendRecording(
  request: IncomingMessage,
  response: ServerResponse,
  sessionId: string,
  address: string,
  options: ExportOptions,
): Promise<void> {
  const { caller, context } = await exporter(request, address, options);
  if (!isId(sessionId)) throw new SluiceError('not-found', 'There is no such session, or it is not yours to see.');
  const file = await exportRecording(context, caller, sessionId);
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': file.length,
    'content-disposition': `attachment; filename="${sessionId}.sluice"`,
    'cache-control': 'no-store',
  });
  response.end(file);
}
