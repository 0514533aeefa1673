/**
 * Rotating a target's credential. The gateway makes the password and seals it to itself, so nobody else ever sees it; the envelope is
 * stored in two places before the target is asked, and the old credential stays in force until the target let the new one in.
 */
import { randomBytes } from 'node:crypto';
import {
  type BundleConnection,
  type CredentialPurpose,
  type Rotation,
  type SealedEnvelope,
  Secret,
  SluiceError,
  type TestResult,
  type TestStep,
} from '@sluice/domain';
import { sealCredential } from '@sluice/keys/sealing';
import { protocolByName } from '@sluice/protocols';
import type { DialRequest, WireProtocol } from '@sluice/wire-kit';
import { type OwnSessionPorts, ownDialRequest } from './connection-test.ts';
import { ControlPlaneRefusal } from './control-plane.ts';

const passwordBytes = 32;
const dialTimeoutMs = 15_000;
const confirmTries = 5;
const confirmRetryMs = 1_000;

export interface RotationsParts {
  readonly ports: OwnSessionPorts;
  readonly sealingKey: string;
  readonly store: { rotation(): Rotation | null; keepRotation(rotation: Rotation | null): void };
  readonly tell: (rotation: Rotation) => Promise<void>;
  readonly open: (
    connection: BundleConnection,
    purpose: CredentialPurpose,
    envelope: SealedEnvelope,
  ) => Promise<DialRequest['credential']>;
  readonly connection: (id: string) => BundleConnection | undefined;
  readonly log: (message: string, fields: Record<string, unknown>) => void;
}

export class Rotations {
  readonly #parts: RotationsParts;
  /** The target has taken it, and the control plane has not said yet that it knows. */
  #taken: Rotation | null = null;
  #busy = false;

  constructor(parts: RotationsParts) {
    this.#parts = parts;
  }

  /** The envelope that the target has taken while the bundle still carries the one before. */
  override(connectionId: string, purpose: CredentialPurpose): SealedEnvelope | null {
    const taken = this.#taken;
    return taken?.connectionId === connectionId && taken.purpose === purpose ? taken.envelope : null;
  }

