import { SluiceError, type TestStep } from '@sluice/domain';
import type { DialRequest, WireTarget } from '@sluice/wire-kit';
import { LineStream } from './line-stream.ts';

/** The gateway as the client of an echo server (RFC 862), which knows neither TLS nor authentication. */
export class ToyTarget implements WireTarget {
  readonly lines: LineStream;

  constructor(lines: LineStream) {
    this.lines = lines;
  }

  /** An echo runs nothing that could be stopped: the answer is on its way. */
  cancel(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.lines.stream.destroy();
    return Promise.resolve();
  }
}

export async function dialToyTarget(request: DialRequest): Promise<ToyTarget> {
  return new ToyTarget(new LineStream(await request.connect(request.signal)));
}

export async function testToyTarget(
  request: DialRequest,
): Promise<{ readonly steps: readonly TestStep[]; readonly warnings: readonly string[] }> {
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
    return { steps: [step(true, 'the target takes connections', null)], warnings: [] };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { steps: [step(false, error.message, error.hint ?? null)], warnings: [] };
  }
}
