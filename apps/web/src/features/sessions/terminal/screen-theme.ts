'use client';

import type { ITheme } from '@xterm/xterm';
import { useEffect, useState } from 'react';

/** Text of any colour is brought to this contrast with what is behind it (WCAG AA). */
export const screenContrast = 4.5;

export const screenFont = 'ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace';

const dark: ITheme = {
  background: '#0b0c0e',
  foreground: '#ececf0',
  cursor: '#5cc8e2',
  cursorAccent: '#0b0c0e',
  selectionBackground: '#2f5f73',
  selectionInactiveBackground: '#2f5f73',
  black: '#27292f',
  red: '#ff9187',
  green: '#66d392',
  yellow: '#f0bd55',
  blue: '#8ab4ff',
  magenta: '#bda4ff',
  cyan: '#5cc8e2',
  white: '#d5d6dd',
  brightBlack: '#9698a4',
  brightRed: '#ffb3ac',
  brightGreen: '#8fe5b0',
  brightYellow: '#f7d486',
  brightBlue: '#b0ccff',
  brightMagenta: '#d5c6ff',
  brightCyan: '#93deef',
  brightWhite: '#ffffff',
};

const light: ITheme = {
  background: '#ffffff',
  foreground: '#17171c',
  cursor: '#0b6680',
  cursorAccent: '#ffffff',
  selectionBackground: '#b5dbe6',
  selectionInactiveBackground: '#b5dbe6',
  black: '#17171c',
  red: '#a8201a',
  green: '#176337',
  yellow: '#7d4a05',
  blue: '#1d4fbf',
  magenta: '#6327c4',
  cyan: '#0b6680',
  white: '#62626d',
  brightBlack: '#4b4b55',
  brightRed: '#b3261e',
  brightGreen: '#1d7a45',
  brightYellow: '#8f5606',
  brightBlue: '#2a5fd6',
  brightMagenta: '#7440d1',
  brightCyan: '#0d7793',
  brightWhite: '#17171c',
};

/** The screen's colours, in the page's own scheme. */
export function useScreenTheme(): ITheme {
  const [isDark, setDark] = useState(pageIsDark);
  useEffect(() => {
    const look = () => setDark(pageIsDark());
    const system = window.matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', look);
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      system.removeEventListener('change', look);
      observer.disconnect();
    };
  }, []);
  return isDark ? dark : light;
}

function pageIsDark(): boolean {
  const chosen = document.documentElement.getAttribute('data-theme');
  return chosen === null ? window.matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
}