  /** Never rejects: what failed is a step, and says what is in force now. */
  async rotate(requestId: string, connection: BundleConnection, purpose: CredentialPurpose): Promise<TestStep[]> {
    const startedAt = performance.now();
    const step = (ok: boolean, message: string, hint: string | null): TestStep[] => [
      { name: 'rotation', ok, durationMs: performance.now() - startedAt, message, hint },
    ];
    if (this.#busy || this.#parts.store.rotation() !== null)
      return step(false, 'another rotation of this gateway is not settled yet', 'Try again in a minute.');
    this.#busy = true;
    try {
      await this.#rotate(requestId, connection, purpose);
      return step(true, `The ${purpose}’s password was changed at the target; only this gateway knows it.`, null);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      const settled = await this.#settle();
      if (settled === 'active') return step(true, `The ${purpose}’s password was changed at the target.`, null);
      const now =
        settled === 'dropped'
          ? 'The old password is still in force.'
          : 'It is settled as soon as target and control plane answer.';
      return step(false, `the password was not changed: ${error.message}`, `${now} ${error.hint ?? ''}`.trim());
    } finally {
      this.#busy = false;
    }
  }

  /** Settles what an earlier start, or an outage, left open. Never rejects. */
  async recover(): Promise<void> {
    if (this.#busy || this.#parts.store.rotation() === null) return;
    this.#busy = true;
    try {
      await this.#settle();
    } catch (error) {
      this.#parts.log('a rotation could not be settled yet', { error: String(error) });
    } finally {
      this.#busy = false;
    }
  }

  async #rotate(requestId: string, connection: BundleConnection, purpose: CredentialPurpose): Promise<void> {
    const { ports, sealingKey, store, tell } = this.#parts;
    const { address, id: connectionId } = connection;
    const change = protocolByName(address.protocol)?.rotatePassword ?? null;
    const protocol = protocolByName(address.protocol);
    if (change === null || protocol === undefined)
      throw new SluiceError('unsupported', 'this protocol has no password that could be changed');
    const dial = await ownDialRequest(connection, purpose, ports, dialTimeoutMs);
    const password = randomBytes(passwordBytes).toString('base64url');
    const credential = { username: dial.credential.reveal().username, password };
    const envelope = await sealCredential({ recipientKey: sealingKey, address, connectionId, credential, purpose });
    const rotation: Rotation = { requestId, connectionId, purpose, stage: 'pending', envelope };
    await tell(rotation);
    // From here on a crash is settled by the next start, which finds the envelope on its own disk.
    store.keepRotation(rotation);
    await change(dial, new Secret(password), async () => {
      await logIn(protocol, { ...dial, credential: new Secret(credential) });
      this.#taken = rotation;
      try {
        await this.#activate(rotation);
      } catch (error) {
        // Only a clear no is taken back; without an answer the new one may be in force already.
        if (error instanceof ControlPlaneRefusal) {
          this.#taken = null;
          throw error;
        }
        this.#parts.log('a rotation is not confirmed yet', { connection: connection.name, error: String(error) });
      }
    });
  }

  async #activate(rotation: Rotation): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#parts.tell({ ...rotation, stage: 'active' });
        this.#parts.store.keepRotation(null);
        return;
      } catch (error) {
        if (error instanceof ControlPlaneRefusal || tries >= confirmTries) throw error;
        await new Promise((resolve) => setTimeout(resolve, confirmRetryMs));
      }
    }
  }

  /** Finds out which password the target takes, and has that one in force. `open`: neither could be tried. */
  async #settle(): Promise<'active' | 'dropped' | 'open'> {
    const { store, tell, ports } = this.#parts;
    const rotation = store.rotation();
    if (rotation === null) return this.#taken === null ? 'dropped' : 'active';
    const connection = this.#parts.connection(rotation.connectionId);
    const protocol = connection === undefined ? undefined : protocolByName(connection.address.protocol);
    if (connection === undefined || protocol === undefined) return 'open';
    const { purpose, envelope } = rotation;
    const inForce = purpose === 'reader' ? connection.readerCredential : connection.credential;
    const tried = async (sealed: SealedEnvelope): Promise<boolean> => {
      const credential = await this.#parts.open(connection, purpose, sealed);
      const dial = await ownDialRequest(connection, purpose, ports, dialTimeoutMs);
      return canLogIn(protocol, { ...dial, credential });
    };
    try {
      if (inForce !== null && inForce.ciphertext !== envelope.ciphertext && (await tried(inForce))) {
        this.#taken = null;
        await tell({ ...rotation, stage: 'dropped' });
        store.keepRotation(null);
        return 'dropped';
      }
      if (!(await tried(envelope))) return 'open';
      this.#taken = rotation;
      await this.#activate(rotation);
      return 'active';
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.#parts.log('a rotation is not settled yet', { connection: connection.name, error: error.message });
      return this.#taken === null ? 'open' : 'active';
    }
  }
}

async function logIn(protocol: WireProtocol, dial: DialRequest): Promise<void> {
  await (await protocol.dialTarget({ ...dial, signal: AbortSignal.timeout(dialTimeoutMs) })).close();
}

/** False: the target refused the credential. Throws SluiceError when the target could not be asked. */
async function canLogIn(protocol: WireProtocol, dial: DialRequest): Promise<boolean> {
  try {
    await logIn(protocol, dial);
    return true;
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'target-auth') return false;
    throw error;
  }
}

/** A rotation's steps stand before those of the test that follows it. */
export function withSteps(result: TestResult, steps: readonly TestStep[]): TestResult {
  return { ...result, ok: result.ok && steps.every((step) => step.ok), steps: [...steps, ...result.steps] };
}
