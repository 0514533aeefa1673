/** Every request a gateway makes of the control plane: ordinary HTTPS, signed (RFC 9421), bounded in time and size. */
import { randomBytes } from 'node:crypto';
import {
  type ApprovalCreate,
  type ApprovalStatus,
  type AuthoriseRequest,
  type AuthoriseResponse,
  approvalStatusSchema,
  authoriseResponseSchema,
  bundleResponseSchema,
  type ConfirmRequest,
  checkpointResponseSchema,
  chunkResponseSchema,
  type ErrorCode,
  enrolResponseSchema,
  errorCodes,
  type GatewayState,
  gatewayPaths,
  type HostCertificatesRequest,
  type Impact,
  leafResponseSchema,
  type Rewrap,
  type Rewraps,
  type Rotation,
  type revertReportSchema,
  rewrapsSchema,
  type SignedBundle,
  SluiceError,
  sealedExplainRequestSchema,
  settledResponseSchema,
  type TargetSessionsReport,
  type TestResult,
} from '@sluice/domain';
import { type SigningKeys, signRequest } from '@sluice/keys';
import { type RecordingPlace, recordingPlaceSchema } from '@sluice/recording';
import type { ApprovalOutcome } from '@sluice/session';
import { Agent, request } from 'undici';
import { z } from 'zod';

/** Longest wait for an answer once the request is on its way, and for each next part of it. */
const answerTimeoutMs = 10_000;
/** Longest time from asking to the end of the answer, with the wait for a socket. */
const requestTimeoutMs = 30_000;
/** Sockets to the control plane; requests beyond them wait their turn. A thousand holds at once must not be a thousand sockets. */
const maxSockets = 32;
/** Largest answer that is read: a bundle of some thousand connections. */
const maxAnswerBytes = 16 * 1_048_576;
const nonceBytes = 18;

const problemSchema = z.looseObject({
  code: z.string().optional(),
  message: z.string().optional(),
  hint: z.string().nullish(),
});

/** An answer of the control plane that says no; `status` is HTTP's. */
export class ControlPlaneRefusal extends SluiceError {
  readonly status: number;

  constructor(status: number, code: ErrorCode, message: string, hint: string | undefined) {
    super(code, message, { audience: 'operator', ...(hint === undefined ? {} : { hint }) });
    this.status = status;
  }

  /** The same request may be accepted later: a clock that is off, a slow or busy control plane. */
  get mayPass(): boolean {
    return this.status === 401 || this.status === 408 || this.status === 429;
  }
}

type Answer = Awaited<ReturnType<typeof request>>;

