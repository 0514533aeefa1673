/** Logging in at the target (PostgreSQL manual, "Message Flow: Start-up" and "SASL Authentication"). */
import { createHash } from 'node:crypto';
import { type ErrorCode, SluiceError, type TargetCredential } from '@sluice/domain';
import type { MessageChannel } from './message-channel.ts';
import { backend } from './messages/backend.ts';
import { BodyReader, violation } from './messages/bytes.ts';
import { encodePassword, encodeSaslInitial, encodeSaslResponse } from './messages/frontend.ts';
import { parseReport, type ReportFields } from './messages/report.ts';
import { ScramExchange } from './scram.ts';
import { channelBinding, type TargetStream } from './target-tls.ts';

const methods = { ok: 0, cleartext: 3, md5: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const;
/** Rounds of one login; SCRAM has three. */
const maxRounds = 8;

export async function logIn(
  channel: MessageChannel,
  target: TargetStream,
  credential: TargetCredential,
  allowWeak: boolean,
): Promise<void> {
  let scram: ScramExchange | null = null;
  let proved = false;
  for (let round = 0; round < maxRounds; round++) {
    const body = await nextAuthentication(channel);
    const method = body.int32();
    switch (method) {
      case methods.ok:
        if (scram !== null && !proved)
          throw new SluiceError('target-auth', 'the target ended the login without proving that it knows the password');
        return;
      case methods.cleartext:
        refuseWeak('a cleartext password', target, allowWeak);
        channel.write(encodePassword(credential.password));
        break;
      case methods.md5:
        refuseWeak('an MD5 password', target, allowWeak);
        channel.write(encodePassword(md5Password(credential, body.bytes(4))));
        break;
      case methods.sasl: {
        const offered = mechanisms(body);
        if (!offered.some((name) => name.startsWith('SCRAM-SHA-256'))) throw unsupported(offered.join(', '));
        scram = new ScramExchange(credential.password, channelBinding(target, offered));
        if (!offered.includes(scram.mechanism)) throw unsupported(offered.join(', '));
        channel.write(encodeSaslInitial(scram.mechanism, scram.first()));
        break;
      }
      case methods.saslContinue:
        if (scram === null) throw violation('a SASL challenge that nobody asked for');
        channel.write(encodeSaslResponse(await scram.respond(body.bytes(body.left).toString('utf8'))));
        break;
      case methods.saslFinal:
        if (scram === null) throw violation('a SASL answer that nobody asked for');
        scram.verify(body.bytes(body.left).toString('utf8'));
        proved = true;
        break;
      default:
        throw unsupported(`method ${method}`);
    }
  }
  throw violation('more rounds than a login has');
}

async function nextAuthentication(channel: MessageChannel): Promise<BodyReader> {
  for (;;) {
    const type = await channel.next();
    const { buffer, start, end } = channel.reader;
    if (type === backend.authentication) return new BodyReader(buffer, start + 5, end);
    if (type === backend.error) throw targetError(parseReport(buffer, start + 5, end));
    if (type !== backend.notice && type !== backend.negotiateProtocol)
      throw violation('an unknown message during the login');
  }
}

function md5Password({ username, password }: TargetCredential, salt: Buffer): string {
  const md5 = (...parts: (string | Buffer)[]): string => {
    const hash = createHash('md5');
    for (const part of parts) hash.update(part);
    return hash.digest('hex');
  };
  return `md5${md5(md5(password, username), salt)}`;
}

function mechanisms(body: BodyReader): string[] {
  const names: string[] = [];
  for (let name = body.text(); name !== ''; name = body.text()) names.push(name);
  return names;
}

function refuseWeak(what: string, target: TargetStream, allowWeak: boolean): void {
  if (target.verified || allowWeak) return;
  throw new SluiceError('target-auth', `the target asks for ${what} over a connection that is not verified`, {
    hint: 'Use TLS mode verify-full, change the target’s pg_hba.conf to scram-sha-256, or allow weak authentication in the gateway’s own configuration.',
  });
}

function unsupported(what: string): SluiceError {
  return new SluiceError('target-auth', `the target asks for a login that Sluice does not speak (${what})`, {
    hint: 'Use scram-sha-256 for this role in the target’s pg_hba.conf.',
  });
}

/** What the target said during start-up, with the likely mend. */
export function targetError(fields: ReportFields): SluiceError {
  const state = fields.get('C') ?? '';
  const said = `the target said: ${fields.get('M') ?? 'nothing'} (${state})`;
  const [code, hint] = mendFor(state);
  return new SluiceError(code, said, { hint });
}

function mendFor(state: string): [ErrorCode, string] {
  if (state === '28P01')
    return ['target-auth', 'Check the connection’s user name and password, and enter the credential again.'];
  if (state.startsWith('28')) {
    return ['target-auth', 'Let this role log in from the gateway’s address: see pg_hba.conf at the target.'];
  }
  if (state === '3D000') return ['wrong-database', 'Correct the connection’s database.'];
  if (state === '42501') return ['target-auth', 'GRANT CONNECT ON DATABASE … to the connection’s role at the target.'];
  if (state === '53300')
    return ['target-unreachable', 'The target has no free connection: raise max_connections or close idle sessions.'];
  if (state.startsWith('57P')) return ['target-unreachable', 'The target is starting or stopping: try again shortly.'];
  return ['target-unreachable', 'See the target’s own log.'];
}
