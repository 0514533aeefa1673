import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sshProtocol } from './protocol.ts';
import { hasOpenssh, type OpensshServer, startOpenssh } from './testing/openssh.ts';
import { dialRequestFor } from './testing/test-gateway.ts';

let host: OpensshServer;

describe.skipIf(!hasOpenssh)('testing a target', () => {
  beforeAll(async () => {
    host = await startOpenssh();
  });
  afterAll(() => host.stop());

  const dial = (options: Record<string, unknown>, password = host.clientKey, port = host.port) =>
    dialRequestFor({ port, username: host.username, password, options });
  const run = async (options: Record<string, unknown>, password?: string, port?: number) => {
    const { steps, warnings } = await sshProtocol.testTarget({ writer: dial(options, password, port), reader: null });
    return { steps: steps.map(({ name, ok }) => [name, ok]), last: steps.at(-1), warnings };
  };

  test('an unknown host key is shown for somebody to approve, and nothing else is tried', async () => {
    const { steps, last } = await run({});
    expect(steps).toEqual([
      ['address', true],
      ['host key', false],
    ]);
    expect(last?.message).toContain(host.hostFingerprint);
  });

  test('with the approved key every step is told', async () => {
    const { steps, warnings } = await run({ hostKey: host.hostFingerprint });
    expect(steps).toEqual([
      ['address', true],
      ['host key', true],
      ['authentication', true],
      ['command', true],
    ]);
    expect(warnings.some((warning) => warning.includes('root'))).toBe(host.username === 'root');
  });

  test('a key that a one-line field has taken the line ends of still opens', async () => {
    const { steps } = await run({ hostKey: host.hostFingerprint }, host.clientKey.replaceAll('\n', ''));
    expect(steps.every(([, ok]) => ok)).toBe(true);
  });

  test('a wrong credential and a target that is down are told apart', async () => {
    const wrong = await run({ hostKey: host.hostFingerprint }, 'no password of anybody');
    expect(wrong.steps.at(-1)).toEqual(['authentication', false]);
    const down = await run({ hostKey: host.hostFingerprint }, host.clientKey, 1);
    expect(down.steps).toEqual([['address', false]]);
  });

  test('where commands begin is asked once, by one constant text', async () => {
    const knowledge = await sshProtocol.openKnowledge(dial({ hostKey: host.hostFingerprint }));
    expect(knowledge?.facts).toMatchObject({ home: expect.stringMatching(/^\//), shell: expect.stringMatching(/^\//) });
  });
});
