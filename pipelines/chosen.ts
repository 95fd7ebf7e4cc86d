import type { SourceName } from '../model/candidates/pool.ts';

/** The tracks chosen for a listener, in playing order. */
export interface Chosen {
  readonly listener: number;
  /** Distinct candidates that the ranker saw. */
  readonly candidates: number;
  readonly tracks: readonly {
    readonly track: number;
    readonly source: SourceName;
    /**
     * Whom the reason names: a heard track (`factors`, `playlists`), an artist whom the listener
     * plays, or the track's own (`artists`, `text`), a place (`popularity`); -1: nobody.
     */
    readonly because: number;
    /** Whether the listener has played the lead artist. */
    readonly artistPlayed: boolean;
  }[];
}
