/**
 * Made-up people with valid-looking personal data: card numbers pass Luhn, IBANs pass mod 97, telephone numbers are of the 555-01xx
 * range that no subscriber has, and mail goes to example.* domains (RFC 2606). Pure: one seed gives the same people everywhere.
 */

export interface Customer {
  readonly id: number;
  readonly full_name: string;
  readonly email: string;
  readonly phone: string;
  readonly ssn: string;
  readonly card_number: string;
  readonly iban: string;
  readonly address: string;
  readonly api_key: string;
  readonly profile: Readonly<Record<string, unknown>>;
  readonly notes: string;
}

export interface Employee {
  readonly id: number;
  readonly full_name: string;
  readonly email: string;
  readonly phone: string;
  readonly ssn: string;
  readonly department: string;
  readonly salary_cents: number;
  readonly manager_id: number | null;
}

/** Uniform numbers from a 32-bit seed (mulberry32, a public-domain generator by Tommy Ettinger). */
export interface Dice {
  /** An integer in [0, below). */
  readonly roll: (below: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
  readonly digits: (count: number) => string;
}

export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const roll = (below: number): number => Math.floor(next() * below);
  return {
    roll,
    pick: (from) => {
      const found = from[roll(from.length)];
      if (found === undefined) throw new Error('picked from an empty list');
      return found;
    },
    digits: (count) => Array.from({ length: count }, () => roll(10)).join(''),
  };
}

const firstNames =
  'Ada Amara Andre Anika Bea Boris Carla Cedric Chloe Dalia Dario Elena Emil Fatima Felix Freya Gita Gustav Hana Hugo Ines Ivan Jana Joel Kaia Kofi Lena Liam Maja Marco Mina Nadia Nils Noor Olga Omar Paula Pedro Quinn Rania Remy Rosa Samir Selma Sven Tara Theo Uma Viktor Wanda Yara Zeno'.split(
    ' ',
  );
const lastNames =
  'Abbott Adeyemi Andersen Baker Barros Bauer Becker Cohen Costa Dalton Dubois Eriksen Farkas Fischer Garcia Gruber Haas Hansen Ibarra Ito Jansen Jensen Kaya Keller Kowalski Larsen Leclerc Lopez Marino Mbeki Meyer Moreau Nakamura Novak Okafor Olsen Park Pereira Quist Rahman Rossi Sato Schmidt Silva Suzuki Tanaka Torres Ueda Varga Vogel Weber Yilmaz Zhang Zimmer'.split(
    ' ',
  );
const streets = [
  'Maple Street',
  'Oak Avenue',
  'Harbour Road',
  'Station Lane',
  'Mill Court',
  'Hill View',
  'Orchard Way',
  'Canal Walk',
];
const cities = [
  'Springfield',
  'Riverton',
  'Lakewood',
  'Ashford',
  'Brookside',
  'Fairview',
  'Georgetown',
  'Kingston',
  'Milton',
  'Oakland',
];
const states = ['IL', 'CA', 'NY', 'TX', 'WA', 'OR', 'MA', 'CO', 'GA', 'OH'];
/** Area codes in use; 555-0100 to 555-0199 below each is kept for fiction. */
const areaCodes =
  '201 202 205 206 208 209 210 212 213 214 216 217 218 219 224 225 228 229 231 234 239 240 248 251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 321 323 325 330 334 336 337 339 347 351 352 360 361 385 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 424 425 430 432 434 435 440 443 469 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 515 516 517 518 520 530 540 541 551 559 561 562'.split(
    ' ',
  );
const departments = ['Sales', 'Support', 'Finance', 'Warehouse', 'Engineering', 'People'];

