/** `system` follows the operating system; it is the absence of an attribute, so nothing has to run before the first paint. */
export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

export const themeCookie = 'sluice-theme';
const themeCookieSeconds = 31_536_000;

export function readTheme(value: string | undefined): Theme {
  return themes.find((theme) => theme === value) ?? 'system';
}

/** Changes the page at once and the next answers of the server with it. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', theme);
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in Firefox and over plain http.
  document.cookie = `${themeCookie}=${theme}; path=/; max-age=${themeCookieSeconds}; samesite=lax`;
}
