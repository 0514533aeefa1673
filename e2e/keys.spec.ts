/** Private keys into connections and public keys into accounts, through the pages alone. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, expectAccessible, expectNoOverflow, settled, test } from './browser.ts';
import { type Output, root, run, type Stack } from './stack.ts';

const sheetFolder = join(root, 'test-results', 'keys');
const looks = [
  { name: 'desk-light', width: 1280, height: 800, colorScheme: 'light' },
  { name: 'desk-dark', width: 1280, height: 800, colorScheme: 'dark' },
  { name: 'phone-light', width: 390, height: 844, colorScheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, colorScheme: 'dark' },
] as const;

let folder = '';
test.skip(!existsSync('/usr/bin/ssh') || !existsSync('/usr/bin/ssh-keygen'), 'needs OpenSSH');
test.beforeAll(() => {
  mkdirSync(sheetFolder, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), 'sluice-keys-'));
});
test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A key pair of the system's own program: the path of its private half. */
function pair(name: string, passphrase = ''): string {
  const path = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', `${name}@laptop`, '-f', path]);
  return path;
}

/** The system's own ssh with that key and nothing else. */
function ssh(stack: Stack, key: string): Promise<Output> {
  const { host, port } = stack.connection('demo-ssh');
  const options = ['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'];
  const flags = options.flatMap((option) => ['-o', option]);
  return run('ssh', ['-F', '/dev/null', ...flags, '-i', key, '-p', String(port), `me@${host}`, 'echo in']);
}

async function addKey(page: Page, publicKey: string): Promise<void> {
  await page.getByRole('button', { name: 'Add a key' }).click();
  await page.getByLabel('Public key').fill(publicKey);
  await page.getByRole('button', { name: 'Add the key' }).click();
}

test('one’s own key is added on the account page, signs ssh in, and is revoked', async ({ pageOf, stack }) => {
  const page = await pageOf('engineer');
  const key = pair('engineer');
  await page.goto('/account');
  await expect(page.getByText('No key yet')).toBeVisible();

  const sent: string[] = [];
  page.on('request', (request) => sent.push(request.postData() ?? ''));
  await addKey(page, readFileSync(key, 'utf8'));
  await expect(page.getByText('it must stay where it is')).toBeVisible();
  expect(sent.join('\n')).not.toContain('PRIVATE KEY');
  await page.getByLabel('Public key').fill('hello');
  await page.getByRole('button', { name: 'Add the key' }).click();
  await expect(page.getByText('A public key begins with its kind')).toBeVisible();
  await page.getByLabel('Public key').fill(readFileSync(`${key}.pub`, 'utf8'));
  await page.getByRole('button', { name: 'Add the key' }).click();

  const row = page.getByRole('list', { name: 'SSH keys' }).getByRole('listitem').filter({ hasText: 'engineer@laptop' });
  const print = execFileSync('ssh-keygen', ['-l', '-f', `${key}.pub`], { encoding: 'utf8' }).split(' ')[1] ?? '';
  await expect(row).toContainText(print);
  await expect(row).toContainText('never used');
  await expect.poll(async () => (await ssh(stack, key)).out, { timeout: 60_000 }).toBe('in\n');
  await page.reload();
  await expect(row).toContainText(', used');

  await row.getByRole('button', { name: 'Revoke engineer@laptop' }).click();
  await expect(page.getByRole('dialog')).toContainText('signs nobody in any more');
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await expect(row).toContainText('revoked');
  await expect.poll(async () => (await ssh(stack, key)).code, { timeout: 60_000 }).toBe(255);
});

test('an agent’s key stands beside its tokens, is counted apart, and looks right', async ({ pageOf, stack }) => {
  const key = pair('agent');
  const admin = await pageOf('admin');
  await admin.goto('/identities?tab=agents');
  const agents = admin.getByRole('table', { name: 'Agents' });
  const agent = agents.getByRole('row').filter({ hasText: 'coding-agent' });
  await expect(agent).toBeVisible();
  const before = await agent.getByRole('cell').nth(2).textContent();
  await agent.getByRole('button', { name: 'Tokens' }).click();
  await addKey(admin, readFileSync(`${key}.pub`, 'utf8'));
  await expect(admin.getByRole('list', { name: 'SSH keys' })).toContainText('agent@laptop');
  await expect(admin.getByRole('list', { name: 'Tokens' })).not.toContainText('agent@laptop');
  await admin.keyboard.press('Escape');
  await expect(agent.getByRole('cell').nth(3)).toHaveText('1');
  expect(await agent.getByRole('cell').nth(2).textContent()).toBe(before);
  await expect.poll(async () => (await ssh(stack, key)).out, { timeout: 60_000 }).toBe('in\n');

  for (const { name, ...size } of looks) {
    const page = await pageOf('admin', size);
    await page.goto('/identities?tab=agents');
    await page.getByRole('button', { name: 'Tokens' }).locator('visible=true').first().click();
    await expect(page.getByRole('list', { name: 'SSH keys' })).toBeVisible();
    await expectNoOverflow(page);
    await expectAccessible(page);
    await page.screenshot({ path: join(sheetFolder, `agent-${name}.png`) });
    await page.goto('/account');
    await settled(page);
    await expectNoOverflow(page);
    await expectAccessible(page);
    await page.screenshot({ path: join(sheetFolder, `account-${name}.png`) });
    await page.getByRole('button', { name: 'Add a key' }).click();
    await page.getByLabel('Public key').fill('hello');
    await page.getByRole('button', { name: 'Add the key' }).click();
    await expectAccessible(page);
    await page.screenshot({ path: join(sheetFolder, `add-${name}.png`) });
  }
});

test('a connection’s private key is pasted whole, never sent and never shown again', async ({ pageOf, stack }) => {
  const api = stack.api('admin');
  const [connection] = (await api.connections.listConnections.query({})).filter(({ name }) => name === 'demo-ssh');
  const page = await pageOf('admin');
  const secret = readFileSync(join(stack.report.dataDir, 'ssh-target', 'client'), 'utf8');
  await page.goto(`/connections/${connection?.id}?tab=settings`);
  await page.getByLabel('Replace the credential').click();
  await page.getByLabel('User name at the target').fill(userInfo().username);
  const field = page.getByLabel('Password or private key', { exact: true });
  const save = page.getByRole('button', { name: 'Save' });

  const locked = pair('locked', 'words');
  for (const [text, complaint] of [
    [readFileSync(`${locked}.pub`, 'utf8'), 'That is a public key.'],
    [readFileSync(locked, 'utf8'), 'has a passphrase'],
    [secret.replaceAll('OPENSSH', 'DSA'), 'not known here'],
  ] as const) {
    await field.fill(text);
    await save.click();
    await expect(page.getByText(complaint)).toBeVisible();
  }
  for (const { name, width, height, colorScheme } of looks) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    await field.scrollIntoViewIfNeeded();
    await expectNoOverflow(page);
    await expectAccessible(page);
    await page.screenshot({ path: join(sheetFolder, `credential-${name}.png`) });
  }

  const sent: string[] = [];
  page.on('request', (request) => sent.push(request.postData() ?? ''));
  await field.fill(secret);
  await save.click();
  await expect(page.getByText('Saved. The gateway has it within two seconds.')).toBeVisible();
  await expect(field).toHaveCount(0);
  expect(sent.join('\n')).not.toContain(secret.split('\n')[1]);
  expect(await page.content()).not.toContain(secret.split('\n')[1]);
  const tested = await api.connections.testConnection.mutate({ id: connection?.id ?? '' });
  expect(tested).toMatchObject({ ok: true });
});
