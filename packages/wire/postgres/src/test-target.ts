/** Step-by-step check of a connection: address, TLS, login, database, rights. */
import { SluiceError, type TestStep } from '@sluice/domain';
import type { DialRequest, TargetTest, TargetTestRequest } from '@sluice/wire-kit';
import { noReaderWarning, type Rights, readerWarningsOf, readRights, rightsText, warningsOf } from './rights.ts';
import { roadsOf } from './roads.ts';
import { dialTarget, openStream, type PostgresTarget } from './target-side.ts';
import { secureTarget } from './target-tls.ts';

/** Never throws: what failed is a step that is not ok, with what the target said and the likely mend. */
export async function testTarget({ writer: request, reader }: TargetTestRequest): Promise<TargetTest> {
  const steps: TestStep[] = [];
  const { host, port, tls } = request.address;
  const reached = await step(steps, 'address', async () => {
    const stream = await openStream(request);
    stream.destroy();
    return `A TCP connection to ${host}:${port} opened.`;
  });
  if (!reached) return nothingMore(steps);
  let encrypted = false;
  const secured = await step(steps, 'TLS', async () => {
    const plain = await openStream(request);
    try {
      const target = await secureTarget(plain, request.address);
      encrypted = target.encrypted;
      const how = target.verified
        ? 'encrypted, and the certificate was checked'
        : target.encrypted
          ? 'encrypted; the certificate was not checked'
          : 'not encrypted';
      return `With TLS mode ${tls.mode} the connection is ${how}.`;
    } finally {
      plain.destroy();
    }
  });
  if (!secured) return nothingMore(steps);
  let target: PostgresTarget | null = null;
  const startedAt = performance.now();
  try {
    target = await dialTarget(request);
    const durationMs = performance.now() - startedAt;
    steps.push(done('authentication', durationMs, `The target accepted role ${request.credential.reveal().username}.`));
    steps.push(done('database', 0, `Database ${String(request.options.database ?? '')} opened.`));
  } catch (error) {
    const durationMs = performance.now() - startedAt;
    const isDatabase = error instanceof SluiceError && error.code === 'wrong-database';
    if (isDatabase) steps.push(done('authentication', durationMs, 'The target accepted the login.'));
    steps.push(failed(isDatabase ? 'database' : 'authentication', durationMs, error));
    return nothingMore(steps);
  }
  try {
    const writer = await readRightsOf(steps, 'rights', target);
    if (writer === null) return nothingMore(steps);
    const reads = reader === null ? null : await testReader(steps, reader);
    return {
      steps,
      warnings: [
        ...(reader === null ? [noReaderWarning(writer)] : []),
        ...(reads === null ? [] : readerWarningsOf(reads, writer)),
        ...warningsOf(writer),
      ],
      roads: roadsOf({ writer, reader: reads, hasReader: reader !== null, encrypted, port }),
    };
  } finally {
    await target.close();
  }
}

function nothingMore(steps: readonly TestStep[]): TargetTest {
  return { steps, warnings: [], roads: [] };
}

/** Rights of the session's role; null when they could not be read. */
async function readRightsOf(steps: TestStep[], name: string, target: PostgresTarget): Promise<Rights | null> {
  let rights: Rights | null = null;
  await step(steps, name, async () => {
    const found = readRights((await target.query(rightsText))[0]);
    rights = found;
    return `PostgreSQL ${found.version}, as role ${found.role}.`;
  });
  return rights;
}

/** The reader's own login, read-only as agents open it. */
async function testReader(steps: TestStep[], request: DialRequest): Promise<Rights | null> {
  let target: PostgresTarget | null = null;
  await step(steps, 'reader authentication', async () => {
    target = await dialTarget(request);
    return `The target accepted role ${request.credential.reveal().username} in a read-only session.`;
  });
  // Assigned inside the callback, which the compiler does not see.
  const opened = target as PostgresTarget | null;
  if (opened === null) return null;
  try {
    return await readRightsOf(steps, 'reader rights', opened);
  } finally {
    await opened.close();
  }
}

async function step(steps: TestStep[], name: string, run: () => Promise<string>): Promise<boolean> {
  const startedAt = performance.now();
  try {
    const message = await run();
    steps.push(done(name, performance.now() - startedAt, message));
    return true;
  } catch (error) {
    steps.push(failed(name, performance.now() - startedAt, error));
    return false;
  }
}

function done(name: string, durationMs: number, message: string): TestStep {
  return { name, ok: true, durationMs, message, hint: null };
}

function failed(name: string, durationMs: number, error: unknown): TestStep {
  const message = error instanceof Error ? error.message : 'unknown error';
  return { name, ok: false, durationMs, message, hint: error instanceof SluiceError ? (error.hint ?? null) : null };
}
