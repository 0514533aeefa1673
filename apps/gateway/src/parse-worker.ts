/** The inside of the parse worker: text and state in, facts out. Thrown away by its pool after any failure. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import type { Language, ReadOutcome, StatementDescription } from '@sluice/domain';

/** Catalogues that a worker remembers; a gateway's connections share a worker. */
const maxCatalogues = 64;

export type ParseRequest =
  | { readonly type: 'catalogue'; readonly id: string; readonly data: unknown }
  | {
      readonly type: 'read';
      readonly id: number;
      readonly language: string;
      readonly text: string;
      readonly session: unknown;
      readonly catalogueId: string | null;
    }
  | { readonly type: 'describe'; readonly id: number; readonly language: string; readonly text: string };

export type ParseAnswer =
  | { readonly type: 'ready' }
  | { readonly type: 'read'; readonly id: number; readonly outcome: ReadOutcome }
  | { readonly type: 'described'; readonly id: number; readonly description: StatementDescription }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };

/** Answers for these languages until the thread is ended. */
export async function runParseWorker(languages: readonly Language[]): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('the parse worker runs in a worker thread only');
  await Promise.all(languages.map((language) => language.load()));
  const byName = new Map(languages.map((language) => [language.name, language]));
  const catalogues = new Map<string, unknown>();
  port.on('message', (request: ParseRequest) => {
    if (request.type === 'catalogue') remember(catalogues, request.id, request.data);
    else answer(port, byName, catalogues, request);
  });
  port.postMessage({ type: 'ready' } satisfies ParseAnswer);
}

function remember(catalogues: Map<string, unknown>, id: string, data: unknown): void {
  catalogues.delete(id);
  catalogues.set(id, data);
  for (const oldest of catalogues.keys()) {
    if (catalogues.size <= maxCatalogues) break;
    catalogues.delete(oldest);
  }
}

function answer(
  port: MessagePort,
  byName: ReadonlyMap<string, Language>,
  catalogues: ReadonlyMap<string, unknown>,
  request: Exclude<ParseRequest, { type: 'catalogue' }>,
): void {
  const reply = (message: ParseAnswer) => port.postMessage(message);
  const language = byName.get(request.language);
  try {
    if (language === undefined) throw new Error(`no language ${request.language}`);
    if (request.type === 'describe') {
      reply({ type: 'described', id: request.id, description: language.describe(request.text) });
      return;
    }
    const catalogue = request.catalogueId === null ? null : (catalogues.get(request.catalogueId) ?? null);
    if (request.catalogueId !== null && catalogue === null) throw new Error('the catalogue is not here');
    const readNested = (name: string, text: string) => byName.get(name)?.readAlone?.(text) ?? null;
    reply({
      type: 'read',
      id: request.id,
      outcome: language.read(request.text, { session: request.session, catalogue, readNested }),
    });
  } catch (error) {
    reply({ type: 'failed', id: request.id, message: error instanceof Error ? error.message : String(error) });
  }
}
