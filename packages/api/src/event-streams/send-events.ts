/** The three ways out. Each resolves only once the other side has everything, so that a cursor may move; else it rejects. */
import { createHmac } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { connect, isIP } from 'node:net';
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
const lineFeed = 0x0a;

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
 * who closes earlier, resets or falls silent has perhaps not: then everything is sent again.
 */
function sendSyslog(
  settings: Extract<StreamSettings, { kind: 'syslog' }>,
  events: readonly StreamEvent[],
): Promise<void> {
  const { host, port, transport } = settings;
  return new Promise((resolve, reject) => {
    const socket = transport === 'tls' ? dialTls(settings) : connect({ host, port, allowHalfOpen: true });
    // Not a limit on silence alone: who answers an octet now and then must not keep the cursor's transaction open.
    const deadline = setTimeout(() => socket.destroy(new Error('no answer in time')), deliveryMs);
    let answered = false;
    socket.on('error', reject);
    socket.on('data', () => undefined);
    socket.once('end', () => {
      // All was handed over before the other side said that it is done.
      answered = socket.writableEnded && socket.writableLength === 0;
      if (!answered) socket.destroy(new Error('the other side closed before it had everything'));
    });
    socket.once('close', () => {
      clearTimeout(deadline);
      if (answered) resolve();
      else reject(new Error('the connection was cut'));
    });
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => {
      socket.end(Buffer.concat(events.map((event) => framed(syslogMessage(event, hostname())))));
    });
  });
}

/** RFC 5425: the server's certificate is checked, by the given authority or the system's, and for its name or address. */
function dialTls(settings: Extract<StreamSettings, { kind: 'syslog' }>) {
  const { host, port, ca } = settings;
  const options = {
    host,
    port,
    // RFC 6066 knows no addresses here; the certificate is checked for the address all the same.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === null ? {} : { ca }),
    minVersion: 'TLSv1.2' as const,
    allowHalfOpen: true,
  };
  return connectTls(options);
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
  const file = await open(path, 'a+', 0o600);
  try {
    // What a full disk or a crash cut off stays a line of its own; its event comes again.
    const { size } = await file.stat();
    const isWhole = size === 0 || (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] === lineFeed;
    await file.appendFile(`${isWhole ? '' : '\n'}${events.map((event) => `${jsonLine(event)}\n`).join('')}`);
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
