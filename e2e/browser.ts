/** Playwright's test with a running Sluice, people who are signed in, and the checks that every page must pass. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type BrowserContext, test as base, expect, type Page } from '@playwright/test';
import { removeData, type Stack, startStack } from './stack.ts';

const startLimitMs = 400_000;
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const axeTags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

export { expect };

interface TestFixtures {
  /** Complaints that a test provokes on purpose, such as an answer of 401. */
  readonly expectedComplaints: RegExp;
  /** Fails the test when a page complains or asks for anything outside Sluice. */
  readonly quiet: undefined;
  /** A page of its own for somebody who is signed in. */
  readonly pageOf: (name: string, options?: PageOptions) => Promise<Page>;
}

interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
}

export const test = base.extend<TestFixtures, { readonly stack: Stack }>({
  stack: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the wanted fixtures from the pattern.
    async ({}, use) => {
      const stack = await startStack();
      await use(stack);
      await stack.stop();
      removeData(stack);
    },
    { scope: 'worker', timeout: startLimitMs },
  ],
  baseURL: ({ stack }, use) => use(stack.report.url),
  expectedComplaints: [/(?!)/, { option: true }],
  quiet: [
    async ({ context, stack, expectedComplaints }, use) => {
      const complaints = watch(context, stack.report.url);
      await use(undefined);
      expect(complaints.filter((text) => !expectedComplaints.test(text))).toEqual([]);
    },
    { auto: true },
  ],
  pageOf: async ({ browser, stack, expectedComplaints }, use) => {
    const opened: { readonly close: () => Promise<void>; readonly complaints: string[] }[] = [];
    await use(async (name, { width = 1280, height = 800, colorScheme = 'light' } = {}) => {
      const context = await browser.newContext({
        baseURL: stack.report.url,
        viewport: { width, height },
        colorScheme,
      });
      opened.push({ close: () => context.close(), complaints: watch(context, stack.report.url) });
      const page = await context.newPage();
      await signIn(page, stack, name);
      return page;
    });
    for (const { close, complaints } of opened) {
      await close();
      expect(complaints.filter((text) => !expectedComplaints.test(text))).toEqual([]);
    }
  },
});

/** Everything that the pages of a context say or ask for and should not. */
function watch(context: BrowserContext, url: string): string[] {
  const complaints: string[] = [];
  context.on('page', (page) => {
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(`${error.name}: ${error.message}`));
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (/^https?:$/.test(protocol) && origin !== url) complaints.push(`asked for ${request.url()}`);
    });
  });
  return complaints;
}

export async function signIn(page: Page, stack: Stack, name: string, path = '/'): Promise<void> {
  const { email = '', password = '' } = stack.who(name);
  await page.goto(`/sign-in?next=${encodeURIComponent(path)}`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname !== '/sign-in');
  await page.locator('main').waitFor({ timeout: 60_000 });
}

/** Waits until a page has what it shows: nothing of it is a skeleton any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main').waitFor({ timeout: 60_000 });
  await expect(page.locator('.skeleton')).toHaveCount(0);
}

/** Nothing on the page may be wider than the screen. */
export async function expectNoOverflow(page: Page): Promise<void> {
  const extra = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  expect.soft(extra, 'pixels that the page is wider than the screen').toBe(0);
}

interface AxeViolation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** WCAG 2.2 A and AA, as far as a program can see. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axeSource);
  const options = JSON.stringify({ runOnly: { type: 'tag', values: axeTags } });
  const found = await page.evaluate<readonly AxeViolation[]>(
    `axe.run(document, ${options}).then((result) => result.violations)`,
  );
  const violations = found.map(({ id, help, nodes }) => ({
    id,
    help,
    nodes: nodes.map(({ html, failureSummary }) => `${html.slice(0, 300)} — ${failureSummary ?? ''}`),
  }));
  expect.soft(violations).toEqual([]);
}
