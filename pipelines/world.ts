import { rowOf } from '../model/interactions.ts';
import type { Listener } from '../model/candidates/listener.ts';
import {
  artistsSource,
  audioSource,
  factorsSource,
  playlistsSource,
  popularitySource,
  textSource,
  type CandidateSource,
} from '../model/candidates/sources.ts';
import { retrievedArtistsSource, retrievedTracksSource } from '../model/candidates/retrieved.ts';
import type { Sql } from './ports.ts';
import type { WorldRetrieval } from './retrieval.ts';
import { readColumns, type WorldColumns } from './world-columns.ts';

/** The columns, and the sources over them. */
export interface World extends WorldColumns {
  /** In the order in which they are asked. */
  readonly sources: readonly CandidateSource[];
}

/** @param folders - of the inputs whose files are not Parquet */
export async function readWorld(
  sql: Sql,
  folders: { factors: string },
  cutoff: string,
): Promise<World> {
  return openWorld(await readColumns(sql, folders, cutoff));
}

/** How tracks and artists are retrieved by groups of listeners. */
export interface Retrieval extends WorldRetrieval {
  readonly kernels: WebAssembly.Module;
}

/**
 * Sources have a state of their own, one listener at a time: a thread opens its own.
 *
 * @param retrieval - without it, all tracks and artists are scored for each listener
 */
export function openWorld(columns: WorldColumns, retrieval?: Retrieval): World {
  const { tracks, places, artistTracks } = columns;
  return {
    ...columns,
    sources: [
      ...(retrieval === undefined
        ? [
            factorsSource(columns.listenersOfTracks, columns.trackFactors, columns.played),
            artistsSource(
              columns.listenersOfArtists,
              columns.artistFactors,
              artistTracks,
              tracks.artist,
            ),
          ]
        : retrievedSources(columns, retrieval)),
      playlistsSource(columns.trackNeighbours, tracks.numTracks),
      textSource(
        columns.artistNeighbours,
        artistTracks,
        tracks.numArtists,
        tracks.artist,
        columns.popularity.artistTrend,
      ),
      popularitySource(columns.placeTracks, places.indexOf('world')),
      // Without sound all is as it was before there was any.
      ...(columns.soundNeighbours.indices.length === 0
        ? []
        : [audioSource(columns.soundNeighbours, tracks.numTracks)]),
    ],
  };
}

function retrievedSources(
  columns: WorldColumns,
  { tracks, artists, trackRows, artistRows, kernels }: Retrieval,
): CandidateSource[] {
  const ofTracks = {
    ...{ plan: tracks, rows: trackRows, kernels },
    ...{ listeners: columns.listenersOfTracks, items: columns.trackFactors },
  };
  const ofArtists = {
    ...{ plan: artists, rows: artistRows, kernels },
    ...{ listeners: columns.listenersOfArtists, items: columns.artistFactors },
  };
  return [
    retrievedTracksSource(ofTracks),
    retrievedArtistsSource(ofArtists, columns.artistTracks, columns.tracks.artist),
  ];
}

/** The listener as the sources see them; views, not copies. */
export function listenerOf(
  world: Pick<WorldColumns, 'interactions' | 'artistInteractions' | 'zonePlace' | 'countryPlace'>,
  index: number,
): Listener {
  const tracks = rowOf(world.interactions, index);
  const artists = rowOf(world.artistInteractions, index);
  return {
    index,
    tracks: tracks.indices,
    trackConfidence: tracks.values,
    artists: artists.indices,
    artistConfidence: artists.values,
    zonePlace: world.zonePlace[index]!,
    countryPlace: world.countryPlace[index]!,
  };
}
