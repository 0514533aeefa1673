import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from './browser.ts';
import { root, run } from './stack.ts';

/** Starts the gateway's single file as the pasted line would, but with a folder and targets of the test's own. */
function startGateway(line: string, folder: string, target: string): ChildProcess {
  const words = line.trim().split(/\s+/);
  const pairs = words
    .filter((word) => /^SLUICE_\w+=/.test(word))
    .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const);
  return spawn(process.execPath, [join(root, 'apps/gateway/dist/gateway.cjs'), 'run'], {
    env: { ...process.env, ...Object.fromEntries(pairs), SLUICE_GATEWAY_DATA: folder, SLUICE_ALLOW_TARGETS: target },
    stdio: 'ignore',
  });
}

// The page of a connection that was deleted under it asks once more and is told so.
test.use({ expectedComplaints: /status of 404/ });

test('a gateway is enrolled by one pasted line, a connection is sealed to it, tested and used', async ({
  pageOf,
  stack,
}) => {
  const page = await pageOf('admin');
  const target = new URL(stack.target());
  const folder = mkdtempSync(join(tmpdir(), 'sluice-new-gateway-'));
  let gateway: ChildProcess | null = null;
  try {
    await page.goto('/gateways');
    await page.getByRole('button', { name: 'Enrol a gateway' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('second-gateway');
    await dialog.getByRole('button', { name: 'Make the line' }).click();
    await expect(dialog.getByText('Waiting for second-gateway to appear')).toBeVisible();
    const line = (await dialog.locator('pre').textContent()) ?? '';
    gateway = startGateway(line, folder, `${target.hostname}:${target.port}`);
    await expect(dialog.getByText('second-gateway appeared')).toBeVisible({ timeout: 60_000 });
    await expect(dialog.getByText(/^SHA256:/)).toBeVisible();
    await dialog.getByRole('link', { name: 'Add a connection' }).click();

    await expect(page.getByRole('radio', { name: 'PostgreSQL' })).toBeChecked();
    await page.getByRole('button', { name: 'Seal, create and test' }).click();
    await expect(page.getByText('Choose the gateway that reaches this target.')).toBeVisible();
    await page.getByLabel('Name', { exact: true }).fill('made-in-the-browser');
    await page.getByLabel('Labels').fill('env=prod');
    await page.getByLabel('Host').fill(target.hostname);
    await page.getByLabel('Port').fill(target.port);
    await page.getByLabel('Database').fill(target.pathname.slice(1));
    await page.getByLabel('TLS towards the target').click();
    await page.getByRole('option', { name: /^disable/ }).click();
    await page.getByRole('radio', { name: /second-gateway/ }).click();
    await expect(page.getByText('Sealed in this browser before it is sent')).toBeVisible();
    await page.getByLabel('User name at the target').fill(decodeURIComponent(target.username));
    await page.getByLabel('Password at the target').fill('not the password');

    // Nothing that leaves the browser holds the credential.
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.postData() ?? ''));
    await page.getByRole('button', { name: 'Seal, create and test' }).click();
    await expect(page.getByRole('img', { name: 'failed' })).toBeVisible();
    await page.getByLabel('Replace the credential').click();
    await page.getByLabel('User name at the target').fill(decodeURIComponent(target.username));
    await page.getByLabel('Password at the target').fill(decodeURIComponent(target.password));
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('The connection works.')).toBeVisible();
    expect(sent.join('\n')).not.toContain(decodeURIComponent(target.password));
    expect(sent.join('\n')).not.toContain('not the password');

    await page.getByRole('link', { name: 'How to connect' }).click();
    await page.getByRole('button', { name: 'Make a secret' }).click();
    await expect(page.getByText('Made for coding-agent.')).toBeVisible();
    const hint = (await page.locator('pre').filter({ hasText: 'PGPASSWORD' }).textContent()) ?? '';
    const command = hint.replace('sluice-ca.pem', stack.connection().caFile);
    const answer = await run('sh', ['-c', `${command} -X -At -c "SELECT email FROM customers WHERE id = 1"`]);
    expect(answer.err).toBe('');
    expect(answer.out).toContain('•••');

    await page.getByRole('tab', { name: 'Sessions' }).click();
    await expect(page.getByRole('table', { name: 'Sessions' }).getByText('coding-agent')).toBeVisible();

    await page.getByRole('tab', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Delete…' }).click();
    const confirm = page.getByRole('dialog');
    await expect(confirm.getByRole('button', { name: 'Delete connection' })).toBeDisabled();
    await confirm.getByLabel('Type made-in-the-browser to confirm').fill('made-in-the-browser');
    await confirm.getByRole('button', { name: 'Delete connection' }).click();
    await expect(page).toHaveURL(/\/connections$/);
    await expect(page.getByRole('table', { name: 'Connections' })).toBeVisible();
    await expect(page.getByText('made-in-the-browser', { exact: true })).toHaveCount(0);
  } finally {
    if (gateway !== null && gateway.exitCode === null) {
      const ended = new Promise((resolve) => gateway?.once('exit', resolve));
      gateway.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  }
});
