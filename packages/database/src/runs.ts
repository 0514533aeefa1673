import type { Db, Tx } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { cutPage, type PageOf, type PageRequest } from './page.ts';

const withActor = {
  person: { select: { id: true, name: true, role: true } },
  serviceIdentity: {
    select: {
      id: true,
      name: true,
      owner: { select: { id: true, name: true } },
      ownerGroup: { select: { id: true, name: true } },
    },
  },
} satisfies Prisma.RunInclude;
export type RunRow = Prisma.RunGetPayload<{ include: typeof withActor }>;

export interface NewRun {
  readonly id: string;
  readonly actor: { readonly kind: 'person' | 'service'; readonly id: string };
  readonly taskId: string | null;
  readonly purpose: string;
  readonly software: string | null;
}

export function createRun(tx: Tx, run: NewRun): Promise<RunRow> {
  const { actor, ...columns } = run;
  const by = actor.kind === 'person' ? { personId: actor.id } : { serviceIdentityId: actor.id };
  return tx.run.create({ data: { ...columns, ...by }, include: withActor });
}

export function findRun(db: Db, id: string): Promise<RunRow | null> {
  return db.run.findUnique({ where: { id }, include: withActor });
}

/** The name of each run that is there; of those that are not, nothing. */
export function findRunNames(
  db: Db,
  ids: readonly string[],
): Promise<{ readonly id: string; readonly purpose: string; readonly taskId: string | null }[]> {
  return db.run.findMany({ where: { id: { in: [...ids] } }, select: { id: true, purpose: true, taskId: true } });
}

/** Ends a run once; false when it had ended. */
export async function endRun(tx: Tx, id: string, at: Date): Promise<boolean> {
  const { count } = await tx.run.updateMany({ where: { id, endedAt: null }, data: { endedAt: at } });
  return count === 1;
}

export interface RunFilter {
  /** Only runs of these people, of their teams' and of their own agents; null: everybody's. */
  readonly visibleTo: readonly string[] | null;
  /** A part of purpose, task, software or the agent's name. */
  readonly search: string | null;
}

/** Newest first; the cursor is an id. */
export async function listRuns(db: Db, filter: RunFilter, page: PageRequest): Promise<PageOf<RunRow>> {
  const conditions: Prisma.RunWhereInput[] = [];
  if (filter.visibleTo !== null) {
    const ids = [...filter.visibleTo];
    conditions.push({
      OR: [
        { personId: { in: ids } },
        { serviceIdentityId: { in: ids } },
        { serviceIdentity: { OR: [{ ownerId: { in: ids } }, { ownerGroupId: { in: ids } }] } },
      ],
    });
  }
  if (filter.search !== null) {
    const contains = { contains: filter.search, mode: 'insensitive' as const };
    conditions.push({
      OR: [
        { purpose: contains },
        { taskId: contains },
        { software: contains },
        { serviceIdentity: { name: contains } },
        { person: { name: contains } },
      ],
    });
  }
  if (page.cursor !== null) conditions.push({ id: { lt: page.cursor } });
  const rows = await db.run.findMany({
    where: { AND: conditions },
    include: withActor,
    orderBy: { id: 'desc' },
    take: page.limit + 1,
  });
  return cutPage(rows, page.limit, (row) => row.id);
}

export interface RunCounts {
  readonly sessions: number;
  readonly statements: number;
  readonly held: number;
  readonly denied: number;
}

/** What was done in these runs. A run without a session is missing. */
export async function countInRuns(db: Db, runIds: readonly string[]): Promise<Map<string, RunCounts>> {
  const rows = await db.session.groupBy({
    by: ['runId'],
    where: { runId: { in: [...runIds] } },
    _count: { _all: true },
    _sum: { statementCount: true, heldCount: true, deniedCount: true },
  });
  return new Map(
    rows.flatMap(({ runId, _count, _sum }) =>
      runId === null
        ? []
        : [
            [
              runId,
              {
                sessions: _count._all,
                statements: _sum.statementCount ?? 0,
                held: _sum.heldCount ?? 0,
                denied: _sum.deniedCount ?? 0,
              },
            ] as const,
          ],
    ),
  );
}
