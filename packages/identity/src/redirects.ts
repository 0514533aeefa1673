/** Where to go after signing in or out: a path of this installation and nothing else, so that no link can lead away. */
export function safeRedirect(target: string, publicUrl: string): string {
  const base = new URL(publicUrl);
  // `//host`, `/\host` and control characters are read as another origin by browsers; the URL parser does the same, so it judges.
  if (!URL.canParse(target, base.href)) return base.origin;
  const url = new URL(target, base);
  return url.origin === base.origin ? url.href : base.origin;
}
