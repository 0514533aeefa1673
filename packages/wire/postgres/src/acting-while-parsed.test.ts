/** What runs at the target while a text is only parsed must not run before the verdict that would hold it (ADR 10, class PG29). */
import type { JudgeRequest } from '@sluice/wire-kit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeExecute, encodeParse, encodeQuery, encodeSync } from './messages/frontend.ts';
import { type GatewayBench, startGatewayBench } from './testing/gateway-bench.ts';
import { bindWith, outline } from './testing/raw-client.ts';

const setUp = `
CREATE FUNCTION noting(text) RETURNS boolean LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.notes VALUES (nextval('public.noted'), 'ran'); RETURN true; END $$;
CREATE SEQUENCE noted;
CREATE DOMAIN acting AS text CHECK (noting(VALUE));
CREATE TABLE words (id int, list acting[]);
`;
const literal = "INSERT INTO words VALUES (1, '{x}')";
const bound = 'INSERT INTO words VALUES (1, $1)';

describe.each(['15', '18'] as const)('PostgreSQL %s', (version) => {
  let bench: GatewayBench;
  /** As the default policy holds what a member of production changes: never at Parse. */
  let holds: (request: JudgeRequest) => boolean = () => false;

  beforeAll(async () => {
    bench = await startGatewayBench(version, { setUp, holds: (request) => holds(request) });
  });
  afterAll(() => bench?.stop());
  beforeEach(async () => {
    holds = ({ text, phase }) => phase !== 'execute' && /^(INSERT|SELEKT)/.test(text);
    await bench.direct.query('TRUNCATE notes, words');
  });
  afterEach(() => bench.dropClients());

  const count = async (table: 'notes' | 'words'): Promise<number> =>
    (await bench.direct.query(`SELECT 1 FROM ${table}`)).rows.length;

  it('a Parse that would run it is refused where it would be held, and nothing has run', async () => {
    const client = await bench.open();
    client.send(encodeParse('', literal), bindWith(''), encodeExecute(''), encodeSync());
    expect(outline(await client.untilReady())).toBe('E:0A000 Z:I');
    expect([await count('notes'), await count('words')]).toEqual([0, 0]);
    client.send(encodeQuery('SELECT 1'));
    expect(outline(await client.untilReady())).toBe('T D C:SELECT 1 Z:I');
  });

  it('this server does run it at Parse, so the refusal is what keeps it from running', async () => {
    const client = await bench.openDirect();
    client.send(encodeParse('', literal), encodeSync());
    expect(outline(await client.untilReady())).toBe('1 Z:I');
    expect(await count('notes')).toBe(1);
  });

  it('the same by one plain query is held, and runs once a person has said yes', async () => {
    const client = await bench.open();
    client.send(encodeQuery(literal));
    const inspector = bench.gateway.inspectors.at(-1)!;
    await inspector.somethingWaits();
    expect([await count('notes'), await count('words')]).toEqual([0, 0]);
    inspector.waiting[0]!.release();
    expect(outline(await client.untilReady())).toBe('C:INSERT 0 1 Z:I');
    expect(await count('words')).toBe(1);
  });

  it('the same with a bound value is parsed, held at Bind, and runs once a person has said yes', async () => {
    const client = await bench.open();
    client.send(encodeParse('', bound), bindWith('', ['{x}']), encodeExecute(''), encodeSync());
    const inspector = bench.gateway.inspectors.at(-1)!;
    await inspector.somethingWaits();
    expect([await count('notes'), await count('words')]).toEqual([0, 0]);
    inspector.waiting[0]!.release();
    expect(outline(await client.untilReady())).toBe('1 2 C:INSERT 0 1 Z:I');
    expect(await count('words')).toBe(1);
  });

  it('a text that cannot be read is refused at Parse as well while such a domain exists', async () => {
    const client = await bench.open();
    client.send(encodeParse('', 'SELEKT 1'), encodeSync());
    expect(outline(await client.untilReady())).toBe('E:0A000 Z:I');
  });

  it('an allowed call whose facts are complete leaves what comes behind it in the batch as it was', async () => {
    holds = () => false;
    await bench.direct.query("CREATE OR REPLACE FUNCTION plain(text) RETURNS int LANGUAGE sql AS 'SELECT 1'");
    await bench.gateway.knowledge?.refreshAfterNow();
    const client = await bench.open();
    const inspector = bench.gateway.inspectors.at(-1)!;
    client.send(encodeParse('s', "SELECT plain('x') FROM notes"), bindWith('s'), encodeExecute(''), encodeSync());
    expect(outline(await client.untilReady())).toBe('1 2 C:SELECT 0 Z:I');
    const judged = inspector.statements.filter(({ text }) => text.includes('plain'));
    expect(judged.map(({ facts }) => facts[0]?.incompleteBecause)).toEqual([null, null, null]);
  });

  it('where it is allowed, what was known of the session is asked for again', async () => {
    holds = () => false;
    const client = await bench.open();
    const inspector = bench.gateway.inspectors.at(-1)!;
    client.send(encodeParse('', literal), encodeSync());
    expect(outline(await client.untilReady())).toBe('1 Z:I');
    const asked = inspector.ownStatements.length;
    client.send(encodeQuery('SELECT 1'));
    expect(outline(await client.untilReady())).toBe('T D C:SELECT 1 Z:I');
    expect(inspector.ownStatements.length).toBeGreaterThan(asked);
  });
});
