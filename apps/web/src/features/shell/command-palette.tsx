'use client';

import { useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import { Activity, Bot, Cable, Monitor, Moon, Network, Plus, Sun } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { Dialog as RadixDialog } from 'radix-ui';
import { type Dispatch, type ReactNode, type SetStateAction, useEffect } from 'react';
import { useMay } from '../../client/permissions.ts';
import { applyTheme } from '../../client/theme.ts';
import { useTRPC } from '../../client/trpc.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { usePlaces } from './use-places.ts';

const mostSessions = 8;

/** Ctrl-K or ⌘K opens and closes the palette, wherever the caret is. */
export function usePaletteKey(setOpen: Dispatch<SetStateAction<boolean>>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey)
        return;
      event.preventDefault();
      setOpen((open) => !open);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [setOpen]);
}

export function CommandPalette({ open, onOpen }: { readonly open: boolean; readonly onOpen: (open: boolean) => void }) {
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpen}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-40 bg-scrim" />
        <RadixDialog.Content
          aria-describedby={undefined}
          className="fixed top-[10dvh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-box border border-line-strong bg-raised"
        >
          <RadixDialog.Title className="sr-only">Search and commands</RadixDialog.Title>
          <Palette onDone={() => onOpen(false)} />
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

function Palette({ onDone }: { readonly onDone: () => void }) {
  const router = useRouter();
  const trpc = useTRPC();
  const places = usePlaces();
  const mayAddConnection = useMay('connections.write');
  const mayEnrol = useMay('gateways.write');
  const mayAddAgent = useMay('identities.write.own');
  const connections = useQuery(trpc.connections.listConnections.queryOptions({})).data ?? [];
  const sessions = useQuery(trpc.sessions.listSessions.queryOptions({})).data?.items ?? [];
  const go = (href: string) => () => {
    onDone();
    router.push(href);
  };
  const act = (action: () => void) => () => {
    onDone();
    action();
  };
  return (
    <Command label="Search and commands" loop>
      <Command.Input
        placeholder="Go to a page, connection or session, or do something…"
        className="h-11 w-full border-line border-b bg-transparent px-4 text-large outline-none"
      />
      <Command.List className="max-h-[60dvh] overflow-y-auto p-2 [&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1.5 [&_[cmdk-group-heading]]:text-ink-faint [&_[cmdk-group-heading]]:text-small">
        <Command.Empty className="px-2 py-6 text-center text-ink-soft">Nothing of that name.</Command.Empty>
        <Command.Group heading="Pages">
          {places.map((place) => (
            <Item
              key={place.href}
              value={place.label}
              icon={<place.icon aria-hidden="true" />}
              onSelect={go(place.href)}
            >
              {place.label}
            </Item>
          ))}
        </Command.Group>
        <Command.Group heading="Connections">
          {connections.map((connection) => (
            <Item
              key={connection.id}
              value={`${connection.name} connection ${connection.id}`}
              icon={<Cable aria-hidden="true" />}
              onSelect={go(`/connections/${connection.id}`)}
            >
              {connection.name}
            </Item>
          ))}
        </Command.Group>
        <Command.Group heading="Sessions">
          {sessions.slice(0, mostSessions).map((session) => (
            <Item
              key={session.id}
              value={`${session.actor.name} on ${session.connection.name} session ${session.id}`}
              icon={<Activity aria-hidden="true" />}
              onSelect={go(`/sessions/${session.id}`)}
            >
              <span className="min-w-0 flex-1 truncate">
                {session.actor.name} on {session.connection.name}
              </span>
              <RelativeTime at={session.startedAt} className="text-ink-faint" />
            </Item>
          ))}
        </Command.Group>
        <Command.Group heading="Actions">
          {mayAddConnection ? (
            <Item value="New connection, add" icon={<Plus aria-hidden="true" />} onSelect={go('/connections/new')}>
              New connection
            </Item>
          ) : null}
          {mayEnrol ? (
            <Item value="Enrol a gateway, new" icon={<Network aria-hidden="true" />} onSelect={go('/gateways?enrol=1')}>
              Enrol a gateway
            </Item>
          ) : null}
          {mayAddAgent ? (
            <Item
              value="New agent, create"
              icon={<Bot aria-hidden="true" />}
              onSelect={go('/identities?tab=agents&new=1')}
            >
              New agent
            </Item>
          ) : null}
          <Item
            value="Theme of the system"
            icon={<Monitor aria-hidden="true" />}
            onSelect={act(() => applyTheme('system'))}
          >
            Theme of the system
          </Item>
          <Item value="Light theme" icon={<Sun aria-hidden="true" />} onSelect={act(() => applyTheme('light'))}>
            Light theme
          </Item>
          <Item value="Dark theme" icon={<Moon aria-hidden="true" />} onSelect={act(() => applyTheme('dark'))}>
            Dark theme
          </Item>
        </Command.Group>
      </Command.List>
    </Command>
  );
}

function Item({
  value,
  icon,
  onSelect,
  children,
}: {
  readonly value: string;
  readonly icon: ReactNode;
  readonly onSelect: () => void;
  readonly children: ReactNode;
}) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="flex h-9 cursor-pointer select-none items-center gap-2.5 rounded-small px-2 data-[selected=true]:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-ink-faint"
    >
      {icon}
      {children}
    </Command.Item>
  );
}
