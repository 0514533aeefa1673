/** Step-by-step check of a target: address, host key, sign-in, a first command. */
import { SluiceError, type TestStep } from '@sluice/domain';
import type { DialRequest, TargetTest, TargetTestRequest } from '@sluice/wire-kit';
import { askHost } from './host-facts.ts';
import { readOptions } from './manifest.ts';
import { openTarget, type ShownHostKey, type SshTarget } from './target-side.ts';

export async function testTarget({ writer, reader }: TargetTestRequest): Promise<TargetTest> {
  const steps: TestStep[] = [];
  const warnings: string[] = [];
  await testOne(writer, '', steps, warnings);
  if (reader !== null && steps.every((step) => step.ok)) await testOne(reader, 'reader ', steps, warnings);
  return { steps, warnings, roads: [] };
}

async function testOne(request: DialRequest, prefix: string, steps: TestStep[], warnings: string[]): Promise<void> {
  const startedAt = performance.now();
  const shown: ShownHostKey[] = [];
  let target: SshTarget | null = null;
  const fail = (error: unknown) => {
    const reached = shown.length > 0;
    const name = !reached ? 'address' : shown[0]?.approved === true ? 'authentication' : 'host key';
    if (reached && name !== 'address')
      steps.push(step(`${prefix}address`, startedAt, true, 'The target speaks SSH.', null));
    if (name === 'authentication') steps.push(hostKeyStep(prefix, shown[0], startedAt));
    steps.push(failed(`${prefix}${name}`, startedAt, error));
  };
  try {
    target = await openTarget(request, (key) => shown.push(key));
  } catch (error) {
    fail(error);
    return;
  }
  try {
    steps.push(step(`${prefix}address`, startedAt, true, 'The target speaks SSH.', null));
    steps.push(hostKeyStep(prefix, shown[0], startedAt));
    const { username } = request.credential.reveal();
    steps.push(step(`${prefix}authentication`, startedAt, true, `The target accepted user ${username}.`, null));
    await testCommand(target, prefix, steps, warnings);
  } finally {
    await target.close();
  }
  if (username(request) === 'root')
    warnings.push('The credential is root’s: every statement that policy allows runs with all rights.');
  if (readOptions(request.options).terminal === 'everyone')
    warnings.push('Agents may open interactive terminals on this connection.');
}

function username(request: DialRequest): string {
  return request.credential.reveal().username;
}

function hostKeyStep(prefix: string, shown: ShownHostKey | undefined, startedAt: number): TestStep {
  const words = shown === undefined ? 'unknown' : `${shown.kind} ${shown.fingerprint}`;
  return step(`${prefix}host key`, startedAt, true, `The host key is the approved one: ${words}.`, null);
}

/** A host that runs no commands (a server of files alone) is no failure. */
async function testCommand(target: SshTarget, prefix: string, steps: TestStep[], warnings: string[]): Promise<void> {
  const startedAt = performance.now();
  const facts = await askHost(target);
  if (facts === null) {
    warnings.push('The target answered no command: where it serves files only, that is as it should be.');
    return;
  }
  steps.push(step(`${prefix}command`, startedAt, true, `Commands run in ${facts.shell ?? 'a shell'}.`, null));
}

function failed(name: string, startedAt: number, error: unknown): TestStep {
  if (!(error instanceof SluiceError)) throw error;
  return step(name, startedAt, false, error.message, error.hint ?? null);
}

function step(name: string, startedAt: number, ok: boolean, message: string, hint: string | null): TestStep {
  return { name, ok, durationMs: performance.now() - startedAt, message, hint };
}
