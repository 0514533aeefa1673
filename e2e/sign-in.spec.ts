import { expect, signIn, test } from './browser.ts';

test.describe('signing in', () => {
  test('a link that needs a sign-in is reached afterwards, with everything in its address', async ({ page, stack }) => {
    await page.goto('/sessions?state=live#here');
    await expect(page).toHaveURL(/\/sign-in\?next=/);
    await page.getByLabel('E-mail').fill(stack.who('reviewer').email ?? '');
    await page.getByLabel('Password').fill(stack.who('reviewer').password ?? '');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL(/\/sessions\?state=live#here$/);
    await expect(page.getByRole('heading', { name: 'Sessions' })).toBeVisible();
  });

  test('never leads to another site', async ({ page, stack }) => {
    await signIn(page, stack, 'engineer', 'https://elsewhere.test/');
    expect(new URL(page.url()).origin).toBe(stack.report.url);
  });

  test('a session that somebody planted beforehand is never the one that signs in (session fixation)', async ({
    browser,
    page,
    stack,
  }) => {
    const name = 'authjs.session-token';
    const planted = { name, value: 'planted-by-somebody-else', url: stack.report.url };
    await page.context().addCookies([planted]);
    await signIn(page, stack, 'reviewer');
    const [cookie] = (await page.context().cookies()).filter((one) => one.name === name);
    expect(cookie?.value).not.toBe(planted.value);
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
    const other = await browser.newContext({ baseURL: stack.report.url });
    await other.addCookies([planted]);
    const stranger = await other.newPage();
    await stranger.goto('/audit');
    await expect(stranger).toHaveURL(/\/sign-in/);
    await other.close();
  });

  test.describe('signing out', () => {
    // The page may ask once more for what the sign-out itself changed, while it is being left.
    test.use({ expectedComplaints: /status of 401/ });

    test('ends the session', async ({ page, stack }) => {
      await signIn(page, stack, 'reviewer');
      await page.getByRole('button', { name: /Account of/ }).click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
      await expect(page).toHaveURL(/\/sign-in/);
      await page.goto('/audit');
      await expect(page).toHaveURL(/\/sign-in/);
    });
  });

  test('each role sees the pages that it may open', async ({ pageOf }) => {
    const engineer = await pageOf('engineer');
    const rail = engineer.getByRole('navigation', { name: 'Pages' });
    await expect(rail.getByRole('link', { name: 'Audit' })).toHaveCount(0);
    await expect(rail.getByRole('link', { name: 'Connections' })).toBeVisible();
    await engineer.goto('/audit');
    await expect(engineer.getByText('You may not see this')).toBeVisible();
    await expect(engineer.getByRole('button', { name: 'Verify the chain' })).toHaveCount(0);
    await engineer.goto('/settings?tab=keys');
    await expect(engineer.getByText('your role may not open it')).toBeVisible();
  });

  test('on a phone: own tokens are made on the account page; tabs and buttons can be read and touched', async ({
    pageOf,
  }) => {
    const page = await pageOf('engineer', { width: 390, height: 844 });
    await page.goto('/account');
    const tokens = page.getByRole('button', { name: 'Your tokens' });
    expect((await tokens.boundingBox())?.height).toBeGreaterThanOrEqual(40);
    await tokens.click();
    await expect(page.getByRole('dialog').getByRole('button', { name: 'New token' })).toBeVisible();
    const admin = await pageOf('admin', { width: 390, height: 844 });
    await admin.goto('/access?tab=windows');
    // Its lowest pixel lies below the row’s edge.
    await expect(admin.getByRole('tab', { name: 'Maintenance' })).toBeInViewport({ ratio: 0.95 });
  });

  test.describe('with a wrong password', () => {
    test.use({ expectedComplaints: /status of 40[013]/ });

    test('says so, and says nothing of who exists', async ({ page, stack }) => {
      await page.goto('/sign-in');
      for (const email of [stack.who('engineer').email ?? '', 'nobody@demo.sluice.test']) {
        await page.getByLabel('E-mail').fill(email);
        await page.getByLabel('Password').fill('not the password');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await expect(page.getByRole('alert').filter({ hasText: 'wrong' })).toHaveText('E-mail or password is wrong.');
      }
      await expect(page).toHaveURL(/\/sign-in/);
    });
  });
});
