import { generateSigningKeys } from '@sluice/keys';
import { afterAll, expect, test } from 'vitest';
import { buildCheckpoint, type ChainPlace, type LinkedChunk, readCheckpoint } from './checkpoint.ts';
import { readChunk } from './chunk.ts';
import { GatewayChain } from './gateway-chain.ts';
import { type GatewayVerdict, verifyGatewayExport } from './gateway-export.ts';
import { checkpointName } from './spool-names.ts';
import { fileSpool } from './spool-store.ts';
import { gatewayFile, logged, type SampleGateway, sampleGateway } from './testing/sample-gateway.ts';
import { sampleGatewayId, sampleKeys, TestFolders } from './testing/sample-recording.ts';

const folders = new TestFolders();
afterAll(() => folders.remove());

const before = sampleGateway(folders.make(), 12, 4);
const lines = before.logged.map(({ checkpoint }) => checkpoint);
const newest = lines.at(-1) ?? '';

/** The gateway of before on an empty folder, told where its chain stands. */
function after(place: ChainPlace): SampleGateway {
  return sampleGateway(folders.make(), 6, 2, 2, place);
}

/** All that reached the control plane, in one file. */
function verified(received: SampleGateway, more: SampleGateway): GatewayVerdict {
  const all = [...received.logged, ...more.logged].map(({ checkpoint }) => checkpoint);
  return verifyGatewayExport(
    gatewayFile({ sessions: [...received.sessions, ...more.sessions], logged: logged(all), to: more.to }),
  );
}

test('a gateway that lost its spool goes on where the control plane saw its chain last, and says so', () => {
  const verdict = verified(before, after({ checkpoint: newest, links: [] }));
  expect(verdict.problems).toEqual([]);
  expect(verdict).toMatchObject({ ok: true, sessions: 18 });
  expect(verdict.resumed.map(({ number }) => number)).toEqual([lines.length]);
  expect(verified(before, after({ checkpoint: null, links: [] })).problems).toContainEqual(
    expect.objectContaining({ what: 'exists twice with different contents' }),
  );
});

test('links that no checkpoint names yet are named by the one that says so', () => {
  const naming = lines.findLastIndex((line) => readCheckpoint(line).value.links.length > 1);
  const kept = lines.slice(0, naming);
  const seen = readCheckpoint(kept.at(-1) ?? '').value.head?.number ?? -1;
  const links = readCheckpoint(lines[naming] ?? '').value.links;
  expect(links[0]?.number).toBe(seen + 1);
  const received = { ...before, logged: logged(kept) };
  const more = after({ checkpoint: kept.at(-1) ?? '', links });
  expect(readCheckpoint(more.logged[0]?.checkpoint ?? '').value).toMatchObject({ resumed: true, links });
  expect(verified(received, more)).toMatchObject({ ok: true, problems: [] });
  // One that never arrived stays a hole, with the session that the link behind it names.
  const lost = links[1] as LinkedChunk;
  const rest = received.sessions.map(({ sessionId, chunks }) => ({
    sessionId,
    chunks: chunks.filter((chunk) => sessionId !== lost.sessionId || readChunk(chunk).hash !== lost.hash),
  }));
  const holed = verified(
    { ...received, sessions: rest },
    after({ checkpoint: kept.at(-1) ?? '', links: links.filter(({ number }) => number !== lost.number) }),
  );
  expect(holed.ok).toBe(false);
  expect(holed.problems).toContainEqual(expect.objectContaining({ sessionId: lost.sessionId }));
});

test('only what this gateway signed is believed', () => {
  const chain = () => new GatewayChain(fileSpool(folders.make()), { gatewayId: sampleGatewayId, keys: sampleKeys });
  const damaged = expect.objectContaining({ code: 'recording-damaged' });
  const { value } = readCheckpoint(newest);
  const foreign = buildCheckpoint(generateSigningKeys(), value).line;
  const others = buildCheckpoint(sampleKeys, { ...value, gatewayId: 'another' }).line;
  for (const checkpoint of [foreign, others, newest.replace('"open":0', '"open":1'), '{}']) {
    const asked = chain();
    expect(() => asked.resume({ checkpoint, links: [] })).toThrow(damaged);
    expect(asked.isUnknown).toBe(true);
  }
});

test('a new gateway begins at 0 and marks nothing; one that has its spool is not asked', () => {
  expect(readCheckpoint(lines[0] ?? '').value).toMatchObject({ number: 0 });
  expect(lines.join('')).not.toContain('resumed');
  const store = fileSpool(folders.make());
  const signer = { gatewayId: sampleGatewayId, keys: sampleKeys };
  const chain = new GatewayChain(store, signer);
  expect(chain.isUnknown).toBe(true);
  chain.resume({ checkpoint: newest, links: [] });
  chain.makeCheckpoint(Date.now(), 0, true);
  const again = new GatewayChain(store, signer);
  expect(again.isUnknown).toBe(false);
  expect(again.next().number).toBe(before.to + 1);
});

test('whatever dies before the checkpoint that says so is written, the next start says it, once', () => {
  const signer = { gatewayId: sampleGatewayId, keys: sampleKeys };
  const store = fileSpool(folders.make());
  const dies = new GatewayChain(store, signer);
  dies.resume({ checkpoint: newest, links: [] });
  // The chain's place is on the disk; the checkpoint is not.
  dies.persist();
  const next = new GatewayChain(store, signer);
  expect(next.isUnknown).toBe(false);
  next.makeCheckpoint(2_000_000, 0, true);
  // As if the log had not followed the checkpoint's file, either.
  const third = new GatewayChain(store, signer);
  third.makeCheckpoint(2_010_000, 0, true);
  const marks = store.checkpoints.map((number) => readCheckpoint(store.read(checkpointName(number)).toString()).value);
  expect(marks.map(({ resumed }) => resumed === true)).toEqual([true, false]);
});

test('a checkpoint that says so counts although a kill kept the log from following it', () => {
  const signer = { gatewayId: sampleGatewayId, keys: sampleKeys };
  const store = fileSpool(folders.make());
  const chain = new GatewayChain(store, signer);
  chain.resume({ checkpoint: newest, links: [] });
  chain.persist();
  const before = store.read('chain.log');
  chain.makeCheckpoint(2_000_000, 0, true);
  const file = store.create('chain.log');
  file.write(before, 0);
  file.close();
  const again = new GatewayChain(store, signer);
  again.makeCheckpoint(2_010_000, 0, true);
  const last = readCheckpoint(store.read(checkpointName(store.checkpoints.at(-1) ?? 0)).toString()).value;
  expect(last.resumed).toBeUndefined();
});
