import { createPlaylist } from '../../model/simulation/playlists.ts';
import { recordingsOf, type Recording } from '../../model/simulation/recordings.ts';
import { tastes } from '../../model/simulation/tastes.ts';
import { createText, textOrder } from '../../model/simulation/texts.ts';
import type { World } from '../../model/simulation/world.ts';
import { csvRow } from './csv.ts';
import type { Output } from './output.ts';

const recordingsHeader =
  'recording_id,title,artists,album,album_id,length_s,released,popularity,genres,' +
  'danceability,energy,speechiness,acousticness,instrumentalness,liveness,valence,' +
  'loudness,tempo,musical_key,mode,known_from\n';

/** Stands between the values of a field that holds several. */
const separator = ' ; ';

export async function writeRecordings(world: World, output: Output): Promise<void> {
  const file = await output.create('recordings.csv', recordingsHeader);
  for (let track = 0; track < world.catalogue.numTracks; track++) {
    for (const recording of recordingsOf(world, track)) file.add(recordingRow(recording));
    if (file.full) await file.flush();
    output.step('recordings', track, world.catalogue.numTracks);
  }
}

function recordingRow(recording: Recording): string {
  const audio = recording.audio;
  return csvRow([
    recording.recordingId,
    recording.title,
    recording.artists.join(separator),
    recording.album,
    recording.albumId,
    recording.lengthS,
    recording.released,
    recording.popularity,
    recording.genres.join(separator),
    audio?.danceability ?? null,
    audio?.energy ?? null,
    audio?.speechiness ?? null,
    audio?.acousticness ?? null,
    audio?.instrumentalness ?? null,
    audio?.liveness ?? null,
    audio?.valence ?? null,
    audio?.loudness ?? null,
    audio?.tempo ?? null,
    audio?.musicalKey ?? null,
    audio?.mode ?? null,
    recording.knownFrom,
  ]);
}

/** `playlists.csv` and `memberships.csv`. */
export async function writePlaylists(world: World, output: Output, count: number): Promise<void> {
  const playlists = await output.create('playlists.csv', 'playlist_id,name,description\n');
  const memberships = await output.create(
    'memberships.csv',
    'playlist_id,recording_id,added,removed\n',
  );
  for (let index = 0; index < count; index++) {
    const { playlistId, name, description, members } = createPlaylist(world, index);
    playlists.add(csvRow([playlistId, name, description]));
    for (const member of members) {
      memberships.add(csvRow([playlistId, member.recordingId, member.added, member.removed]));
    }
    if (playlists.full) await playlists.flush();
    if (memberships.full) await memberships.flush();
    output.step('playlists', index, count);
  }
}

export async function writeTexts(world: World, output: Output, count: number): Promise<void> {
  const file = await output.create('texts.jsonl');
  const order = textOrder(world);
  for (let index = 0; index < count; index++) {
    const text = createText(world, index, order[index % order.length]!);
    file.add(`${JSON.stringify(text)}\n`);
    if (file.full) await file.flush();
    output.step('texts', index, count);
  }
}

/** The planted truth about artists: a row for each taste. */
export async function writeArtistTastes(world: World, output: Output): Promise<void> {
  const file = await output.create('truth/artist_tastes.csv', 'artist,taste,weight\n');
  for (const { name, main, mainShare, other } of world.catalogue.artists) {
    file.add(csvRow([name, tastes[main]!.name, Number(mainShare.toFixed(6))]));
    if (other !== main) {
      file.add(csvRow([name, tastes[other]!.name, Number((1 - mainShare).toFixed(6))]));
    }
    if (file.full) await file.flush();
  }
}
