/** Testing a connection where it will be used: in the gateway, step by step. */
import { type BundleConnection, SluiceError, type TestResult } from '@sluice/domain';
import { protocolByName } from '@sluice/protocols';
import type { SessionPorts } from '@sluice/session';

const testTimeoutMs = 15_000;

export async function testConnection(
  requestId: string,
  connection: BundleConnection | undefined,
  connectionId: string,
  ports: SessionPorts,
): Promise<TestResult> {
  const failed = (name: string, message: string, hint: string | null): TestResult => ({
    requestId,
    connectionId,
    ok: false,
    steps: [{ name, ok: false, durationMs: 0, message, hint }],
    warnings: [],
  });
  if (connection === undefined)
    return failed('Bundle', 'the gateway does not have this connection yet', 'Wait a second and test again.');
  const protocol = protocolByName(connection.address.protocol);
  if (protocol === undefined)
    return failed('Protocol', `this gateway does not speak ${connection.address.protocol}`, 'Update the gateway.');
  try {
    const { steps, warnings } = await protocol.testTarget({
      address: connection.address,
      options: connection.options,
      credential: await ports.credential(connection, 'writer'),
      connect: (signal) => ports.connect(connection, signal),
      allowWeakAuthentication: ports.allowWeakAuthentication(connection),
      actorLabel: 'connection test',
      startup: {},
      readOnly: false,
      noteSession: (id) => ports.noteSession(connection, id),
      signal: AbortSignal.timeout(testTimeoutMs),
    });
    return { requestId, connectionId, ok: steps.every((step) => step.ok), steps: [...steps], warnings: [...warnings] };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return failed('Credential', error.message, error.hint ?? null);
  }
}
