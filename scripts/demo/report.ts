/** What a start prints when all is ready. */

/** The protocol of the demo's SSH target: it is probed and printed in another way than the databases. */
export const sshProtocol = 'ssh';

export interface DemoIdentity {
  readonly name: string;
  readonly kind: 'admin' | 'reviewer' | 'member' | 'agent';
  readonly email?: string;
  readonly password?: string;
  /** The bearer token of API and CLI. */
  readonly apiToken: string;
  /** The password on native ports. */
  readonly nativeSecret: string;
}

export interface DemoConnection {
  readonly name: string;
  readonly protocol: string;
  readonly host: string;
  /** The gateway's own listener. */
  readonly port: number;
  readonly relayHost: string;
  readonly relayPort: number;
  readonly database: string;
  readonly username: string;
  readonly labels: { readonly env: string };
  readonly caFile: string;
}

export interface DemoReport {
  readonly url: string;
  readonly dataDir: string;
  readonly identities: readonly DemoIdentity[];
  readonly connections: readonly DemoConnection[];
  /** `dsn` goes straight to the target, past Sluice: for checking what really happened there. */
  readonly targets: readonly { readonly name: string; readonly dsn: string }[];
}

function psqlLine(identity: DemoIdentity, connection: DemoConnection): string {
  const { host, port, database, username, caFile } = connection;
  return `PGPASSWORD=${identity.nativeSecret} psql "host=${host} port=${port} dbname=${database} user=${username} sslmode=verify-full sslrootcert='${caFile}'"`;
}

/** Commands really run: said where people see it first. */
function sshLines(report: DemoReport, { name, host, port, username, labels }: DemoConnection): string[] {
  return [
    '',
    `  ${name} (${labels.env}), with nothing but ssh: commands that policy allows run on THIS machine as you`,
    ...report.identities.map(
      ({ name: who, nativeSecret }) =>
        `    ssh -p ${port} ${username}@${host} 'cat ~/app/customers.csv'   # ${who}, password ${nativeSecret}`,
    ),
  ];
}

/** The screen of `npm start` without `--json`. */
export function renderScreen(report: DemoReport): string {
  const people = report.identities.filter((identity) => identity.email !== undefined);
  const width = Math.max(...people.map((identity) => (identity.email ?? '').length));
  const lines = ['', `  Sluice is ready: ${report.url}`, '', '  Sign in as'];
  for (const { email = '', password = '', kind } of people)
    lines.push(`    ${email.padEnd(width)}  ${password}  (${kind})`);
  for (const connection of report.connections.filter(({ protocol }) => protocol === sshProtocol))
    lines.push(...sshLines(report, connection));
  for (const connection of report.connections.filter(({ protocol }) => protocol !== sshProtocol)) {
    lines.push('', `  ${connection.name} (${connection.labels.env}), with nothing but psql`);
    for (const identity of report.identities)
      lines.push(`    # ${identity.name}`, `    ${psqlLine(identity, connection)}`);
  }
  lines.push('', `  Data and logs: ${report.dataDir} (delete it to begin afresh). Ctrl-C stops everything.`, '');
  return lines.join('\n');
}
