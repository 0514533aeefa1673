import { randomBytes } from 'node:crypto';
import { Secret, SluiceError } from '@sluice/domain';
import type { AcceptRequest, ClientProof, WireClient, WireRefusal } from '@sluice/wire-kit';
import { LineStream } from './line-stream.ts';

const cancelTokenBytes = 8;

/** The gateway as the server of a client: `HELLO <secret>`, or `CANCEL <token>` to stop what another session waits for. */
export class ToyClient implements WireClient {
  readonly proof: ClientProof;
  readonly startup: Readonly<Record<string, string>> = {};
  readonly cancelToken = randomBytes(cancelTokenBytes).toString('hex');
  readonly lines: LineStream;

  constructor(lines: LineStream, secret: Secret) {
    this.lines = lines;
    this.proof = { type: 'secret', secret };
  }

  async refuse(refusal: WireRefusal): Promise<void> {
    const { reason, message, hint } = refusal;
    await this.lines.send(`ERROR ${JSON.stringify({ reason, message, hint })}`);
    await this.lines.settled((done) => this.lines.stream.end(done));
  }
}

export async function acceptToyClient(
  request: AcceptRequest,
): Promise<
  { readonly type: 'session'; readonly client: ToyClient } | { readonly type: 'cancel'; readonly token: string }
> {
  const { stream } = request.transport;
  const lines = new LineStream(stream);
  const stop = () => stream.destroy();
  request.signal.addEventListener('abort', stop, { once: true });
  try {
    const [word, value] = ((await firstLine(lines)) ?? '').split(' ');
    if (word === 'HELLO' && value) return { type: 'session', client: new ToyClient(lines, new Secret(value)) };
    if (word === 'CANCEL' && value) return { type: 'cancel', token: value };
    await lines.send('ERROR {"message":"say HELLO and a secret"}');
    throw new SluiceError('protocol-violation', 'the first line was not HELLO');
  } finally {
    request.signal.removeEventListener('abort', stop);
  }
}

async function firstLine(lines: LineStream): Promise<string | null> {
  try {
    return await lines.next();
  } catch (error) {
    await lines.send('ERROR {"message":"the first line is too long"}');
    throw error;
  }
}
