'use client';

import { useMe } from '../../client/permissions.ts';
import { type Place, places } from './places.ts';

/** The pages that the signed-in person may open; all of them until that is known, since most people are let into most. */
export function usePlaces(): readonly Place[] {
  const permissions = useMe()?.permissions;
  if (permissions === undefined) return places;
  return places.filter((place) => place.permissions.some((permission) => permissions.includes(permission)));
}
