/** The three ways out. Each resolves only once the other side has everything, so that a cursor may move; else it rejects. */
import { createHmac } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { type Secret, SluiceError } from '@sluice/domain';
import { framed, jsonLine, syslogMessage } from './event-lines.ts';
import type { StreamEvent, StreamSettings } from './stream-settings.ts';

/** How long one batch may take, in ms; the cursor's transaction is open meanwhile. */
const deliveryMs = 10_000;
/** A file is rolled over from here, in bytes, and so many old ones are kept. */
const maxFileBytes = 64 * 1024 * 1024;
const keptFiles = 5;

export interface Delivery {
  readonly settings: StreamSettings;
  /** Key of the signatures that an endpoint checks. */
  readonly secret: Secret | null;
  /** The folder below which file streams may write; null: there are none. */
  readonly folder: string | null;
}

/** Throws SluiceError `unavailable` with the other side's word when not everything arrived. */
export async function sendEvents(
  { settings, secret, folder }: Delivery,
  events: readonly StreamEvent[],
): Promise<void> {
  if (events.length === 0) return;
  try {
    switch (settings.kind) {
      case 'syslog':
        return await sendSyslog(settings, events);
      case 'endpoint':
        return await postToEndpoint(settings.url, secret, events);
      case 'file':
        return await appendFile(settings.name, folder, events);
    }
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause;
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError('unavailable', `The event stream could not be delivered: ${what}`, {
      audience: 'person',
      cause,
    });
  }
}

/**
 * A connection a batch. Syslog acknowledges nothing; but who closes its side in answer to our end has read all that came before, and
 * who resets or falls silent has perhaps not: then everything is sent again.
 */
function sendSyslog(
  settings: Extract<StreamSettings, { kind: 'syslog' }>,
  events: readonly StreamEvent[],
): Promise<void> {
  const { host, port, transport, ca } = settings;
  return new Promise((resolve, reject) => {
    const socket =
      transport === 'tls'
        ? connectTls({ host, port, servername: host, ...(ca === null ? {} : { ca }) })
        : connect({ host, port, allowHalfOpen: true });
    let ended = false;
    socket.setTimeout(deliveryMs, () => socket.destroy(new Error('no answer in time')));
    socket.on('error', reject);
    socket.on('data', () => undefined);
    socket.once('end', () => {
      ended = true;
    });
    socket.once('close', () => {
      if (ended) resolve();
      else reject(new Error('the connection was cut'));
    });
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => {
      socket.end(Buffer.concat(events.map((event) => framed(syslogMessage(event, hostname())))));
    });
  });
}

/** NDJSON, signed: HMAC-SHA-256 over `sluice-timestamp`, a full stop and the body. */
async function postToEndpoint(url: string, secret: Secret | null, events: readonly StreamEvent[]): Promise<void> {
  const body = events.map((event) => `${jsonLine(event)}\n`).join('');
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac('sha256', secret?.reveal() ?? '')
    .update(`${timestamp}.${body}`)
    .digest('hex');
  const answer = await fetch(url, {
    method: 'POST',
    redirect: 'error',
    signal: AbortSignal.timeout(deliveryMs),
    headers: {
      'content-type': 'application/x-ndjson',
      'sluice-timestamp': timestamp,
      'sluice-signature': `v1=${signature}`,
    },
    body,
  });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`the endpoint answered ${answer.status}`);
}

async function appendFile(name: string, folder: string | null, events: readonly StreamEvent[]): Promise<void> {
  if (folder === null)
    throw new SluiceError('unavailable', 'This control plane has no folder for event files.', {
      audience: 'person',
      hint: 'Its operator sets SLUICE_EVENT_FILES.',
    });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${name}.ndjson`);
  const bytes = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  if (bytes >= maxFileBytes) await rollOver(path);
  const file = await open(path, 'a', 0o600);
  try {
    await file.appendFile(events.map((event) => `${jsonLine(event)}\n`).join(''));
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function rollOver(path: string): Promise<void> {
  for (let number = keptFiles - 1; number >= 1; number -= 1)
    await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(() => undefined);
  await rename(path, `${path}.1`);
}
