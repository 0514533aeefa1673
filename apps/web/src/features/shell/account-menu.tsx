'use client';

import { LogOut, Monitor, Moon, Sun, UserRound } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { signOut } from 'next-auth/react';
import { useState } from 'react';
import { useMe } from '../../client/permissions.ts';
import { applyTheme, type Theme } from '../../client/theme.ts';
import { ActorMark } from '../../components/actor.tsx';
import { classNames } from '../../components/class-names.ts';
import { Segmented } from '../../components/form.tsx';
import { Menu, MenuItem, MenuLabel, MenuLine } from '../../components/menu.tsx';

export function AccountMenu({ wide = false }: { readonly wide?: boolean }) {
  const me = useMe();
  const router = useRouter();
  return (
    <Menu
      align="start"
      side="top"
      trigger={
        <button type="button" className="flex h-9 min-w-0 items-center gap-2 rounded-box px-2 text-left hover:bg-hover">
          <ActorMark kind="person" />
          <span className="sr-only">Account of </span>
          <span className={classNames('min-w-0 flex-1 truncate font-medium', !wide && 'sr-only lg:not-sr-only')}>
            {me?.person.name ?? '…'}
          </span>
          <span className={classNames('text-ink-faint text-small', !wide && 'sr-only lg:not-sr-only')}>
            {me?.person.role}
          </span>
        </button>
      }
    >
      <MenuLabel>{me?.person.email ?? 'Signed in'}</MenuLabel>
      <MenuLine />
      <MenuItem icon={<UserRound aria-hidden="true" />} onSelect={() => router.push('/account')}>
        Your account and passkeys
      </MenuItem>
      <MenuItem icon={<LogOut aria-hidden="true" />} onSelect={() => void signOut({ redirectTo: '/sign-in' })}>
        Sign out
      </MenuItem>
    </Menu>
  );
}

export function ThemeToggle({ initial }: { readonly initial: Theme }) {
  const [theme, setTheme] = useState(initial);
  return (
    <Segmented
      label="Theme"
      value={theme}
      onValue={(next) => {
        setTheme(next);
        applyTheme(next);
      }}
      choices={[
        { value: 'system', label: <ThemeIcon icon={Monitor} word="System" /> },
        { value: 'light', label: <ThemeIcon icon={Sun} word="Light" /> },
        { value: 'dark', label: <ThemeIcon icon={Moon} word="Dark" /> },
      ]}
    />
  );
}

function ThemeIcon({ icon: Icon, word }: { readonly icon: typeof Sun; readonly word: string }) {
  return (
    <span title={`${word} theme`}>
      <Icon aria-hidden="true" className="size-4" />
      <span className="sr-only">{word} theme</span>
    </span>
  );
}
