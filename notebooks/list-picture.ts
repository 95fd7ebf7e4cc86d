/**
 * What does a delivered list look like, and what became of the rows on the way?
 *
 *     npx mondaymix weekly --json > result.json
 *     npx mondaymix api &
 *     node --import tsx notebooks/list-picture.ts http://127.0.0.1:8080 USER TOKEN result.json list.png
 *
 * Draws the list that the API gives, with its cover, beside the funnel of the run, as a PNG.
 */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import type { PlaylistAnswer } from '../infra/http/answers.ts';
import { number } from '../pipelines/funnel.ts';
import type { WeeklyResult } from '../workers/weekly.ts';

const [api, user, token, resultFile, output] = process.argv.slice(2);
if (output === undefined) throw new Error('expected: API USER TOKEN RESULT.json OUTPUT.png');

const width = 1280;
const line = 24;
const top = 190;

async function main(): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const list = (await (
    await fetch(`${api}/v1/users/${user}/playlists/current`, { headers })
  ).json()) as PlaylistAnswer;
  const cover = Buffer.from(await (await fetch(`${api}${list.cover}`, { headers })).arrayBuffer());
  const result = JSON.parse(
    readFileSync(resultFile!, 'utf8').trim().split('\n').at(-1)!,
  ) as WeeklyResult;
  const funnel = result.weeks.at(-1)!.funnel;
  const height = top + 30 * line + 70 + (funnel.length + 1) * line + 30;
  const rows = list.tracks.map((track, n) => {
    const y = top + n * line;
    const title = `${track.title} — ${track.artists.join(', ')}`;
    return (
      text(68, y, String(n + 1), '#7a7f8a', 'end') +
      text(84, y, shortened(title, 66), '#1c1f26') +
      text(720, y, shortened(track.reason, 62), '#5a6472')
    );
  });
  const funnelTop = top + 30 * line + 60;
  const columns = [560, 700, 840, 980];
  const funnelRows = [
    ['stage', 'rows in', 'rows out', 'dropped', 'seconds'],
    ...funnel.map((stage) => [
      stage.label,
      number(stage.rowsIn),
      number(stage.rowsOut),
      number(Object.values(stage.dropped).reduce((sum, count) => sum + count, 0)),
      stage.seconds.toFixed(1),
    ]),
  ].map((cells, n) => {
    const y = funnelTop + n * line;
    const colour = n === 0 ? '#7a7f8a' : '#1c1f26';
    return (
      text(40, y, cells[0]!, colour) +
      columns.map((x, c) => text(x, y, cells[c + 1]!, colour, 'end')).join('')
    );
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="100%" height="100%" fill="#fbfaf7"/>
    ${text(190, 66, `${list.week} for ${list.user}`, '#1c1f26', 'start', 30)}
    ${text(190, 98, `${list.zone}, from ${list.validFrom} to ${list.validUntil}`, '#5a6472')}
    ${text(190, 124, `30 tracks, scored by ${list.model}`, '#5a6472')}
    ${rows.join('')}
    <line x1="40" x2="${width - 40}" y1="${funnelTop - 36}" y2="${funnelTop - 36}" stroke="#d8d5cc"/>
    ${funnelRows.join('')}
  </svg>`;
  const picture = await sharp(cover).resize(120, 120).png().toBuffer();
  await sharp(Buffer.from(svg))
    .composite([{ input: picture, left: 40, top: 30 }])
    .png()
    .toFile(output!);
}

function text(
  x: number,
  y: number,
  content: string,
  fill: string,
  anchor: 'start' | 'end' = 'start',
  size = 16,
): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" font-family="DejaVu Sans, sans-serif" font-size="${size}" fill="${fill}" text-anchor="${anchor}">${escaped}</text>`;
}

function shortened(content: string, most: number): string {
  return content.length <= most ? content : `${content.slice(0, most - 1)}…`;
}

await main();
