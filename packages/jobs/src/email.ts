/** Mail over SMTP (RFC 5321) with TLS that is verified: text and HTML of the same words, and nothing in them that acts. */
import { type Secret, SluiceError } from '@sluice/domain';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import type { Delivered, Notice } from './notice.ts';
import { htmlText, safeLine, safeStatement } from './safe-text.ts';

const timeoutMs = 15_000;
/** RFC 5321: at most 254 characters. */
const address = z.email().max(254);
/** A person's address, as an admin or an identity provider wrote it: none of the characters that end or join addresses in SMTP. */
const recipient = z
  .string()
  .max(254)
  .regex(/^[^\s<>,;:"()[\]\\@\p{Cc}]+@[^\s<>,;:"()[\]\\@\p{Cc}]+$/u, 'is no address');

export const emailSettingsSchema = z.strictObject({
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535),
  /** `starttls` asks for it and goes no further without; `tls` begins with it; `none` is for a server on this machine. */
  tls: z.enum(['starttls', 'tls', 'none']),
  from: address,
  username: z.string().max(255).nullable(),
  /** PEM of the authority to trust instead of the system's; null for the system's. */
  ca: z.string().max(65_536).nullable(),
});
export type EmailSettings = z.infer<typeof emailSettingsSchema>;

const loopbackHosts = ['localhost', '127.0.0.1', '::1'];

/** Sends one. Throws SluiceError `unavailable` with what the server said. */
export async function sendEmail(
  notice: Notice,
  to: string,
  { settings, password }: { readonly settings: EmailSettings; readonly password: Secret },
): Promise<Delivered> {
  const { host, port, tls, username, ca, from } = settings;
  if (tls === 'none' && !loopbackHosts.includes(host))
    throw new SluiceError('forbidden', 'Mail goes without TLS to a server on this machine only.', {
      audience: 'person',
      hint: 'Choose STARTTLS or TLS.',
    });
  if (!recipient.safeParse(to).success)
    throw new SluiceError('bad-request', 'The person’s mail address is none.', { audience: 'person' });
  const transport = createTransport({
    host,
    port,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(ca === null ? {} : { ca }) },
    ...(username === null ? {} : { auth: { user: username, pass: password.reveal() } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // A text of somebody else's must never make the mailer read a file or fetch an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from: { name: 'Sluice', address: from },
      to: { name: '', address: to },
      subject: safeLine(notice.title),
      messageId: `<${notice.id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
      date: notice.at,
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      text: plainBody(notice),
      html: htmlBody(notice),
    });
  } catch (cause) {
    const said = cause instanceof Error ? safeLine(cause.message, 300) : 'it failed';
    throw new SluiceError('unavailable', `The mail server ${host} did not take the message: ${said}`, {
      audience: 'person',
      cause,
    });
  } finally {
    transport.close();
  }
  return { receipt: null };
}

function plainBody(notice: Notice): string {
  const lines = notice.facts.map(({ name, value }) => `${name}: ${safeLine(value, 1_000)}`);
  const statement = notice.statement === null ? [] : ['', safeStatement(notice.statement)];
  return [safeLine(notice.title), '', ...lines, ...statement, '', notice.url, ''].join('\n');
}

function htmlBody(notice: Notice): string {
  const rows = notice.facts
    .map(
      ({ name, value }) =>
        `<tr><td style="padding-right:12px;color:#666">${htmlText(name)}</td><td>${htmlText(safeLine(value, 1_000))}</td></tr>`,
    )
    .join('');
  const statement =
    notice.statement === null
      ? ''
      : `<pre style="padding:8px;border:1px solid #ddd;white-space:pre-wrap">${htmlText(safeStatement(notice.statement))}</pre>`;
  const title = htmlText(safeLine(notice.title));
  return `<!doctype html><html><body style="font-family:sans-serif"><p><b>${title}</b></p><table>${rows}</table>${statement}<p><a href="${htmlText(notice.url)}">Open it in Sluice</a></p></body></html>`;
}
