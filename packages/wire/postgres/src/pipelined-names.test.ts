/**
 * Names of prepared statements and cursors that are moved by SQL and by the protocol in one batch: what the gateway takes a name for
 * must not be older than what the target has under it. Found by fuzzing the session's names against a model.
 */
import type { JudgeRequest } from '@sluice/wire-kit';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { message } from './messages/bytes.ts';
import {
  encodeClosePortal,
  encodeCloseStatement,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeSync,
} from './messages/frontend.ts';
import { languageFacts } from './testing/language-facts.ts';
import { bindWith, openRawClient, outline, type RawClient } from './testing/raw-client.ts';
import { type RealTarget, startRealTarget } from './testing/real-target.ts';
import { startTestGateway, type TestGateway } from './testing/test-gateway.ts';

let target: RealTarget;
let gateway: TestGateway;
let direct: pg.Client;
let client: RawClient;

/** As the default policy holds: a Parse passes, what would run does not. */
const refuses = (request: JudgeRequest): boolean =>
  request.phase !== 'prepare' &&
  !request.text.includes('DO $$') &&
  (request.outcome.ok ? request.outcome.statements.some((one) => !one.complete || one.writes.length > 0) : true);

beforeAll(async () => {
  target = await startRealTarget('15');
  gateway = await startTestGateway(target, {
    facts: await languageFacts(),
    withKnowledge: true,
    refuses,
    plan: (field) => (field.lineage?.known === true && field.lineage.columns.length === 0 ? 'pass' : 'whole'),
    mask: () => '***',
  });
  direct = new pg.Client({ ...target, host: '127.0.0.1', user: target.username });
  await direct.connect();
});
afterAll(async () => {
  await direct?.end();
  await gateway?.close();
  await target?.stop();
});
beforeEach(async () => {
  await direct.query("TRUNCATE notes; INSERT INTO notes VALUES (1, 'kept')");
  client = await openRawClient(gateway.port, target);
});
afterEach(() => client.party.stream.destroy());

const run = (name: string, text: string): Buffer[] => [encodeParse(name, text), bindWith(name), encodeExecute('')];
const notes = async (): Promise<number> => (await direct.query('SELECT 1 FROM notes')).rows.length;

it('a name that SQL prepared and the protocol prepared again in the same batch is not judged by the first text', async () => {
  client.send(
    ...run('s', 'PREPARE a AS SELECT 1'),
    encodeCloseStatement('a'),
    encodeParse('a', 'DELETE FROM notes'),
    encodeSync(),
  );
  expect(outline(await client.untilReady())).toBe('1 2 C:PREPARE 3 1 Z:I');
  client.send(bindWith('a'), encodeExecute(''), encodeSync());
  expect(outline(await client.untilReady())).toBe('E:42501 Z:I');
  expect(await notes()).toBe(1);
});

it('a name that SQL deallocated and the protocol prepared again in the same batch is still known', async () => {
  client.send(
    encodeQuery('PREPARE a AS SELECT 1'),
    ...run('s', 'DEALLOCATE a'),
    encodeParse('a', 'SELECT 2'),
    encodeSync(),
  );
  await client.untilReady(2);
  client.send(bindWith('a'), encodeExecute(''), encodeSync());
  expect(outline(await client.untilReady())).toBe('2 D C:SELECT 1 Z:I');
});

it('a Parse that failed and was prepared again in the same batch leaves the name as the target has it', async () => {
  client.send(encodeParse('a', 'SELECT 1'), encodeSync());
  client.send(encodeParse('a', 'SELECT 2'), encodeCloseStatement('a'), encodeParse('a', 'SELECT 3'), encodeSync());
  expect(outline(await client.untilReady(2))).toBe('1 Z:I E:42P05 Z:I');
  client.send(bindWith('a'), encodeExecute(''), encodeSync());
  expect(outline(await client.untilReady())).toBe('2 D C:SELECT 1 Z:I');
});

it('a skipped Parse without a name leaves the unnamed statement', async () => {
  client.send(encodeParse('', 'SELECT 1'), encodeSync());
  client.send(bindWith('nope'), encodeParse('', 'SELECT 2'), encodeSync());
  expect(outline(await client.untilReady(2))).toBe('1 Z:I E:26000 Z:I');
  client.send(bindWith(''), encodeExecute(''), encodeSync());
  expect(outline(await client.untilReady())).toBe('2 D C:SELECT 1 Z:I');
});

it('a cursor that the protocol replaced in the batch that declared it is not read by the declared text', async () => {
  client.send(encodeQuery('BEGIN'));
  client.send(
    ...run('s', "DECLARE k CURSOR FOR SELECT 'harmless' AS x"),
    encodeClosePortal('k'),
    encodeParse('t', 'SELECT upper(ssn) FROM customers ORDER BY id'),
    bindWith('t', [], { portal: 'k' }),
    encodeSync(),
  );
  await client.untilReady(2);
  client.send(encodeQuery('FETCH 1 FROM k'));
  const seen = await client.untilReady();
  expect(seen.filter(({ type }) => type === 'D').map(({ body }) => body.toString('latin1'))).not.toContainEqual(
    expect.stringContaining('900-00'),
  );
  client.send(message('X'));
});

it('two Parses that failed behind one another leave the name as the target has it', async () => {
  client.send(encodeParse('a', 'DELETE FROM notes'), encodeSync());
  await client.untilReady();
  client.send(encodeParse('a', 'SELECT 1'), encodeSync(), encodeParse('a', 'SELECT 2'), encodeSync());
  expect(outline(await client.untilReady(2))).toBe('E:42P05 Z:I E:42P05 Z:I');
  client.send(bindWith('a'), encodeExecute(''), encodeSync());
  expect(outline(await client.untilReady())).toBe('E:42501 Z:I');
  expect(await notes()).toBe(1);
});

it.each(['', ' RAISE EXCEPTION $a$no$a$;'])(
  'a name that SQL prepared and then replaced out of sight in the same message is in doubt (%j)',
  async (end) => {
    const hidden = `EXECUTE 'DEALLOCATE a'; EXECUTE 'PREPARE a AS DELETE FROM notes';${end}`;
    client.send(encodeQuery(`PREPARE a AS SELECT 1; DO $$BEGIN ${hidden} END$$`));
    expect(outline(await client.untilReady())).toBe(`C:PREPARE ${end === '' ? 'C:DO' : 'E:P0001'} Z:I`);
    client.send(bindWith('a'), encodeExecute(''), encodeSync());
    // Refused, or not known any more: both are safe.
    expect(outline(await client.untilReady())).toMatch(/^E:(42501|26000) Z:I$/);
    client.send(encodeQuery('EXECUTE a'));
    expect(outline(await client.untilReady())).not.toContain('DELETE');
    expect(await notes()).toBe(1);
  },
);
