/** A request that is refused for its own form: it stands in the record, and the client is told why. */
export class Unfit extends Error {}
