import { SluiceError, type TestStep } from '@sluice/domain';
import type { DialRequest, TargetTest, TargetTestRequest, WireTarget } from '@sluice/wire-kit';
import { LineStream } from './line-stream.ts';

/** What the gateway alone sends: no statement begins like this. */
export const cancelLine = 'CANCEL';
const cancelTimeoutMs = 5_000;

/** The gateway as the client of an echo server (RFC 862), which knows neither TLS nor authentication. */
export class ToyTarget implements WireTarget {
  readonly lines: LineStream;
  readonly #openAnother: () => Promise<LineStream>;

  constructor(lines: LineStream, openAnother: () => Promise<LineStream>) {
    this.lines = lines;
    this.#openAnother = openAnother;
  }

  /** Over a connection of its own; a target that is gone has nothing left to stop. */
  async cancel(): Promise<void> {
    try {
      const other = await this.#openAnother();
      await other.send(cancelLine);
      other.stream.end();
      // Read to its end: the target has then seen it.
      const late = setTimeout(() => other.stream.destroy(), cancelTimeoutMs);
      while ((await other.next()) !== null);
      clearTimeout(late);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
    }
  }

  close(): Promise<void> {
    this.lines.stream.destroy();
    return Promise.resolve();
  }
}

export async function dialToyTarget(request: DialRequest): Promise<ToyTarget> {
  const open = async (signal: AbortSignal) => new LineStream(await request.connect(signal));
  return new ToyTarget(await open(request.signal), () => open(AbortSignal.timeout(cancelTimeoutMs)));
}

export async function testToyTarget({ writer: request }: TargetTestRequest): Promise<TargetTest> {
  const startedAt = performance.now();
  const step = (ok: boolean, message: string, hint: string | null): TestStep => ({
    name: 'Address',
    ok,
    durationMs: performance.now() - startedAt,
    message,
    hint,
  });
  try {
    const target = await dialToyTarget(request);
    await target.close();
    return { steps: [step(true, 'the target takes connections', null)], warnings: [], roads: [] };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { steps: [step(false, error.message, error.hint ?? null)], warnings: [], roads: [] };
  }
}
