'use client';

import { useQuery } from '@tanstack/react-query';
import { Menu as MenuIcon, Search, Unplug } from 'lucide-react';
import { usePathname } from 'next/navigation';
import { type ReactNode, useState } from 'react';
import { LiveProvider, useLiveState } from '../../client/live.tsx';
import type { Theme } from '../../client/theme.ts';
import { useTRPC } from '../../client/trpc.ts';
import { classNames } from '../../components/class-names.ts';
import { Drawer } from '../../components/dialog.tsx';
import { Key } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';
import { countText } from '../../components/measures.ts';
import { EmergencyBanner } from '../access/emergencies.tsx';
import { AccountMenu, ThemeToggle } from './account-menu.tsx';
import { CommandPalette, usePaletteKey } from './command-palette.tsx';
import { Mark } from './mark.tsx';
import { isAt, type Place } from './places.ts';
import { usePlaces } from './use-places.ts';

/** The frame of every page: rail, palette, live stream; on a phone a bar at the bottom and a drawer. */
export function Shell({ theme, children }: { readonly theme: Theme; readonly children: ReactNode }) {
  const [paletteOpen, setPaletteOpen] = useState(false);
  usePaletteKey(setPaletteOpen);
  return (
    <LiveProvider>
      <a
        href="#main"
        className="sr-only z-50 rounded-box bg-accent px-3 py-2 font-medium text-accent-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <div className="flex min-h-dvh">
        <Rail theme={theme} onPalette={() => setPaletteOpen(true)} />
        <div className="flex min-w-0 flex-1 flex-col pb-[calc(3.5rem+env(safe-area-inset-bottom,0px))] md:pb-0">
          <EmergencyBanner />
          <main id="main" tabIndex={-1} className="min-w-0 flex-1 outline-none">
            {children}
          </main>
        </div>
      </div>
      <BottomBar theme={theme} onPalette={() => setPaletteOpen(true)} />
      <LiveBadge />
      <CommandPalette open={paletteOpen} onOpen={setPaletteOpen} />
    </LiveProvider>
  );
}

/** How many approvals wait for the one who is signed in. */
function useWaitingCount(): number {
  const trpc = useTRPC();
  return useQuery(trpc.approvals.countWaiting.queryOptions()).data?.mine ?? 0;
}

function Rail({ theme, onPalette }: { readonly theme: Theme; readonly onPalette: () => void }) {
  const pathname = usePathname();
  const places = usePlaces();
  const waiting = useWaitingCount();
  return (
    <div className="sticky top-0 hidden h-dvh w-14 shrink-0 flex-col border-line border-r bg-surface md:flex lg:w-52">
      <Link
        href="/"
        className="flex h-14 items-center gap-2.5 px-4 font-semibold text-large tracking-tight"
        aria-label="Sluice, overview"
        data-inset-focus=""
      >
        <Mark className="size-6 shrink-0" />
        <span className="hidden lg:inline">Sluice</span>
      </Link>
      <div className="px-2 pb-2">
        <button
          type="button"
          onClick={onPalette}
          className="flex h-8 w-full items-center justify-center gap-2 rounded-box border border-line bg-sunken px-2.5 text-ink-faint hover:border-line-strong hover:text-ink lg:justify-start"
        >
          <Search aria-hidden="true" className="size-4 shrink-0" />
          <span className="sr-only flex-1 text-left lg:not-sr-only">Search</span>
          <span aria-hidden="true" className="hidden lg:inline">
            <Key>Ctrl K</Key>
          </span>
        </button>
      </div>
      <nav aria-label="Pages" className="flex-1 overflow-y-auto px-2">
        <ul className="space-y-0.5">
          {places.map((place) => (
            <li key={place.href}>
              <RailLink
                place={place}
                active={isAt(pathname, place)}
                count={place.href === '/approvals' ? waiting : 0}
              />
            </li>
          ))}
        </ul>
      </nav>
      <p aria-live="polite" className="sr-only">
        {waiting === 0 ? '' : `${countText(waiting, 'approval is', 'approvals are')} waiting for you`}
      </p>
      <div className="flex flex-col items-center gap-2 border-line border-t p-2 lg:items-stretch">
        <div className="hidden lg:block">
          <ThemeToggle initial={theme} />
        </div>
        <AccountMenu />
      </div>
    </div>
  );
}

