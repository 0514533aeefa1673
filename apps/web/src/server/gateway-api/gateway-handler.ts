import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  buildBundle,
  cancelApproval,
  consumeApproval,
  type GatewayCaller,
  type GatewayServices,
  issueHostCertificates,
  issueLeaf,
  keepRewrap,
  listRewraps,
  maxRecordingChunkBytes,
  noteExplanation,
  noteImpact,
  noteOutcome,
  noteRevert,
  noteRotation,
  noteState,
  noteTargetSessions,
  noteTestResult,
  raiseApproval,
  recordingPlaceRequestSchema,
  showChainPlace,
  showExplainRequest,
  showRecordingPlace,
  showSettled,
  showStatus,
  storeCheckpoint,
  storeChunk,
} from '@sluice/api';
import {
  approvalCancelSchema,
  approvalConsumeSchema,
  approvalCreateSchema,
  approvalImpactSchema,
  approvalOutcomeSchema,
  authoriseRequestSchema,
  type checkpointResponseSchema,
  type chunkResponseSchema,
  confirmRequestSchema,
  enrolRequestSchema,
  type enrolResponseSchema,
  gatewayPaths,
  gatewayStateSchema,
  hostCertificatesRequestSchema,
  leafRequestSchema,
  revertReportSchema,
  rewrapSchema,
  rotationSchema,
  SluiceError,
  sealedExplainAnswerSchema,
  settledRequestSchema,
  targetSessionsReportSchema,
  testResultSchema,
} from '@sluice/domain';
import { authoriseNativeSecret, confirmCredential, enrolGateway } from '@sluice/identity';
import type { z } from 'zod';
import { sendJson } from '../http/problem.ts';
import { parseJson, readBody } from '../http/read-body.ts';
import { pathOf } from '../trpc-handler.ts';
import { type VerifyOptions, verifyGateway } from './verify-gateway.ts';

export const gatewayPrefix = '/api/gateway/';
/** Every body but a chunk's: an approval's texts are the longest. Bytes. */
const maxJsonBytes = 4 * 1024 * 1024;

interface Call {
  readonly services: GatewayServices;
  readonly gateway: GatewayCaller;
  readonly url: URL;
  readonly body: Buffer;
  /** The part of the path that the route leaves open. */
  readonly id: string;
  readonly now: Date;
}

/** Undefined is answered 204. */
type Route = (call: Call) => Promise<unknown>;

const approvalPath = new RegExp(`^${gatewayPaths.approvals}/([^/]{1,64})(/[a-z]+)?$`);

