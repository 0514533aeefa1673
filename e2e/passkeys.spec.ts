/** Decisions signed with passkeys, end to end: Chromium's own authenticator in software, the gateway's own check. */
import type { CDPSession, Page } from '@playwright/test';
import pg from 'pg';
import { expect, test } from './browser.ts';
import { controlPlaneUrl } from './control-plane-url.ts';
import type { Stack } from './stack.ts';

async function withAuthenticator(
  page: Page,
): Promise<{ cdp: CDPSession; add: (transport: 'internal' | 'usb') => Promise<string> }> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const add = async (transport: 'internal' | 'usb') => {
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport,
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    return authenticatorId;
  };
  return { cdp, add };
}

async function register(page: Page, name: string): Promise<void> {
  await page.goto('/account');
  await page.getByRole('button', { name: 'Register a passkey' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByRole('button', { name: 'Register' }).click();
  await expect(page.getByText(`${name} is registered.`)).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: 'SHA256:' }).filter({ hasText: name })).toBeVisible();
}

async function setStepUp(stack: Stack, stepUp: 'none' | 'passkey'): Promise<void> {
  const api = stack.api('admin');
  const [connection] = (await api.connections.listConnections.query({})).filter(({ name }) => name === 'demo-postgres');
  const { id, revision, stepUp: now } = await api.connections.showConnection.query({ id: connection?.id ?? '' });
  if (now === stepUp) return;
  await api.connections.updateConnection.mutate({ id, revision, stepUp });
  // The change ends sessions of the revision before: one that lives through this is of the new one.
  const asked = ['SELECT pg_sleep(3)', 'SELECT 1'];
  await expect.poll(async () => (await stack.psql('coding-agent', asked)).code, { timeout: 60_000 }).toBe(0);
}

test.describe('passkeys', () => {
  test.use({ expectedComplaints: /status of 403/ });
  test.afterAll(({ stack }) => setStepUp(stack, 'none'));

  test('a decision is signed in the browser and runs; without a passkey there is none', async ({ pageOf, stack }) => {
    test.slow();
    await setStepUp(stack, 'passkey');
    const page = await pageOf('reviewer');
    const { add, cdp } = await withAuthenticator(page);
    const first = await add('internal');
    await page.goto('/approvals');
    const send = (id: number) =>
      stack.psql('coding-agent', `UPDATE customers SET phone = '+49 30 5550 00${id}' WHERE id = ${id}`, { args: [] });
    const row = page.getByRole('list', { name: 'Approvals' }).getByRole('button', { name: 'UPDATE customers' });

    const sent = send(31);
    await expect(row).toBeVisible();
    await page.getByRole('button', { name: 'Approve' }).click();
    await expect(page.getByText('you have none')).toBeVisible();

    await register(page, 'laptop');
    await page.goto('/approvals');
    await row.click();
    await page.getByRole('button', { name: 'Approve' }).click();
    await expect(page.getByText(/Ran in .*, 1 row\./)).toBeVisible();
    expect((await sent).out).toContain('UPDATE 1');

    // A second passkey is vouched for by the first, and then signs alone.
    await add('usb');
    await register(page, 'blue key');
    await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: first });
    await page.goto('/approvals');
    const again = send(32);
    await expect(row).toBeVisible();
    await row.click();
    await page.getByRole('button', { name: 'Deny' }).click();
    await expect(page.getByText('Denied. It never reached the target.')).toBeVisible();
    expect((await again).err).toContain('denied it');
    await page.goto('/approvals');
    const third = send(33);
    await expect(row).toBeVisible();
    await row.click();
    await page.getByRole('button', { name: 'Approve' }).click();
    await expect(page.getByText(/Ran in .*, 1 row\./)).toBeVisible();
    expect((await third).out).toContain('UPDATE 1');
  });

  test('what a stolen database says is not enough for the gateway', async ({ stack }) => {
    await setStepUp(stack, 'passkey');
    const sent = stack.psql('coding-agent', "UPDATE customers SET phone = 'stolen' WHERE id = 34", { args: [] });
    const api = stack.api('admin');
    await expect
      .poll(async () => (await api.approvals.listApprovals.query({ scope: 'all' })).items.length, { timeout: 20_000 })
      .toBeGreaterThan(0);
    const forge = new pg.Client({ connectionString: controlPlaneUrl(stack.report.dataDir) });
    await forge.connect();
    try {
      await forge.query(`INSERT INTO "Decision" ("id", "approvalId", "personId", "outcome", "at")
        SELECT gen_random_uuid(), a."id", p."id", 'approve', now() FROM "Approval" a, "Person" p
        WHERE a."state" = 'waiting' AND p."name" = 'reviewer'`);
      await forge.query(`UPDATE "Approval" SET "state" = 'approved', "settledAt" = now() WHERE "state" = 'waiting'`);
    } finally {
      await forge.end();
    }
    const { err } = await sent;
    expect(err).toContain('0 of 1 decisions carry a passkey');
    const client = await stack.direct();
    const { rows } = await client.query<{ phone: string }>('SELECT phone FROM customers WHERE id = 34');
    await client.end();
    expect(rows[0]?.phone).not.toBe('stolen');
  });

  for (const { width, colorScheme } of [
    { width: 1280, colorScheme: 'light' },
    { width: 390, colorScheme: 'dark' },
  ] as const)
    test(`the account page at ${width} px, ${colorScheme}`, async ({ pageOf }) => {
      const page = await pageOf('reviewer', { width, height: 800, colorScheme });
      await page.goto('/account');
      await expect(page.getByRole('heading', { name: 'Passkeys' })).toBeVisible();
      await expect(page.getByText('blue key')).toBeVisible();
      await page.screenshot({ path: `test-results/account-${width}-${colorScheme}.png` });
    });
});