function RailLink({
  place,
  active,
  count,
}: {
  readonly place: Place;
  readonly active: boolean;
  readonly count: number;
}) {
  const Icon = place.icon;
  return (
    <Link
      href={place.href}
      aria-current={active ? 'page' : undefined}
      title={place.label}
      className={classNames(
        'relative flex h-8 items-center justify-center gap-2.5 rounded-box px-2.5 font-medium lg:justify-start',
        active ? 'bg-chosen text-accent' : 'text-ink-soft hover:bg-hover hover:text-ink',
      )}
    >
      <Icon aria-hidden="true" className="size-4 shrink-0" />
      <span className="sr-only flex-1 lg:not-sr-only">{place.label}</span>
      <CountMark count={count} />
    </Link>
  );
}

function CountMark({ count }: { readonly count: number }) {
  if (count === 0) return null;
  return (
    <span className="absolute -top-1 right-0 rounded-full bg-hold-tint px-1.5 font-semibold text-hold text-tiny leading-[18px] lg:static">
      {count > 99 ? '99+' : count}
      <span className="sr-only"> waiting</span>
    </span>
  );
}

function BottomBar({ theme, onPalette }: { readonly theme: Theme; readonly onPalette: () => void }) {
  const pathname = usePathname();
  const places = usePlaces();
  const waiting = useWaitingCount();
  const [open, setOpen] = useState(false);
  return (
    <>
      <nav
        aria-label="Pages"
        className="fixed inset-x-0 bottom-0 z-30 border-line border-t bg-surface pb-safe md:hidden"
      >
        <ul className="grid grid-cols-5">
          {places
            .filter((place) => place.inBar)
            .map((place) => {
              const Icon = place.icon;
              const active = isAt(pathname, place);
              return (
                <li key={place.href}>
                  <Link
                    href={place.href}
                    aria-current={active ? 'page' : undefined}
                    data-inset-focus=""
                    className={classNames(
                      'relative flex h-14 flex-col items-center justify-center gap-0.5 font-medium text-tiny',
                      active ? 'text-accent' : 'text-ink-soft',
                    )}
                  >
                    <Icon aria-hidden="true" className="size-5" />
                    {place.label}
                    {place.href === '/approvals' && waiting > 0 ? (
                      <span className="absolute top-1 left-1/2 ml-1.5 rounded-full bg-hold-tint px-1.5 font-semibold text-hold leading-4">
                        {waiting > 99 ? '99+' : waiting}
                        <span className="sr-only"> waiting</span>
                      </span>
                    ) : null}
                  </Link>
                </li>
              );
            })}
          <li>
            <button
              type="button"
              data-inset-focus=""
              onClick={() => setOpen(true)}
              className="flex h-14 w-full flex-col items-center justify-center gap-0.5 font-medium text-ink-soft text-tiny"
            >
              <MenuIcon aria-hidden="true" className="size-5" />
              More
            </button>
          </li>
        </ul>
      </nav>
      <Drawer open={open} onOpen={setOpen} title="Sluice">
        <ul className="p-2">
          <li>
            <button
              type="button"
              onClick={() => {
                setOpen(false);
                onPalette();
              }}
              className="flex h-11 w-full items-center gap-3 rounded-box px-3 text-large hover:bg-hover"
            >
              <Search aria-hidden="true" className="size-5 text-ink-faint" />
              Search
            </button>
          </li>
          {places
            .filter((place) => !place.inBar)
            .map((place) => {
              const Icon = place.icon;
              return (
                <li key={place.href}>
                  <Link
                    href={place.href}
                    onClick={() => setOpen(false)}
                    className="flex h-11 items-center gap-3 rounded-box px-3 text-large hover:bg-hover"
                  >
                    <Icon aria-hidden="true" className="size-5 text-ink-faint" />
                    {place.label}
                  </Link>
                </li>
              );
            })}
        </ul>
        <div className="flex items-center justify-between gap-3 border-line border-t p-4">
          <AccountMenu wide />
          <ThemeToggle initial={theme} />
        </div>
      </Drawer>
    </>
  );
}

/** Says so while changes cannot be heard; quiet otherwise. */
function LiveBadge() {
  const state = useLiveState();
  return (
    <div
      role="status"
      className="pointer-events-none fixed right-3 bottom-[calc(4rem+env(safe-area-inset-bottom,0px))] z-30 md:bottom-3"
    >
      {state === 'reconnecting' ? (
        <span className="inline-flex items-center gap-1.5 rounded-box border border-line-strong bg-raised px-2.5 py-1 font-medium text-hold text-small">
          <Unplug aria-hidden="true" className="size-3.5" />
          Reconnecting… what you see may be old
        </span>
      ) : null}
    </div>
  );
}