/** By method and path; `:id` stands for one segment below `approvals`. Enrolment, which is not signed, stands apart. */
const routes: Readonly<Record<string, Route>> = {
  [`GET ${gatewayPaths.bundle}`]: ({ services, gateway, url, now }) =>
    buildBundle(services, gateway, count(url, 'have'), now, url.searchParams.get('signedBy')),
  [`POST ${gatewayPaths.authorise}`]: ({ services, gateway, body, now }) =>
    authoriseNativeSecret(services.database, gateway.id, read(authoriseRequestSchema, body), now),
  [`POST ${gatewayPaths.confirm}`]: ({ services, gateway, body, now }) =>
    confirmCredential(services.database, gateway.id, read(confirmRequestSchema, body), now),
  [`POST ${gatewayPaths.leaf}`]: ({ services, gateway, body, now }) =>
    issueLeaf(services, gateway, read(leafRequestSchema, body), now),
  [`POST ${gatewayPaths.hostCertificates}`]: ({ services, gateway, body, now }) =>
    issueHostCertificates(services, gateway, read(hostCertificatesRequestSchema, body), now),
  [`POST ${gatewayPaths.approvals}`]: ({ services, gateway, body, now }) =>
    raiseApproval(services, gateway, read(approvalCreateSchema, body), now),
  // Gateways of before `settled-approvals` ask for each.
  [`GET ${gatewayPaths.approvals}/:id`]: ({ services, gateway, id, now }) => showStatus(services, gateway, id, now),
  [`POST ${gatewayPaths.settledApprovals}`]: ({ services, gateway, body, now }) =>
    showSettled(services, gateway, read(settledRequestSchema, body), now),
  [`POST ${gatewayPaths.approvals}/:id/consume`]: ({ services, gateway, id, body, now }) =>
    consumeApproval(services, gateway, id, read(approvalConsumeSchema, body), now),
  [`POST ${gatewayPaths.approvals}/:id/outcome`]: ({ services, gateway, id, body, now }) =>
    noteOutcome(services, gateway, id, read(approvalOutcomeSchema, body), now),
  [`POST ${gatewayPaths.approvals}/:id/impact`]: async ({ services, gateway, id, body }) => {
    await noteImpact(services, gateway, id, read(approvalImpactSchema, body));
  },
  [`POST ${gatewayPaths.approvals}/:id/revert`]: async ({ services, gateway, id, body, now }) => {
    await noteRevert(services, gateway, id, read(revertReportSchema, body), now);
  },
  [`POST ${gatewayPaths.approvals}/:id/cancel`]: ({ services, gateway, id, body, now }) =>
    cancelApproval(services, gateway, id, read(approvalCancelSchema, body), now),
  [`POST ${gatewayPaths.chunks}`]: async ({ services, gateway, url, body, now }) => {
    const upload = { sessionId: url.searchParams.get('session') ?? '', index: count(url, 'index'), bytes: body };
    await storeChunk(services, gateway, upload, now);
    return { durable: true, index: upload.index } satisfies z.infer<typeof chunkResponseSchema>;
  },
  [`POST ${gatewayPaths.checkpoints}`]: async ({ services, gateway, body, now }) => {
    const witness = await storeCheckpoint(services, gateway, body.toString('utf8'), now);
    return { durable: true, ...witness } satisfies z.infer<typeof checkpointResponseSchema>;
  },
  // As gateways ask that know of no sessions in the answer.
  [`GET ${gatewayPaths.chain}`]: ({ services, gateway }) => showChainPlace(services, gateway),
  [`POST ${gatewayPaths.chain}`]: ({ services, gateway, body }) =>
    showRecordingPlace(services, gateway, read(recordingPlaceRequestSchema, body).sessions),
  [`POST ${gatewayPaths.state}`]: async ({ services, gateway, body, now }) => {
    await noteState(services.database, gateway.id, read(gatewayStateSchema, body), now);
  },
  [`GET ${gatewayPaths.explanations}`]: ({ services, gateway, url }) =>
    showExplainRequest(services.database, gateway.id, url.searchParams.get('id') ?? ''),
  [`POST ${gatewayPaths.explanations}`]: async ({ services, gateway, body }) => {
    await noteExplanation(services.database, gateway.id, read(sealedExplainAnswerSchema, body));
  },
  [`POST ${gatewayPaths.testResults}`]: async ({ services, gateway, body, now }) => {
    await noteTestResult(services.database, gateway.id, read(testResultSchema, body), now);
  },
  [`POST ${gatewayPaths.rotations}`]: async ({ services, gateway, body, now }) => {
    await noteRotation(services.database, gateway.id, read(rotationSchema, body), now);
  },
  [`GET ${gatewayPaths.rewraps}`]: ({ services, gateway }) => listRewraps(services, gateway),
  [`POST ${gatewayPaths.rewraps}`]: async ({ services, gateway, body, now }) => {
    await keepRewrap(services, gateway, read(rewrapSchema, body), now);
  },
  [`POST ${gatewayPaths.targetSessions}`]: async ({ services, gateway, body, now }) => {
    await noteTargetSessions(services.database, gateway.id, read(targetSessionsReportSchema, body), now);
  },
};

export interface GatewayApiOptions extends VerifyOptions {
  readonly services: GatewayServices;
}

/** Answers a request below `/api/gateway/`. Throws what `sendProblem` can tell. */
export async function handleGatewayApi(
  request: IncomingMessage,
  response: ServerResponse,
  address: string,
  options: GatewayApiOptions,
): Promise<void> {
  const path = pathOf(request);
  const isChunk = path === gatewayPaths.chunks;
  const body = await readBody(request, isChunk ? maxRecordingChunkBytes : maxJsonBytes);
  if (request.method === 'POST' && path === gatewayPaths.enrol) {
    sendJson(response, 200, await enrol(options.services, body, address));
    return;
  }
  const [, id = '', action = ''] = approvalPath.exec(path) ?? [];
  const pattern = id === '' ? path : `${gatewayPaths.approvals}/:id${action}`;
  const route = routes[`${request.method} ${pattern}`];
  if (route === undefined)
    throw new SluiceError('not-found', `There is no ${request.method} ${path}.`, { audience: 'operator' });
  const gateway = await verifyGateway(request, body, options);
  const url = new URL(request.url ?? '/', options.publicUrl);
  const answer = await route({ services: options.services, gateway, url, body, id, now: new Date() });
  if (answer === undefined || answer === null) response.writeHead(204, { 'cache-control': 'no-store' }).end();
  else sendJson(response, 200, answer);
}

async function enrol(services: GatewayServices, body: Buffer, address: string) {
  const request = read(enrolRequestSchema, body);
  const { gatewayId } = await enrolGateway(services.database, request, address, new Date());
  const { keyId, publicKey } = services.signing;
  return { gatewayId, bundleKey: { keyId, publicKey }, caRoot: services.caRoot } satisfies z.infer<
    typeof enrolResponseSchema
  >;
}

function read<T>(schema: z.ZodType<T>, body: Buffer): T {
  return schema.parse(parseJson(body));
}

function count(url: URL, name: string): number {
  const text = url.searchParams.get(name) ?? '';
  if (!/^\d{1,9}$/.test(text))
    throw new SluiceError('bad-request', `“${name}” has to be a number.`, { audience: 'operator' });
  return Number(text);
}
