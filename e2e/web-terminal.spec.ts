/** A terminal in the browser: an ordinary session that happens to be opened by a page. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, expectAccessible, expectNoOverflow, test } from './browser.ts';
import { root, type Stack } from './stack.ts';

const sheetFolder = join(root, 'test-results', 'web-terminal');
test.skip(!existsSync('/usr/sbin/sshd'), 'needs OpenSSH');
test.use({ expectedComplaints: /WebSocket connection to|status of 401/ });

const screenText = async (page: Page) =>
  (await page.getByRole('region', { name: 'Screen' }).locator('.xterm-rows').textContent()) ?? '';

async function shell(stack: Stack) {
  const [found] = (await stack.api('admin').connections.listConnections.query({})).filter(
    ({ name }) => name === 'demo-ssh',
  );
  return stack.api('admin').connections.showConnection.query({ id: found?.id ?? '' });
}

/** The folder that the demo's host is for. */
const homeOf = (stack: Stack) => join(stack.report.dataDir, 'ssh-target', 'home');

async function setTerminal(stack: Stack, terminal: string): Promise<void> {
  const { id, revision, options } = await shell(stack);
  await stack.api('admin').connections.updateConnection.mutate({ id, revision, options: { ...options, terminal } });
}

async function openTerminal(page: Page, id: string): Promise<void> {
  await page.goto(`/connections/${id}`);
  await page.getByRole('link', { name: 'Open terminal' }).click();
  await expect(page.getByText('open', { exact: true })).toBeVisible();
}

/** The demo's policy holds shells, as nobody knows beforehand what is typed: a reviewer lets this one begin. */
async function openShell(page: Page, stack: Stack, id: string): Promise<void> {
  await openTerminal(page, id);
  await approveShell(page, stack);
}

async function approveShell(page: Page, stack: Stack): Promise<void> {
  await expect.poll(() => screenText(page)).toContain('until a person approves it');
  const { approvals } = stack.api('reviewer');
  const { items } = await approvals.listApprovals.query({ scope: 'all' });
  for (const { id } of items.filter(({ state }) => state === 'waiting'))
    await approvals.decideApproval.mutate({ id, outcome: 'approve' });
  await expect.poll(() => screenText(page)).toMatch(/[$#] *$/);
}

test('who may connect opens one, types, and it is recorded, watched and ended like any session', async ({
  pageOf,
  stack,
}) => {
  test.slow();
  const { id } = await shell(stack);
  const page = await pageOf('engineer');
  await openShell(page, stack, id);
  await page.keyboard.type('echo $((6 * 7)) ann.smith@example.com\n');
  await expect.poll(() => screenText(page)).toContain('42');
  // What the policy masks is masked here too.
  await page.keyboard.type(`clear; cat ${homeOf(stack)}/app/customers.csv\n`);
  await expect.poll(() => screenText(page)).toContain('id,name');
  await expect.poll(() => screenText(page)).not.toContain('bob.jones@example.com');

  // It follows the window's size.
  await page.setViewportSize({ width: 900, height: 600 });
  await page.keyboard.type('clear; echo size $(tput cols)\n');
  await expect.poll(() => screenText(page)).toMatch(/size \d\d/);

  // A flood is drawn to its end, at the page's own pace.
  await page.keyboard.type('clear; seq 1 200000; echo the-flood-is-over\n');
  await expect.poll(() => screenText(page), { timeout: 90_000 }).toContain('the-flood-is-over');

  const watcher = await pageOf('admin');
  const [session] = (await stack.api('admin').sessions.listSessions.query({ state: 'live' })).items.filter(
    ({ actor }) => actor.name === 'engineer',
  );
  expect(session).toBeDefined();
  await watcher.goto(`/sessions/${session?.id}`);
  await expect.poll(() => screenText(watcher)).toContain('the-flood-is-over');
  await stack.api('admin').sessions.terminateSession.mutate({ id: session?.id ?? '' });
  await expect(page.getByText('ended', { exact: true })).toBeVisible();

  await page.getByRole('button', { name: 'Open again' }).click();
  await expect(page.getByText('open', { exact: true })).toBeVisible();
  await approveShell(page, stack);
  await page.keyboard.type('exit 3\n');
  await expect(page.getByText('ended, status 3')).toBeVisible();
});

test('it looks right, and the keyboard gets out of it', async ({ pageOf, stack }) => {
  mkdirSync(sheetFolder, { recursive: true });
  const { id } = await shell(stack);
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [width, height] of [
      [1280, 800],
      [390, 844],
    ] as const) {
      const page = await pageOf('engineer', { width, height, colorScheme });
      await openShell(page, stack, id);
      await page.keyboard.type(`clear; ls -la --color=always ${homeOf(stack)}\n`);
      await expect.poll(() => screenText(page)).toContain('README.txt');
      await expectNoOverflow(page);
      await expectAccessible(page);
      await page.screenshot({ path: join(sheetFolder, `open-${width}-${colorScheme}.png`) });
      await page.keyboard.press('Shift+Escape');
      await expect(page.getByRole('button', { name: 'End' })).toBeFocused();
      await page.keyboard.press('Enter');
      await expect(page.getByText('You ended it.')).toBeVisible();
      await expectAccessible(page);
      await page.screenshot({ path: join(sheetFolder, `ended-${width}-${colorScheme}.png`) });
      await page.goto('about:blank');
    }
  }
});

test('who may have no terminal is told why; a disabled person loses theirs', async ({ pageOf, stack }) => {
  const { id } = await shell(stack);
  const page = await pageOf('engineer');
  try {
    await setTerminal(stack, 'off');
    await page.goto(`/connections/${id}/terminal`);
    await expect(page.getByText('refused', { exact: true })).toBeVisible();
    await expect(page.getByText(/no terminal|terminals? (is|are)/i).first()).toBeVisible();
    await page.screenshot({ path: join(sheetFolder, 'refused.png') });
  } finally {
    await setTerminal(stack, 'people');
  }
  await expect(async () => {
    await page.goto(`/connections/${id}/terminal`);
    await expect(page.getByText('open', { exact: true })).toBeVisible();
  }).toPass({ timeout: 60_000 });
  const api = stack.api('admin');
  const [engineer] = (await api.identities.listPeople.query()).filter(({ name }) => name === 'engineer');
  const personId = engineer?.id ?? '';
  await api.identities.updatePerson.mutate({ id: personId, disabled: true });
  try {
    await expect(page).toHaveURL(/\/sign-in/);
    const live = async () => (await api.sessions.listSessions.query({ state: 'live' })).items;
    await expect.poll(async () => (await live()).filter(({ actor }) => actor.name === 'engineer')).toEqual([]);
  } finally {
    await api.identities.updatePerson.mutate({ id: personId, disabled: false });
  }
});
