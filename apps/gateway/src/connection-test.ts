/** Testing a connection where it will be used: in the gateway, step by step. */
import {
  type BundleConnection,
  type CredentialPurpose,
  hasCredential,
  SluiceError,
  type TestResult,
} from '@sluice/domain';
import { protocolByName } from '@sluice/protocols';
import type { SessionPorts } from '@sluice/session';
import type { DialRequest } from '@sluice/wire-kit';

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
    roads: [],
  });
  if (connection === undefined)
    return failed('Bundle', 'the gateway does not have this connection yet', 'Wait a second and test again.');
  const protocol = protocolByName(connection.address.protocol);
  if (protocol === undefined)
    return failed('Protocol', `this gateway does not speak ${connection.address.protocol}`, 'Update the gateway.');
  try {
    const { steps, warnings, roads } = await protocol.testTarget({
      writer: await ownDialRequest(connection, 'writer', ports, testTimeoutMs),
      reader: hasCredential(connection, 'reader')
        ? await ownDialRequest(connection, 'reader', ports, testTimeoutMs)
        : null,
    });
    const ok = steps.every((step) => step.ok);
    return { requestId, connectionId, ok, steps: [...steps], warnings: [...warnings], roads: [...roads] };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return failed('Credential', error.message, error.hint ?? null);
  }
}

/** What opening a session of the gateway's own takes. */
export type OwnSessionPorts = Pick<SessionPorts, 'credential' | 'connect' | 'allowWeakAuthentication' | 'noteSession'>;

/** For sessions of the gateway's own, which no client asked for. Throws SluiceError when the credential does not open. */
export async function ownDialRequest(
  connection: BundleConnection,
  purpose: CredentialPurpose,
  ports: OwnSessionPorts,
  timeoutMs: number,
): Promise<DialRequest> {
  return {
    address: connection.address,
    options: connection.options,
    credential: await ports.credential(connection, purpose),
    connect: (signal) => ports.connect(connection, signal),
    allowWeakAuthentication: ports.allowWeakAuthentication(connection),
    actorLabel: 'gateway check',
    startup: {},
    readOnly: purpose === 'reader',
    noteSession: (id) => ports.noteSession(connection, id),
    signal: AbortSignal.timeout(timeoutMs),
  };
}
