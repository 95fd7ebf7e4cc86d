import { coverKey } from '../../pipelines/delivery/cover.ts';
import type { ListedTrack, PlaylistDocument } from '../../pipelines/lists.ts';

/** A list as it was stored before ids and codes: with its tracks in words and the key of its cover. */
export interface PlaylistDocumentV1 {
  readonly _id: string;
  readonly v: 1;
  readonly user: string;
  readonly week: string;
  readonly zone: string;
  readonly validFrom: Date;
  readonly tracks: readonly ListedTrack[];
  readonly model: string;
  readonly revision: number;
  readonly order: string;
  readonly cover: string;
  readonly storedAt: Date;
}

/** What may be found: a re-delivery replaces what is of version 1. */
export type StoredList = PlaylistDocument | PlaylistDocumentV1;

export function coverOf(
  list: Pick<PlaylistDocument, 'v' | 'user' | 'week' | 'picture'> | PlaylistDocumentV1,
): string {
  return list.v === 1 ? list.cover : coverKey(list.user, list.week, list.picture);
}