/** Appends the digit that makes the whole pass Luhn (ISO/IEC 7812-1, annex B). */
export function withLuhn(digits: string): string {
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = place % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

function cardNumber({ roll, digits }: Dice): string {
  const kind = roll(10);
  if (kind === 0) return withLuhn(`3${roll(2) === 0 ? '4' : '7'}${digits(12)}`);
  const sixteen = withLuhn(kind < 6 ? `4${digits(14)}` : `5${1 + roll(5)}${digits(13)}`);
  return roll(4) === 0 ? sixteen.replace(/(.{4})(?=.)/g, '$1 ') : sixteen;
}

/** Two check digits by ISO 13616: the number with the country moved behind it is 1 modulo 97. */
export function withIbanCheck(country: string, account: string): string {
  const rearranged = `${account}${country}00`.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  let rest = 0;
  for (const digit of rearranged) rest = (rest * 10 + Number(digit)) % 97;
  return `${country}${String(98 - rest).padStart(2, '0')}${account}`;
}

function iban({ pick, digits }: Dice): string {
  const letters = (count: number): string =>
    Array.from({ length: count }, () => pick([...'ABCDEFGHKLMNPRSTW'])).join('');
  const account: Record<string, () => string> = {
    DE: () => digits(18),
    FR: () => digits(23),
    ES: () => digits(20),
    GB: () => letters(4) + digits(14),
    NL: () => letters(4) + digits(10),
  };
  const country = pick(Object.keys(account));
  return withIbanCheck(country, account[country]?.() ?? '');
}

function phone({ roll, pick }: Dice): string {
  const area = pick(areaCodes);
  const line = `01${String(roll(100)).padStart(2, '0')}`;
  return pick([`+1-${area}-555-${line}`, `(${area}) 555-${line}`, `+1 ${area} 555 ${line}`, `${area}-555-${line}`]);
}

function ssn({ roll }: Dice): string {
  const area = 1 + roll(899);
  return `${String(area === 666 ? 667 : area).padStart(3, '0')}-${String(1 + roll(99)).padStart(2, '0')}-${String(1 + roll(9999)).padStart(4, '0')}`;
}

function apiKey({ pick }: Dice): string {
  const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'];
  return `sk_live_${Array.from({ length: 24 }, () => pick(alphabet)).join('')}`;
}

function prose(random: Dice, person: { email: string; phone: string; card_number: string }): string {
  switch (random.roll(8)) {
    case 0:
      return `Prefers e-mail: write to ${person.email} and not to the office.`;
    case 1:
      return `Called from ${person.phone} about a late parcel, friendly.`;
    case 2:
      return `Paid by phone with card ${person.card_number}; receipt was posted.`;
    case 3:
      return 'Moved house in spring. Asked twice about the loyalty programme.';
    case 4:
      return `Second contact: ${random.pick(firstNames).toLowerCase()}.${random.roll(1_000_000)}@example.org, partner.`;
    case 5:
      return '';
    default:
      return 'No open questions.';
  }
}

/** The customers of a seed; the first `count` are the same for every `count`. */
export function makeCustomers(seed: number, count: number): Customer[] {
  const random = dice(seed);
  return Array.from({ length: count }, (_, index) => {
    const id = index + 1;
    const first = random.pick(firstNames);
    const last = random.pick(lastNames);
    const city = random.pick(cities);
    const person = {
      email: `${first}.${last}${id}@example.${random.pick(['com', 'org', 'net'])}`.toLowerCase(),
      phone: phone(random),
      card_number: cardNumber(random),
    };
    return {
      id,
      full_name: `${first} ${last}`,
      ...person,
      ssn: ssn(random),
      iban: iban(random),
      address: `${1 + random.roll(999)} ${random.pick(streets)}, ${city}, ${random.pick(states)} ${random.digits(5)}`,
      api_key: apiKey(random),
      profile: {
        city,
        contact: { email: person.email, phone: phone(random) },
        newsletter: random.roll(2) === 1,
        loyalty: random.roll(5_000),
        tags: [random.pick(['new', 'regular', 'vip']), random.pick(['online', 'store'])],
      },
      notes: prose(random, person),
    };
  });
}

export function makeEmployees(seed: number, count: number): Employee[] {
  const random = dice(seed);
  return Array.from({ length: count }, (_, index) => {
    const id = index + 1;
    const first = random.pick(firstNames);
    const last = random.pick(lastNames);
    return {
      id,
      full_name: `${first} ${last}`,
      email: `${first}.${last}.${id}@corp.example.com`.toLowerCase(),
      phone: phone(random),
      ssn: ssn(random),
      department: random.pick(departments),
      salary_cents: (40_000 + random.roll(80_000)) * 100,
      manager_id: id === 1 ? null : 1 + random.roll(Math.min(id - 1, 12)),
    };
  });
}
