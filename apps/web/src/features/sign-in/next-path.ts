/** Where to go after signing in: a path of this site, or the overview. An address of another site never passes. */
export function safeNextPath(next: string, origin: string): string {
  try {
    const url = new URL(next, origin);
    if (url.origin !== origin || url.pathname === '/sign-in') return '/';
    return url.pathname + url.search + url.hash;
  } catch {
    return '/';
  }
}
