/** Filters that live in the address. */
import { expect, settled, test } from './browser.ts';

test('filters narrow, are in the address, and clearing them keeps the tab', async ({ pageOf, stack }) => {
  await stack.psql('coding-agent', 'SELECT 1');
  const [connection] = await stack.api('admin').connections.listConnections.query({});
  const page = await pageOf('admin');
  await page.goto(`/connections/${connection?.id}?tab=sessions`);
  await settled(page);
  await page.getByRole('combobox', { name: 'State' }).click();
  await page.getByRole('option', { name: 'interrupted' }).click();
  await expect(page).toHaveURL(/tab=sessions&state=interrupted/);
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await expect(page).toHaveURL(/\?tab=sessions$/);
  await expect(page.getByRole('tab', { name: 'Sessions' })).toHaveAttribute('aria-selected', 'true');

  await page.goto('/audit?entry=1&time=between&from=2020-01-01T00:00');
  await settled(page);
  await page.getByRole('combobox', { name: 'Who' }).click();
  await page.getByRole('option', { name: /^coding-agent/ }).click();
  await expect(page).toHaveURL(/actor=/);
  await expect(page).not.toHaveURL(/entry=/);
  await expect(page.getByLabel('From')).toHaveValue('2020-01-01T00:00');
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await expect(page).toHaveURL(/\/audit\?$|\/audit$/);
});
