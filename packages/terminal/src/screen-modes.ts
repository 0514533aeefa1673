/** Rows from top to bottom, counted from 1, between which the screen scrolls. */
export interface ScrollRegion {
  readonly top: number;
  /** 0: the last row. */
  readonly bottom: number;
}

/** What a screen's own text does not show, but what decides how later output is drawn. */
export interface ScreenModes {
  readonly alternate: boolean;
  /** Of the screen that is shown. */
  readonly region: ScrollRegion | null;
  /** Of the normal screen while the alternate one is shown. */
  readonly normalRegion: ScrollRegion | null;
  readonly origin: boolean;
  readonly wraps: boolean;
  readonly inserts: boolean;
  readonly cursorVisible: boolean;
  /** Character sets, as in `ESC ( 0`: line drawing. */
  readonly g0: string;
  readonly g1: string;
  readonly shifted: boolean;
}

export const freshScreenModes: ScreenModes = {
  alternate: false,
  region: null,
  normalRegion: null,
  origin: false,
  wraps: true,
  inserts: false,
  cursorVisible: true,
  g0: 'B',
  g1: 'B',
  shifted: false,
};

export function applyMode(modes: ScreenModes, prefix: string, mode: number, on: boolean): ScreenModes {
  if (prefix === '') return mode === 4 ? { ...modes, inserts: on } : modes;
  switch (mode) {
    case 6:
      return { ...modes, origin: on };
    case 7:
      return { ...modes, wraps: on };
    case 25:
      return { ...modes, cursorVisible: on };
    case 47:
    case 1047:
    case 1049:
      if (on === modes.alternate) return modes;
      return on
        ? { ...modes, alternate: true, normalRegion: modes.region, region: null }
        : { ...modes, alternate: false, region: modes.normalRegion, normalRegion: null };
    default:
      return modes;
  }
}

/** `parameters` are those of DECSTBM. */
export function setRegion(modes: ScreenModes, parameters: string): ScreenModes {
  const [top = 0, bottom = 0] = parameters.split(';').map(Number);
  if (top <= 1 && bottom === 0) return { ...modes, region: null };
  return { ...modes, region: { top: Math.max(1, top), bottom } };
}

/** Where a cursor stands, counted from 0. */
export interface CursorPlace {
  readonly column: number;
  readonly row: number;
}

/**
 * What has to be written behind a screen's text so that later output is drawn as it would have been: modes, and the cursor last, which
 * setting some of them moves. `place` null leaves the cursor: it waits behind the last column, where no sequence brings it.
 */
export function restoreModes(modes: ScreenModes, place: CursorPlace | null): string {
  const { region, origin } = modes;
  const parts: string[] = [];
  if (region !== null) parts.push(`\x1b[${region.top};${region.bottom === 0 ? '' : region.bottom}r`);
  if (origin) parts.push('\x1b[?6h');
  if (place !== null && (region !== null || origin)) {
    const row = origin ? place.row - (region?.top ?? 1) + 1 : place.row;
    parts.push(`\x1b[${row + 1};${place.column + 1}H`);
  }
  if (!modes.wraps) parts.push('\x1b[?7l');
  if (modes.inserts) parts.push('\x1b[4h');
  if (!modes.cursorVisible) parts.push('\x1b[?25l');
  if (modes.g0 !== 'B') parts.push(`\x1b(${modes.g0}`);
  if (modes.g1 !== 'B') parts.push(`\x1b)${modes.g1}`);
  if (modes.shifted) parts.push('\x0e');
  return parts.join('');
}
