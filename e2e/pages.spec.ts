import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, expectAccessible, expectNoOverflow, settled, test } from './browser.ts';
import { root, type Stack } from './stack.ts';

const sheetFolder = join(root, 'test-results', 'contact-sheet');

const screens = [
  { name: 'desk-light', width: 1280, height: 800, colorScheme: 'light' },
  { name: 'desk-dark', width: 1280, height: 800, colorScheme: 'dark' },
  { name: 'phone-light', width: 390, height: 844, colorScheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, colorScheme: 'dark' },
] as const;

const story = [
  'SELECT id, full_name, email, phone, card_number FROM customers WHERE id < 30 ORDER BY id',
  'DROP TABLE customers',
  'SELECT o.id, c.full_name, c.email, o.total_cents FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id LIMIT 12',
  'TRUNCATE orders',
];

/** A connection, a session with a story and a waiting approval, so that every page has something to show. */
async function tellStory(stack: Stack) {
  await stack.psql('coding-agent', story);
  const stop = new AbortController();
  const held = stack.psql('coding-agent', "UPDATE customers SET phone = '+49 30 5550 4422' WHERE id = 1", {
    args: [],
    signal: stop.signal,
  });
  const api = stack.api('admin');
  await expect.poll(async () => (await api.approvals.countWaiting.query()).all).toBe(1);
  const approval = (await api.approvals.listApprovals.query({ scope: 'all' })).items[0];
  const sessions = (await api.sessions.listSessions.query({ verdict: 'deny' })).items;
  const connection = (await api.connections.listConnections.query({}))[0];
  const group = await api.identities.createGroup.mutate({ name: 'payments', memberIds: [] });
  await api.identities.assignRole.mutate({
    role: 'reviewer',
    holder: { kind: 'group', id: group.id },
    selector: { env: ['prod'] },
  });
  const run = await api.runs.startRun.mutate({ purpose: 'look at every page', taskId: 'T-1', software: 'playwright' });
  const settings = {
    host: '127.0.0.1',
    port: 2525,
    tls: 'none',
    from: 'sluice@example.com',
    username: null,
    ca: null,
  } as const;
  await api.notifications.saveChannel.mutate({ kind: 'email', name: 'mail', enabled: true, settings });
  const webhook = { url: 'https://hooks.example.com/sluice' };
  await api.notifications.saveChannel.mutate({ kind: 'webhook', name: 'pager', enabled: true, settings: webhook });
  await api.streams.createStream.mutate({
    name: 'siem',
    settings: { kind: 'syslog', host: '127.0.0.1', port: 6514, transport: 'tls', ca: null },
    secret: null,
    audit: true,
    statements: true,
  });
  await api.connections.testConnection.mutate({ id: connection?.id ?? '' });
  const paths = {
    overview: '/',
    inbox: '/approvals',
    approval: `/approvals/${approval?.id}`,
    sessions: '/sessions',
    runs: '/runs',
    run: `/runs/${run.id}`,
    replay: `/sessions/${sessions[0]?.id}`,
    connections: '/connections',
    'connection-connect': `/connections/${connection?.id}`,
    'connection-policy': `/connections/${connection?.id}?tab=policy`,
    'connection-access': `/connections/${connection?.id}?tab=access`,
    'connection-sessions': `/connections/${connection?.id}?tab=sessions`,
    'connection-settings': `/connections/${connection?.id}?tab=settings`,
    'connection-new': '/connections/new',
    policies: '/policies',
    access: '/access',
    'access-grants': '/access?tab=grants',
    'access-rules': '/access?tab=rules',
    'access-emergencies': '/access?tab=emergencies',
    'access-windows': '/access?tab=windows',
    gateways: '/gateways',
    'gateway-enrol': '/gateways?enrol=1',
    people: '/identities?tab=people',
    agents: '/identities?tab=agents',
    groups: '/identities?tab=groups',
    roles: '/identities?tab=roles',
    'who-identity': '/identities?tab=who',
    'who-connection': `/identities?tab=who&connection=${connection?.id}`,
    audit: '/audit',
    'audit-entry': '/audit?entry=1',
    account: '/account',
    settings: '/settings',
    'settings-channels': '/settings?tab=channels',
    'settings-streams': '/settings?tab=streams',
    'settings-keys': '/settings?tab=keys',
    'not-there': '/nowhere',
  };
  const end = async () => {
    stop.abort();
    await held;
  };
  return { paths, end };
}

async function look(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await settled(page);
  await expectNoOverflow(page);
  await expectAccessible(page);
}

test.describe('every page', () => {
  test.use({ expectedComplaints: /status of 404|net::ERR_FAILED/ });

  test('has no accessibility fault and fits its screen; a contact sheet shows them all', async ({
    browser,
    pageOf,
    stack,
  }) => {
    test.setTimeout(1_800_000);
    mkdirSync(sheetFolder, { recursive: true });
    const { paths, end } = await tellStory(stack);
    for (const screen of screens) {
      const page = await pageOf('admin', screen);
      for (const [name, path] of Object.entries(paths)) {
        await test.step(`${name} at ${screen.name}`, async () => {
          await look(page, path);
          await page.screenshot({ path: join(sheetFolder, `${screen.name} ${name}.png`) });
        });
      }
      const stranger = await browser.newContext({
        baseURL: stack.report.url,
        viewport: screen,
        colorScheme: screen.colorScheme,
      });
      const door = await stranger.newPage();
      await look(door, '/sign-in');
      await door.screenshot({ path: join(sheetFolder, `${screen.name} sign-in.png`) });
      await stranger.close();
    }
    await end();
    await drawContactSheet(await pageOf('admin', { width: 1600 }));
  });

  test('a list that is empty teaches, one that fails can be tried again', async ({ pageOf }) => {
    const page = await pageOf('admin');
    await page.goto('/sessions?search=zzzz-nothing');
    await expect(page.getByText('No session fits these filters')).toBeVisible();
    await expectAccessible(page);
    await page.route('**/api/trpc/**', (route) => route.abort());
    await page.goto('/gateways');
    await expect(page.getByText('The control plane did not answer.')).toBeVisible();
    await page.unroute('**/api/trpc/**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByText('demo-gateway').first()).toBeVisible();
  });

  test('the palette reaches pages, connections and actions from the keyboard', async ({ pageOf }) => {
    const page = await pageOf('admin');
    await page.keyboard.press('ControlOrMeta+k');
    await page.keyboard.type('demo-postgres-staging');
    await expect(page.getByRole('option', { name: 'demo-postgres-staging', exact: true })).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: /demo-postgres-staging/ })).toBeVisible();
    await page.keyboard.press('ControlOrMeta+k');
    await page.keyboard.type('dark theme');
    await expect(page.getByRole('option', { name: 'Dark theme' })).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await page.reload();
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  });
});

/** One picture of all pictures, for a person to look over. */
async function drawContactSheet(page: Page): Promise<void> {
  const figures = readdirSync(sheetFolder)
    .filter((file) => file.endsWith('.png') && !file.startsWith('all'))
    .sort()
    .map((file) => {
      const data = readFileSync(join(sheetFolder, file)).toString('base64');
      return `<figure><img src="data:image/png;base64,${data}"><figcaption>${file.replace('.png', '')}</figcaption></figure>`;
    });
  await page.goto('about:blank');
  await page.setContent(
    `<style>body{margin:16px;font:12px sans-serif;display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start}
     figure{margin:0}img{display:block;height:260px;border:1px solid #bbb}</style>${figures.join('')}`,
  );
  await page.screenshot({ path: join(sheetFolder, 'all.png'), fullPage: true });
}
