import { generateSigningKeys, newId, sha256 } from '@sluice/keys';
import { buildLogEntry, type ChainPlace, firstLogHash, readCheckpoint } from '../checkpoint.ts';
import { gatewayExportEnd, gatewayExportSession, gatewayExportStart } from '../gateway-export.ts';
import { writeExport } from '../recording-export.ts';
import type { SessionRecorder } from '../session-recorder.ts';
import { checkpointName } from '../spool-names.ts';
import { fileSpool } from '../spool-store.ts';
import { SpoolWriter } from '../spool-writer.ts';
import type { LoggedCheckpoint } from '../verify-gateway-chain.ts';
import { closed, note, sampleGatewayId, sampleKeys, spooledChunks } from './sample-recording.ts';

export const installationKeys = generateSigningKeys();
const exportKeys = [{ keyId: sampleKeys.keyId, publicKey: sampleKeys.publicKey }];

export interface SampleGateway {
  /** In the order of their first links. */
  readonly sessions: { readonly sessionId: string; readonly chunks: readonly Buffer[] }[];
  readonly logged: readonly LoggedCheckpoint[];
  /** The newest link's number. */
  readonly to: number;
}

/** What a real spool writer makes of that many sessions, some of them open at the same time, with a checkpoint now and then. */
export function sampleGateway(
  folder: string,
  count: number,
  checkpointEvery: number,
  openAtOnce = 4,
  /** Where the chain goes on; missing: it is a new gateway's. */
  place: ChainPlace = { checkpoint: null, links: [] },
): SampleGateway {
  let now = 1_000_000;
  const store = fileSpool(folder);
  const writer = new SpoolWriter({
    store,
    gatewayId: sampleGatewayId,
    keys: sampleKeys,
    now: () => now,
    onFault: (message, error) => {
      throw new Error(message, { cause: error });
    },
    onChunk: () => undefined,
  });
  writer.resumeChain(place);
  const ids: string[] = [];
  const open: SessionRecorder[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = newId();
    ids.push(id);
    const recorder = writer.openSession(id);
    recorder.append(note(`session ${index}`), { durable: true });
    recorder.flush();
    open.push(recorder);
    if (open.length >= openAtOnce) open.shift()?.close(closed);
    if (index % checkpointEvery === checkpointEvery - 1) {
      now += 10_000;
      writer.tick();
    }
  }
  for (const recorder of open) recorder.close(closed);
  now += 10_000;
  writer.stop();
  const lines = store.checkpoints.map((number) => store.read(checkpointName(number)).toString('utf8'));
  const to = Math.max(-1, ...lines.map((line) => readCheckpoint(line).value.head?.number ?? -1));
  const sessions = ids.map((sessionId) => ({ sessionId, chunks: [...spooledChunks(store, sessionId).values()] }));
  return { sessions, logged: logged(lines), to };
}

/** The control plane's log of these checkpoints. */
export function logged(checkpoints: readonly string[]): LoggedCheckpoint[] {
  let previousHash = firstLogHash(sampleGatewayId);
  return checkpoints.map((checkpoint, entry) => {
    const signed = buildLogEntry(installationKeys, {
      gatewayId: sampleGatewayId,
      entry,
      previousHash,
      number: readCheckpoint(checkpoint).value.number,
      checkpointHash: sha256(checkpoint),
      receivedAt: 2_000_000 + entry,
      audit: { index: entry, hash: '0'.repeat(64) },
    });
    previousHash = signed.hash;
    return { entry: signed.line, checkpoint };
  });
}

export function gatewayFile({ sessions, logged: log, to }: SampleGateway): Buffer {
  const installation = [{ keyId: installationKeys.keyId, publicKey: installationKeys.publicKey }];
  const header = { gatewayId: sampleGatewayId, from: 0, to, sessions: sessions.length };
  return Buffer.concat([
    gatewayExportStart({ ...header, keys: exportKeys, installationKeys: installation }, log),
    ...sessions.map(({ sessionId, chunks }) => gatewayExportSession(sessionId, writeExport(chunks, exportKeys))),
    gatewayExportEnd(sessions.length),
  ]);
}
