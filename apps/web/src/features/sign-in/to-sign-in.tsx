'use client';

import { useEffect } from 'react';

/** Goes to the sign-in page and remembers the whole address, its hash included, which the server never sees. */
export function ToSignIn() {
  useEffect(() => {
    const { pathname, search, hash } = window.location;
    window.location.replace(`/sign-in?next=${encodeURIComponent(pathname + search + hash)}`);
  }, []);
  return (
    <main className="p-6">
      <noscript>Sluice needs JavaScript to be on.</noscript>
    </main>
  );
}
