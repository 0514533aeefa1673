import { isId } from '@sluice/domain';
import type { Db } from './client.ts';

/** What is asked of a gateway; sealed, and kept until the answer is fetched. */
export async function createExplainRequest(
  db: Db,
  request: { readonly id: string; readonly gatewayId: string; readonly request: string },
): Promise<void> {
  await db.explainRequest.create({ data: request });
}

/** The sealed request, for the gateway that was asked; null when there is none, or it was answered. */
export async function findExplainRequest(db: Db, gatewayId: string, id: string): Promise<string | null> {
  if (!isId(id)) return null;
  const row = await db.explainRequest.findFirst({ where: { id, gatewayId, answer: null }, select: { request: true } });
  return row?.request ?? null;
}

/** Keeps the sealed answer. False when nobody asked this gateway, or it has answered before. */
export async function answerExplainRequest(db: Db, gatewayId: string, id: string, answer: string): Promise<boolean> {
  if (!isId(id)) return false;
  const { count } = await db.explainRequest.updateMany({ where: { id, gatewayId, answer: null }, data: { answer } });
  return count === 1;
}

export async function hasExplainAnswer(db: Db, id: string): Promise<boolean> {
  return (await db.explainRequest.count({ where: { id, answer: { not: null } } })) === 1;
}

/** Takes the sealed answer away, and the request with it; null when none had come. */
export async function takeExplainAnswer(db: Db, id: string): Promise<string | null> {
  const [row] = await db.explainRequest.findMany({ where: { id }, select: { answer: true } });
  await db.explainRequest.deleteMany({ where: { id } });
  return row?.answer ?? null;
}
