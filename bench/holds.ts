/**
 * What many holds cost: the inbox's answers while a thousand statements wait in a real Postgres, and what each waiting session adds to
 * a gateway's heap beside the same sessions idle. Prints figures and judges none: `npm run bench:holds -- --sessions 1000 --looks 200`
 */
import { parseArgs } from 'node:util';
import { raiseApproval } from '@sluice/api';
import { newId } from '@sluice/keys';
import { SessionWorld } from '@sluice/testkit/sessions';
import { EchoServer, ToySession, toyConnection, toyLanguage } from '@sluice/testkit/toy-echo';
import { makeWorld } from '@sluice/testkit/world';

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '1000' },
    looks: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
  },
});
const count = Number(values.sessions);
const looks = Number(values.looks);
/** Holds that are raised, and sessions that are opened, at once. */
const together = 20;

async function main(): Promise<void> {
  const inbox = await measureInbox();
  const memory = await measureMemory();
  if (values.json) console.log(JSON.stringify({ sessions: count, inbox, memory }));
  else {
    console.log(`${count} holds waiting, ${looks} looks each`);
    for (const [name, { p50, p95 }] of Object.entries(inbox))
      console.log(`  ${name.padEnd(22)} p50 ${p50.toFixed(1)} ms   p95 ${p95.toFixed(1)} ms`);
    console.log(`${count} sessions of one process, heap and outside it after a collection`);
    console.log(`  idle    ${(memory.idleBytes / count / 1_024).toFixed(1)} kB each`);
    console.log(`  holding ${(memory.addedBytes / count / 1_024).toFixed(1)} kB each beside that`);
  }
}

interface Spread {
  readonly p50: number;
  readonly p95: number;
}

/** Through the procedures themselves, with permission, visibility and Postgres; without HTTP. */
async function measureInbox(): Promise<Record<string, Spread>> {
  const world = await makeWorld();
  try {
    await inBatches(count, (index) =>
      raiseApproval(
        world.services,
        world.gateway,
        world.hold('agent', {
          sessionId: newId(),
          statementText: `UPDATE customers SET notes = 'x' WHERE id = ${index}`,
        }),
        new Date(),
      ),
    );
    const reviewer = world.as('reviewer').approvals;
    const [first] = (await reviewer.listApprovals({ scope: 'mine' })).items;
    if (first === undefined) throw new Error('nothing waits');
    return {
      'list, mine': await timed(() => reviewer.listApprovals({ scope: 'mine' })),
      'list, all': await timed(() => reviewer.listApprovals({ scope: 'all' })),
      'list, searched': await timed(() => reviewer.listApprovals({ scope: 'all', search: 'id = 77' })),
      'count for the rail': await timed(() => reviewer.countWaiting()),
      'open one': await timed(() => reviewer.showApproval({ id: first.id })),
    };
  } finally {
    await world.stop();
  }
}

/** Real sockets and real sessions of a toy protocol in this process; client and server ends are both counted, idle and holding alike. */
async function measureMemory(): Promise<{ idleBytes: number; addedBytes: number }> {
  const target = await EchoServer.start();
  const world = new SessionWorld([toyLanguage]);
  const empty = heldBytes();
  const sessions: ToySession[] = [];
  await inBatches(count, async () => {
    const session = await ToySession.start(world, toyConnection(target.port));
    await session.hello('coding-agent');
    await session.ask('echo on');
    sessions.push(session);
  });
  const idle = heldBytes();
  await inBatches(count, async (index) => {
    await sessions[index]?.ask(`write ${index}`);
  });
  const holding = heldBytes();
  await Promise.all(sessions.map((session) => session.leave()));
  world.close();
  await target.stop();
  return { idleBytes: idle - empty, addedBytes: holding - idle };
}

function heldBytes(): number {
  if (global.gc === undefined) throw new Error('run it with --expose-gc');
  for (let round = 0; round < 3; round += 1) global.gc();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

async function timed(look: () => Promise<unknown>): Promise<Spread> {
  for (let round = 0; round < 5; round += 1) await look();
  const times: number[] = [];
  for (let round = 0; round < looks; round += 1) {
    const from = performance.now();
    await look();
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(Math.floor(times.length * share), times.length - 1)] ?? 0;
  return { p50: at(0.5), p95: at(0.95) };
}

async function inBatches(total: number, work: (index: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < total; from += together) {
    const batch = Array.from({ length: Math.min(together, total - from) }, (_, index) => work(from + index));
    await Promise.all(batch);
  }
}

await main();
