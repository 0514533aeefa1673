/** Sluice's own client through the gateway. */
import { connect } from 'node:net';
import { Secret } from '@sluice/domain';
import { StatementError } from '@sluice/wire-kit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStatementClient } from './statement-client.ts';
import { plainFacts } from './testing/plain-facts.ts';
import { type RealTarget, startRealTarget } from './testing/real-target.ts';
import { startTestGateway, type TestGateway } from './testing/test-gateway.ts';

let target: RealTarget;
let gateway: TestGateway;
beforeAll(async () => {
  target = await startRealTarget('18');
  gateway = await startTestGateway(target, {
    facts: plainFacts(),
    refuses: (request) => request.text.includes('DROP'),
  });
});
afterAll(async () => {
  await gateway?.close();
  await target?.stop();
});

it('runs statements, passes notices on, and tells errors with detail and hint', async () => {
  const notices: string[] = [];
  const client = await openStatementClient({
    stream: connect({ host: '127.0.0.1', port: gateway.port }),
    options: { database: 'app' },
    username: 'anybody',
    secret: new Secret('any secret'),
    onNotice: (text) => notices.push(text),
    signal: new AbortController().signal,
  });
  expect(await client.run("SELECT 1 AS a, NULL AS b; DO $$BEGIN RAISE NOTICE 'hello'; END$$")).toEqual([
    { columns: ['a', 'b'], rows: [['1', null]], tag: 'SELECT 1', notices: [] },
    { columns: [], rows: [], tag: 'DO', notices: ['hello'] },
  ]);
  expect(notices).toEqual(['hello']);
  const refused = await client.run('DROP TABLE customers').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StatementError);
  expect(refused).toMatchObject({
    code: '42501',
    hint: 'Ask a person who may do this.',
    detail: expect.stringContaining('"sluice":1'),
  });
  expect((await client.run('COPY (SELECT 1) TO STDOUT'))[0]?.rows).toEqual([['1']]);
  await expect(client.run('COPY notes FROM STDIN')).rejects.toBeInstanceOf(StatementError);
  expect(await client.run('')).toEqual([{ columns: [], rows: [], tag: '', notices: [] }]);
  await client.close();
  expect((await gateway.ends.at(-1))?.reason).toBe('clean');
});
