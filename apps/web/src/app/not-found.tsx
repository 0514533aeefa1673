'use client';

import { SearchX } from 'lucide-react';
import { Button } from '../components/button.tsx';
import { Link } from '../components/link.tsx';
import { EmptyState } from '../components/states.tsx';

export default function NotFound() {
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <EmptyState
        icon={SearchX}
        title="There is no such page"
        action={
          <Button asChild>
            <Link href="/">Go to the overview</Link>
          </Button>
        }
      >
        The address may be mistyped, or what it pointed at has gone.
      </EmptyState>
    </main>
  );
}
