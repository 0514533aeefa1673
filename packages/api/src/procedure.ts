import type { AuditSubject, AuditThrough, Database, Db, Tx } from '@sluice/database';
import { appendAuditEvent } from '@sluice/database';
import type { Permission, Place } from '@sluice/domain';
import { can, canSomewhere, SluiceError } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { newId } from '@sluice/keys';
import type { TRPCMutationProcedure, TRPCQueryProcedure } from '@trpc/server';
import { initTRPC } from '@trpc/server';
import superjson from 'superjson';
import type { z } from 'zod';
import type { ApiContext, ApiServices } from './context.ts';
import { describeForClient, toTrpcError } from './errors.ts';

export interface ProcedureMeta {
  readonly permission: Permission;
  readonly kind: 'query' | 'mutation';
}

const trpc = initTRPC
  .context<ApiContext>()
  .meta<ProcedureMeta>()
  .create({
    transformer: superjson,
    isDev: false,
    errorFormatter: ({ shape, error }) => {
      const { message, sluiceCode, hint } = describeForClient(error);
      return { ...shape, message, data: { ...shape.data, sluiceCode, hint } };
    },
  });

export const router = trpc.router;
export const createCallerFactory = trpc.createCallerFactory;

interface Call<Input> {
  readonly input: Input;
  readonly caller: Caller;
  readonly services: ApiServices;
  readonly now: Date;
  readonly address: string | null;
  readonly software: string | null;
  /** Whether the caller holds a wider permission than the procedure demands: for the installation, or for every connection. */
  readonly may: (permission: Permission) => boolean;
  /** Whether the caller holds a permission on this connection. A permission about connections is demanded for each. */
  readonly mayOn: (permission: Permission, place: Place) => boolean;
}

export interface QueryCall<Input> extends Call<Input> {
  readonly db: Db;
  readonly database: Database;
}

/** A mutation works in one transaction, at whose end the builder appends the audit event. */
export interface MutationCall<Input> extends Call<Input> {
  readonly tx: Tx;
}

/** What the audit chain says of a change. `before` and `after` are JSON without secrets. */
export interface AuditDescription {
  /** Follows the actor's name: `created connection demo`. */
  readonly sentence: string;
  readonly subject: AuditSubject | null;
  readonly before?: unknown;
  readonly after?: unknown;
}

interface QueryDeclaration<Schema extends z.ZodType, Output> {
  readonly permission: Permission;
  readonly input: Schema;
  readonly run: (call: QueryCall<z.output<Schema>>) => Promise<Output>;
}

interface MutationDeclaration<Schema extends z.ZodType, Output> {
  readonly permission: Permission;
  readonly input: Schema;
  /**
   * Makes the change. `output` is the answer, or (a function) what makes it after the commit: for waiting on others, which must not
   * hold the transaction.
   */
  readonly run: (call: MutationCall<z.output<Schema>>) => Promise<{
    readonly output: Output | (() => Promise<Output>);
    readonly audit: AuditDescription;
  }>;
}

/** Declares a query. There is no way to a procedure without a permission. */
export function query<Schema extends z.ZodType, Output>(
  declaration: QueryDeclaration<Schema, Output>,
): TRPCQueryProcedure<{ meta: ProcedureMeta; input: z.input<Schema>; output: Output }> {
  const { permission, input, run } = declaration;
  const procedure = trpc.procedure
    .meta({ permission, kind: 'query' })
    .use(demand(permission))
    .input(input as z.ZodType)
    .query(({ ctx, input: given }) => {
      const { database } = ctx.services;
      return translated(() => run({ ...callOf(ctx, given as z.output<Schema>), db: database.db, database }));
    });
  return procedure as unknown as TRPCQueryProcedure<{ meta: ProcedureMeta; input: z.input<Schema>; output: Output }>;
}

/** Declares a mutation. Its audit event is written in the transaction of the change, so there is never one without the other. */
export function mutation<Schema extends z.ZodType, Output>(
  declaration: MutationDeclaration<Schema, Output>,
): TRPCMutationProcedure<{ meta: ProcedureMeta; input: z.input<Schema>; output: Output }> {
  const { permission, input, run } = declaration;
  const procedure = trpc.procedure
    .meta({ permission, kind: 'mutation' })
    .use(demand(permission))
    .input(input as z.ZodType)
    .mutation(({ ctx, input: given, path }) =>
      translated(async () => {
        const call = callOf(ctx, given as z.output<Schema>);
        const output = await ctx.services.database.transaction(async (tx) => {
          const result = await run({ ...call, tx });
          await appendAuditEvent(tx, auditEvent(call, path, result.audit));
          return result.output;
        });
        return typeof output === 'function' ? await (output as () => Promise<Output>)() : output;
      }),
    );
  return procedure as unknown as TRPCMutationProcedure<{
    meta: ProcedureMeta;
    input: z.input<Schema>;
    output: Output;
  }>;
}

/**
 * Permission comes before input: who may not call learns nothing about what a call would look like. A permission about connections
 * opens the procedure when it is held for one of them; the procedure then asks `mayOn` for the one that it is called for.
 */
function demand(permission: Permission) {
  return trpc.middleware(({ ctx, next }) => {
    if (ctx.caller === null) throw toTrpcError(ctx.refusal ?? signedOut());
    if (!canSomewhere(ctx.caller.rights, permission)) throw toTrpcError(forbidden(ctx.caller, permission));
    return next({ ctx: { ...ctx, caller: ctx.caller } });
  });
}

function callOf<Input>(ctx: ApiContext & { readonly caller: Caller }, input: Input): Call<Input> {
  const { caller, services, address, software } = ctx;
  const may = (permission: Permission) => can(caller.rights, permission, null).yes;
  const mayOn = (permission: Permission, place: Place) => can(caller.rights, permission, place).yes;
  return { input, caller, services, now: new Date(), address, software, may, mayOn };
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toTrpcError(error);
  }
}

/** The credential that a caller came with, for the audit chain. */
export function throughOf({ actor, by, credentialId }: Caller, software: string | null): AuditThrough {
  return { by, id: credentialId, run: actor.runId, software };
}

function auditEvent(call: Call<unknown>, path: string, audit: AuditDescription) {
  const { id, kind, name, role, onBehalfOf } = call.caller.actor;
  return {
    id: newId<'AuditEvent'>(),
    at: call.now,
    actor: { kind, id, name, role, onBehalfOf },
    action: path,
    sentence: `${name} ${audit.sentence}`,
    subject: audit.subject,
    before: audit.before ?? null,
    after: audit.after ?? null,
    address: call.address,
    through: throughOf(call.caller, call.software),
  };
}

function signedOut(): SluiceError {
  return new SluiceError('unauthenticated', 'Nobody is signed in.', {
    audience: 'person',
    hint: 'Sign in, or send an API token as a bearer token.',
  });
}

function forbidden(caller: Caller, permission: Permission): SluiceError {
  return new SluiceError('forbidden', `The role ${caller.actor.role} may not do this (${permission}).`, {
    audience: 'person',
    hint: 'Ask an admin to do it, or for another role.',
  });
}
