import { expect, test } from './browser.ts';

test.describe('replay', () => {
  test('a session reads like a story: verdicts, masked results, jumps, search and export', async ({
    pageOf,
    stack,
  }) => {
    await stack.psql('coding-agent', [
      'SELECT id, full_name, email, phone FROM customers WHERE id < 6 ORDER BY id',
      'DROP TABLE customers',
      'SELECT count(*) FROM orders',
    ]);
    const page = await pageOf('reviewer');
    await page.goto('/sessions?verdict=deny');
    const table = page.getByRole('table', { name: 'Sessions' });
    await table
      .getByRole('link', { name: /coding-agent/ })
      .first()
      .click();
    await expect(page).toHaveURL(/\/sessions\/[0-9a-f-]{36}/);

    const statements = page.getByRole('navigation', { name: 'Statements' });
    const statement = page.getByRole('article', { name: 'Statement' });
    await statements.getByRole('button', { name: /full_name/ }).click();
    await expect(
      statement.getByRole('columnheader', { name: /email/ }).getByRole('img', { name: 'masked' }),
    ).toBeVisible();
    await expect(statement.getByRole('columnheader', { name: 'id' }).getByRole('img')).toHaveCount(0);
    await expect(statement.getByRole('row')).toHaveCount(6);
    await expect(statement).toContainText('•••');

    await page.keyboard.press('h');
    await expect(statement).toContainText('DROP TABLE customers');
    await expect(statement).toContainText('Sluice refused DROP TABLE');
    const moment = new URL(page.url()).hash;
    expect(moment).toMatch(/^#s=[0-9a-f-]{36}$/);
    await page.keyboard.press('ArrowDown');
    await expect(statement).toContainText('SELECT count(*)');

    // The address points at the moment, also for somebody else.
    const other = await pageOf('admin');
    await other.goto(new URL(page.url()).pathname + moment);
    await expect(other.getByRole('article', { name: 'Statement' })).toContainText('DROP TABLE customers');

    await page.getByLabel('Search in session').fill('orders');
    await expect(page.getByText('1 of 3 statements match')).toBeVisible();
    await expect(page.getByText('chain verified')).toBeVisible();

    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Export' }).click();
    expect((await download).suggestedFilename()).not.toBe('');
  });

  test('a running session grows by itself and can be ended', async ({ pageOf, stack }) => {
    const client = await stack.driver('coding-agent');
    await client.query('SELECT 1 AS first_statement');
    const page = await pageOf('admin');
    await page.goto('/sessions?state=live');
    await page
      .getByRole('table', { name: 'Sessions' })
      .getByRole('link', { name: /coding-agent/ })
      .first()
      .click();
    const head = page.getByRole('main').locator('header');
    await expect(head.getByText('live', { exact: true })).toBeVisible();
    await expect(page.getByRole('article', { name: 'Statement' })).toContainText('first_statement');
    await client.query('SELECT 2 AS second_statement');
    await expect(page.getByRole('article', { name: 'Statement' })).toContainText('second_statement');

    const ended = new Promise((resolve) => client.once('end', resolve));
    await page.getByRole('button', { name: 'More for this session' }).click();
    await page.getByRole('menuitem', { name: 'Terminate…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('the running statement is cancelled');
    await dialog.getByRole('button', { name: 'Terminate' }).click();
    await ended;
    await expect(head.getByText('closed', { exact: true })).toBeVisible();
  });
});