export class ControlPlane {
  readonly #sockets = new Agent({
    connections: maxSockets,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
  });
  readonly #url: string;
  readonly #signing: SigningKeys;
  #gatewayId: string | null;

  constructor(url: string, signing: SigningKeys, gatewayId: string | null) {
    this.#url = url;
    this.#signing = signing;
    this.#gatewayId = gatewayId;
  }

  get url(): string {
    return this.#url;
  }

  async enrol(request: {
    readonly token: string;
    readonly name: string;
    readonly signingKey: string;
    readonly sealingKey: string;
    readonly version: string;
    readonly hostname: string;
    readonly capabilities: readonly string[];
  }): Promise<z.infer<typeof enrolResponseSchema>> {
    const answer = await this.#send('POST', gatewayPaths.enrol, json(request), false);
    const parsed = await read(answer, enrolResponseSchema);
    this.#gatewayId = parsed.gatewayId;
    return parsed;
  }

  /** Null when nothing newer than `have` exists, and the key that signed that one is still in force. */
  async bundle(have: number, signedBy: string | null = null): Promise<SignedBundle | null> {
    const key = signedBy === null ? '' : `&signedBy=${encodeURIComponent(signedBy)}`;
    const answer = await this.#send('GET', `${gatewayPaths.bundle}?have=${have}${key}`, null);
    return answer.statusCode === 204 ? null : read(answer, bundleResponseSchema);
  }

  async authorise(request: AuthoriseRequest): Promise<AuthoriseResponse> {
    return read(await this.#send('POST', gatewayPaths.authorise, json(request)), authoriseResponseSchema);
  }

  /** Whether the credential behind a ticket's session still stands for its actor. */
  async confirm(request: ConfirmRequest): Promise<AuthoriseResponse> {
    return read(await this.#send('POST', gatewayPaths.confirm, json(request)), authoriseResponseSchema);
  }

  async leaf(
    connectionId: string,
    publicKey: string,
  ): Promise<{ readonly certificate: string; readonly notAfter: string }> {
    return read(await this.#send('POST', gatewayPaths.leaf, json({ connectionId, publicKey })), leafResponseSchema);
  }

  /** The certificates of this gateway's host key, signed by the bundle key: whoever asks checks that. */
  async hostCertificates(request: HostCertificatesRequest): Promise<SignedBundle> {
    return read(await this.#send('POST', gatewayPaths.hostCertificates, json(request)), bundleResponseSchema);
  }

  async createApproval(request: ApprovalCreate): Promise<ApprovalStatus> {
    return read(await this.#send('POST', gatewayPaths.approvals, json(request)), approvalStatusSchema);
  }

  /** Those of these approvals that no longer wait; at most `maxAskedApprovals` at a time. */
  async settledApprovals(ids: readonly string[]): Promise<readonly ApprovalStatus[]> {
    const answer = await this.#send('POST', gatewayPaths.settledApprovals, json({ ids }));
    return (await read(answer, settledResponseSchema)).settled;
  }

  /** False when it was not approved any more (409). */
  async consumeApproval(id: string, gatewayStartId: string, effectDigest: string): Promise<boolean> {
    try {
      await this.#tell(
        `${gatewayPaths.approvals}/${encodeURIComponent(id)}/consume`,
        json({ gatewayStartId, effectDigest }),
      );
      return true;
    } catch (error) {
      if (error instanceof ControlPlaneRefusal && error.status === 409) return false;
      throw error;
    }
  }

  async approvalOutcome(id: string, gatewayStartId: string, outcome: ApprovalOutcome): Promise<void> {
    await this.#tell(
      `${gatewayPaths.approvals}/${encodeURIComponent(id)}/outcome`,
      json({ gatewayStartId, ...outcome }),
    );
  }

  async tellImpact(id: string, gatewayStartId: string, impact: Impact): Promise<void> {
    await this.#tell(`${gatewayPaths.approvals}/${encodeURIComponent(id)}/impact`, json({ gatewayStartId, impact }));
  }

  async tellRevert(id: string, report: z.infer<typeof revertReportSchema>): Promise<void> {
    await this.#tell(`${gatewayPaths.approvals}/${encodeURIComponent(id)}/revert`, json(report));
  }

  async cancelApproval(id: string, state: 'cancelled' | 'expired' | 'void', reason: string): Promise<void> {
    await this.#tell(`${gatewayPaths.approvals}/${encodeURIComponent(id)}/cancel`, json({ state, reason }));
  }

  async pushChunk(sessionId: string, index: number, bytes: Buffer): Promise<void> {
    const path = `${gatewayPaths.chunks}?session=${encodeURIComponent(sessionId)}&index=${index}`;
    const answer = await read(await this.#send('POST', path, bytes), chunkResponseSchema);
    // Only the control plane's own word lets the spool forget a chunk, not any 200 of a proxy between.
    if (answer.index !== index) throw unknownForm();
  }

  /** Where the control plane saw this gateway's chain of recordings last, these sessions, and those without an end. */
  async recordingPlace(sessions: readonly string[]): Promise<RecordingPlace> {
    return read(await this.#send('POST', gatewayPaths.chain, json({ sessions })), recordingPlaceSchema);
  }

  /** Resolves with where the control plane's own log of checkpoints stands. */
  async pushCheckpoint(line: Buffer): Promise<{ readonly entry: number; readonly hash: string }> {
    const { entry, hash } = await read(
      await this.#send('POST', gatewayPaths.checkpoints, line),
      checkpointResponseSchema,
    );
    return { entry, hash };
  }

  async reportState(state: GatewayState): Promise<void> {
    await this.#tell(gatewayPaths.state, json(state));
  }

  async reportTest(result: TestResult): Promise<void> {
    await this.#tell(gatewayPaths.testResults, json(result));
  }

  /** The sealed request to explain that a notice told of. */
  async explainRequest(requestId: string): Promise<string> {
    const path = `${gatewayPaths.explanations}?id=${encodeURIComponent(requestId)}`;
    return (await read(await this.#send('GET', path, null), sealedExplainRequestSchema)).sealed;
  }

  async answerExplain(requestId: string, sealed: string): Promise<void> {
    await this.#tell(gatewayPaths.explanations, json({ requestId, sealed }));
  }

  async tellRotation(rotation: Rotation): Promise<void> {
    await this.#tell(gatewayPaths.rotations, json(rotation));
  }

  async rewraps(): Promise<Rewraps> {
    return read(await this.#send('GET', gatewayPaths.rewraps, null), rewrapsSchema);
  }

  async sendRewrap(rewrap: Rewrap): Promise<void> {
    await this.#tell(gatewayPaths.rewraps, json(rewrap));
  }

  async reportTargetSessions(report: TargetSessionsReport): Promise<void> {
    await this.#tell(gatewayPaths.targetSessions, json(report));
  }

  /** Headers that sign the tunnel's upgrade request. */
  tunnelHeaders(): Record<string, string> {
    return this.#signature('GET', `${this.#url}${gatewayPaths.tunnel}`, null);
  }

  get tunnelUrl(): string {
    return `${this.#url.replace(/^http/, 'ws')}${gatewayPaths.tunnel}`;
  }

  #signature(method: string, url: string, body: Buffer | null): Record<string, string> {
    if (this.#gatewayId === null)
      throw new SluiceError('unauthenticated', 'this gateway is not enrolled', { audience: 'operator' });
    const nonce = randomBytes(nonceBytes).toString('base64url');
    const { privateKey } = this.#signing;
    return { ...signRequest({ method, url, body, keyId: this.#gatewayId, privateKey, now: Date.now(), nonce }) };
  }

  /** For what needs no answer but yes; the body is read so that its connection can be used again. */
  async #tell(path: string, body: Buffer): Promise<void> {
    await boundedText(await this.#send('POST', path, body));
  }

  async #send(method: 'GET' | 'POST', path: string, body: Buffer | null, signed = true): Promise<Answer> {
    const url = `${this.#url}${path}`;
    const headers: Record<string, string> = signed ? this.#signature(method, url, body) : {};
    if (body !== null)
      headers['content-type'] = path.startsWith(gatewayPaths.chunks) ? 'application/octet-stream' : 'application/json';
    let answer: Answer;
    try {
      const signal = AbortSignal.timeout(requestTimeoutMs);
      answer = await request(url, { method, headers, body, signal, dispatcher: this.#sockets });
    } catch (cause) {
      throw new SluiceError('control-plane-away', 'the control plane cannot be reached', {
        audience: 'operator',
        cause,
      });
    }
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    throw await refusalOf(answer);
  }
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

async function read<T>(answer: Answer, schema: z.ZodType<T>): Promise<T> {
  const text = await boundedText(answer);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unknownForm(cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw unknownForm(parsed.error);
  return parsed.data;
}

function unknownForm(cause?: unknown): SluiceError {
  return new SluiceError('unavailable', 'the control plane answered in a form this gateway does not know', {
    audience: 'operator',
    cause,
  });
}

async function refusalOf(answer: Answer): Promise<SluiceError> {
  let problem: z.infer<typeof problemSchema> = {};
  try {
    problem = problemSchema.parse(JSON.parse(await boundedText(answer)));
  } catch {
    // The status alone then says what can be said.
  }
  const message = problem.message ?? `the control plane answered ${answer.statusCode}`;
  if (answer.statusCode >= 500 || answer.statusCode < 400)
    return new SluiceError('control-plane-away', message, { audience: 'operator' });
  const code =
    retriedStatuses.get(answer.statusCode) ??
    errorCodes.find((known) => known === problem.code) ??
    codeOf(answer.statusCode);
  return new ControlPlaneRefusal(answer.statusCode, code, message, problem.hint ?? undefined);
}

/**
 * Statuses that a later try may change, whatever the body says: their codes are none of the recording's `permanentRefusals`, so a
 * chunk stays in the spool. A clock that is wrong or a route that is not there yet must not cost a recording.
 */
const retriedStatuses: ReadonlyMap<number, ErrorCode> = new Map([
  [401, 'unauthenticated'],
  [404, 'not-found'],
  [408, 'timed-out'],
  [429, 'too-many'],
]);

/** For an answer without a code of its own. */
function codeOf(status: number): ErrorCode {
  switch (status) {
    case 403:
      return 'forbidden';
    case 409:
      return 'conflict';
    case 413:
      return 'too-large';
    default:
      return 'bad-request';
  }
}

async function boundedText(answer: Answer): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of answer.body) {
      size += part.length;
      if (size > maxAnswerBytes)
        throw new SluiceError('unavailable', 'the control plane’s answer is too large', { audience: 'operator' });
      parts.push(part);
    }
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause;
    throw new SluiceError('control-plane-away', 'the control plane’s answer was cut off', {
      audience: 'operator',
      cause,
    });
  }
  return Buffer.concat(parts).toString('utf8');
}
