/**
 * What an import of a large history takes in memory: makes an archive as Spotify sends it of
 * `--mb` MB packed (default 200), imports it and prints by how much the process grew, and what it
 * says of a tenth of it: `node --no-warnings --import tsx test/bench/history-import.ts --mb 200`.
 * Everything that it writes is removed in the end.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { ZipFile } from 'yazl';
import { importHistoryOf } from '../../workers/import-history.ts';
import { spotifyRow } from '../support/history.ts';
import { ownUsage } from './usage.ts';

/** As Spotify cuts them, bytes unpacked. */
const fileBytes = 12e6;
/** Packed bytes of a row as it is made here. */
const rowBytes = 41;

async function writeArchive(path: string, rows: number): Promise<void> {
  const zip = new ZipFile();
  const rowsEach = Math.floor(fileBytes / JSON.stringify(spotifyRow()).length);
  for (let first = 0, file = 0; first < rows; first += rowsEach, file++) {
    const text = function* () {
      for (let n = first; n < Math.min(first + rowsEach, rows); n++) {
        const id = createHash('sha256').update(String(n)).digest('base64url');
        const row = spotifyRow({
          ts: new Date(Date.UTC(2012, 0, 1) + n * 90_000).toISOString().replace('.000Z', 'Z'),
          ms_played: 30_000 + (n % 200_000),
          master_metadata_track_name: `Title ${id.slice(0, 12)}`,
          master_metadata_album_artist_name: `Artist ${n % 5000}`,
          spotify_track_uri: `spotify:track:${id.slice(12, 34)}`,
        });
        yield `${n === first ? '[' : ','}\n${JSON.stringify(row)}`;
      }
      yield '\n]\n';
    };
    zip.addReadStream(Readable.from(text()), `Streaming_History_Audio_${file}.json`);
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}

async function importOnce(path: string, home: string): Promise<void> {
  const before = ownUsage();
  const funnel = await importHistoryOf({ path, listener: 'ann' }, { home });
  const after = ownUsage();
  process.stdout.write(
    `${JSON.stringify({
      zipMb: Math.round(statSync(path).size / 1e6),
      rows: funnel.rowsOut,
      files: funnel.converted,
      startedAtMb: Math.round(before.peakMb),
      peakMemoryMb: Math.round(after.peakMb),
      cpuSeconds: Math.round(after.cpuSeconds - before.cpuSeconds),
    })}\n`,
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { mb: { type: 'string' }, zip: { type: 'string' }, home: { type: 'string' } },
  });
  if (values.zip !== undefined) return importOnce(values.zip, values.home!);
  const folder = mkdtempSync(join(tmpdir(), 'mondaymix-history-'));
  try {
    const mb = Number(values.mb ?? '200');
    for (const size of [mb / 10, mb]) {
      const zip = join(folder, `history-${size}.zip`);
      await writeArchive(zip, Math.ceil((size * 1e6) / rowBytes));
      const home = join(folder, `home-${size}`);
      const self = ['--no-warnings', '--import', 'tsx', import.meta.filename];
      execFileSync(process.execPath, [...self, '--zip', zip, '--home', home], { stdio: 'inherit' });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
