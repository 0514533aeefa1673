/** CP10, stored XSS: texts that a client, a target or a requester chose are shown as texts on every page that shows them. */
import type { Page } from '@playwright/test';
import { expect, settled, test } from './browser.ts';

const image = '<img src=x onerror="window.pwned=1">';
const script = '</script><script>window.pwned=1</script>';
const svg = '<svg onload=window.pwned=1>';
const hostile = `${image}${script}${svg}`;

async function expectNothingRan(page: Page): Promise<void> {
  await settled(page);
  expect(await page.evaluate<unknown>('window.pwned')).toBeUndefined();
  expect(await page.locator('img[src="x"], svg[onload]').count()).toBe(0);
}

test.describe('texts that want to run in a reviewer’s browser', () => {
  test('in a statement, a result, a column’s name and the client’s own name are shown, and nothing runs', async ({
    pageOf,
    stack,
  }) => {
    const { database } = stack.connection();
    // What names no table that is there is unprovable: an admin's runs and fails at the target, a member's would be held.
    await stack.psql(
      'admin',
      [
        `SELECT '${hostile}' AS "${svg}", E'\\x1b[2J\\r=1+1' AS formula /* ${image} */`,
        `SELECT '${hostile}' FROM "${svg}"`,
      ],
      { args: ['-At', '-d', `dbname=${database} application_name='${image}'`] },
    );
    const page = await pageOf('reviewer');
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await page.goto('/sessions');
    await expectNothingRan(page);
    await page.getByRole('table', { name: 'Sessions' }).getByRole('link', { name: /admin/ }).first().click();
    const statements = page.getByRole('navigation', { name: 'Statements' });
    for (const button of await statements.getByRole('button', { name: /onerror/ }).all()) {
      await button.click();
      await expectNothingRan(page);
    }
    await expect(page.getByRole('article', { name: 'Statement' })).toContainText('onerror');
    expect(dialogs).toEqual([]);
  });

  test('in what is asked for, its reason and a reviewer’s comment are shown, and nothing runs', async ({
    pageOf,
    stack,
  }) => {
    const page = await pageOf('reviewer');
    const text = `/* reason: ${hostile.replaceAll(';', '')} */ UPDATE customers SET notes = '${hostile}' WHERE id = 26`;
    const sent = stack.psql('coding-agent', text, { args: [] });
    await page.goto('/approvals');
    await page
      .getByRole('list', { name: 'Approvals' })
      .getByRole('button', { name: 'UPDATE customers' })
      .first()
      .click();
    const pane = page.getByRole('article', { name: 'Approval' });
    await expect(pane.getByRole('region', { name: 'As it was sent' })).toContainText('onerror');
    await expect(pane.getByRole('region', { name: 'Why it is asked for' })).toContainText('onerror');
    await expectNothingRan(page);
    await page.getByLabel('Comment, sent to whoever asked').fill(hostile);
    await page.getByRole('button', { name: 'Deny' }).click();
    await expect(pane.getByText('Denied. It never reached the target.')).toBeVisible();
    await expectNothingRan(page);
    expect((await sent).err).toContain('onerror');
    await page.goto('/audit');
    await expectNothingRan(page);
  });
});
