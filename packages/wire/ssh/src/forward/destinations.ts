/** Destinations that an administrator named, as `host:port` letter for letter. Browser-safe. */

export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** Destinations of one connection. */
const maxDestinations = 32;
/** Names, IPv4 addresses, or IPv6 addresses in brackets; no pattern stands for several. */
const destinationForm = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?)):([1-9]\d{0,4})$/i;

/** What a list separated by blanks or commas names; null: one of them is none, or there are too many. */
export function readDestinations(text: string): readonly Destination[] | null {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  const read = parts.map(destinationOf);
  return parts.length <= maxDestinations && read.every((one) => one !== null) ? read : null;
}

export function destinationOf(text: string): Destination | null {
  const [, bracketed, plain, digits] = destinationForm.exec(text) ?? [];
  const port = Number(digits);
  return digits === undefined || port > 65_535 ? null : { host: (bracketed ?? plain ?? '').toLowerCase(), port };
}

/** `host:port`, an IPv6 address in brackets. */
export function showDestination({ host, port }: Destination): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Names are compared without case, and as they are written: another name of the same machine is another destination. */
export function isNamed(destinations: readonly Destination[], { host, port }: Destination): boolean {
  return destinations.some((one) => one.host === host.toLowerCase() && one.port === port);
}
