/** JUnit's XML, as CI servers read it: one suite of named cases. */

export interface JunitCase {
  readonly name: string;
  /** Where it stands: `policy.yaml:12:11`. */
  readonly place: string;
  /** `error`: it could not be run at all. */
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'error';
  readonly message: string | null;
}

const elementOf = { failed: 'failure', skipped: 'skipped', error: 'error' } as const;

/** A whole document in UTF-8. Times are left out: they would make two equal runs differ. */
export function junitXml(suite: string, cases: readonly JunitCase[]): string {
  const count = (outcome: JunitCase['outcome']) => cases.filter((one) => one.outcome === outcome).length;
  const numbers = `tests="${cases.length}" failures="${count('failed')}" errors="${count('error')}" skipped="${count('skipped')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${numbers}>`,
    `  <testsuite name="${escapeXml(suite)}" ${numbers}>`,
    ...cases.map((one) => caseXml(suite, one)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function caseXml(suite: string, { name, place, outcome, message }: JunitCase): string {
  const head = `    <testcase classname="${escapeXml(suite)}" name="${escapeXml(name)}"`;
  if (outcome === 'passed') return `${head}/>`;
  const words = `${place}: ${message ?? outcome}`;
  const element = elementOf[outcome];
  return `${head}><${element} message="${escapeXml(words)}"/></testcase>`;
}

/** Escapes for attributes and text alike; what XML 1.0 cannot hold at all (most control characters, lone surrogates) becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(/[\ud800-\udfff]/gu, '\ufffd')
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
