import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliError, exitCodes } from './exit-codes.ts';
import { escapeXml, junitXml } from './junit.ts';
import { junitCases, readPolicyFile, runPolicyFile, runText } from './policy-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-policy-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const rules = `version: 1
rules:
  - { name: reads, description: Reading is allowed., action: allow, when: statement.kind == 'read' }
`;
const tested = `${rules}tests:
  - { name: passes & <is> "good", as: { role: agent }, statement: { kind: read }, expect: allow }
  - { name: fails, as: { role: agent }, statement: { kind: write }, expect: allow }
  - { name: by text, as: { role: agent }, text: SELECT 1, expect: allow }
`;

describe('a policy file', () => {
  it('tells each fault with file, line and column', () => {
    const path = file(
      'bad.yaml',
      `${rules}  - { name: more, description: x, action: allow, when: statement.kin == 'read' }\n`,
    );
    const run = runPolicyFile(readPolicyFile(path));
    expect(run.ok).toBe(false);
    expect(runText(run)).toBe(`${path}:4:66: No such key: kin\n1 problem\n`);
    expect(junitCases(run)).toEqual([
      { name: 'compiles: rules[1].when', place: `${path}:4:66`, outcome: 'error', message: 'No such key: kin' },
    ]);
  });
  it('runs its tests; one by text is skipped by name and fails nothing', () => {
    const path = file('tested.yaml', tested);
    const run = runPolicyFile(readPolicyFile(path));
    expect(run.ok).toBe(false);
    expect(runText(run).split('\n')).toEqual([
      '✓ passes & <is> "good"',
      '✗ fails',
      '– by text',
      `${path}:6:13: failed: fails: expected allow, got deny (No rule speaks of this statement, and this connection's default is deny.)`,
      `${path}:7:13: skipped: by text: names its statement by text, which is read against a connection: run it with --connection`,
      '3 tests: 1 passed, 1 failed, 1 skipped',
      '',
    ]);
    expect(runPolicyFile(readPolicyFile(file('text.yaml', tested.replace(/\n.*name: fails.*/, '')))).ok).toBe(true);
  });
  it('that cannot be read is wrong usage', () => {
    try {
      readPolicyFile(join(folder, 'absent.yaml'));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CliError);
      expect(error).toMatchObject({ exitCode: exitCodes.usage });
    }
  });
});

describe('JUnit', () => {
  it('counts and escapes', () => {
    const path = file('tested.yaml', tested);
    const xml = junitXml('p.yaml', junitCases(runPolicyFile(readPolicyFile(path))));
    expect(xml).toContain('<testsuites tests="3" failures="1" errors="0" skipped="1">');
    expect(xml).toContain('name="passes &#38; &#60;is&#62; &#34;good&#34;"/>');
    expect(xml).toContain(`><failure message="${path}:6:13: expected allow, got deny (`);
    expect(xml).toContain('<skipped message=');
    // Well-formed: every element that is opened is closed, and no raw markup is left in an attribute.
    const open: string[] = [];
    for (const [, close, name, attributes, single] of xml.matchAll(/<(\/?)([a-z]+)([^<>]*?)(\/?)>/g)) {
      if (close === '/') expect(open.pop()).toBe(name);
      else if (single !== '/') open.push(name ?? '');
      expect((attributes ?? '').replace(/ [a-z]+="[^"<&]*(&#\d+;[^"<&]*)*"/g, '')).toBe('');
    }
    expect(open).toEqual([]);
  });
  it('holds nothing that XML cannot', () => {
    expect(escapeXml('a\u0000\u001b\ud800\n<')).toBe('a\ufffd\ufffd\ufffd&#10;&#60;');
  });
});
