import { maxChunkBytes } from '@sluice/recording';

/** Largest body of a pushed chunk, in bytes. */
export const maxRecordingChunkBytes = maxChunkBytes;
