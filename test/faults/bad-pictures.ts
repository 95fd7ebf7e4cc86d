import { setTimeout as pause } from 'node:timers/promises';
import { coverKey } from '../../pipelines/delivery/cover.ts';
import type { Fault } from './faults.ts';
import type { Manner } from './picture-host.ts';
import type { Run } from './run.ts';

/** As much as this process may grow by while a cover is made of a bad picture. */
const mostMb = 300;

/** The host of the listeners' pictures misbehaves from some moment on. */
const misbehaving = (name: string, manner: Manner): Fault => ({
  name,
  weight: 4,
  pictures: true,
  maxListeners: 300,
  // From the beginning: on a busy machine all may be delivered before the host could turn bad.
  prepare({ pictures }) {
    pictures.reset();
    pictures.manner = manner;
    return Promise.resolve();
  },
  async strike({ pictures }) {
    for (let waited = 0; pictures.answers === 0 && waited < 3000; waited += 5) await pause(5);
  },
  async after(run) {
    const { pictures, complain } = run;
    if (pictures.answers === 0) complain('nobody asked for a picture');
    if (pictures.inside > 0) complain(`${pictures.inside} requests were led inside`);
    // What is read of each, and what lies in buffers on the way.
    const most = pictures.answers * 10e6;
    if (pictures.bytes > most) complain(`${pictures.bytes} bytes were taken of endless pictures`);
    const { picture, cover } = await aCover(run);
    if (manner !== 'bomb' && picture !== undefined) complain(`a picture was taken: ${picture}`);
    if (cover === undefined || cover.length < 1000) complain('there is no cover');
  },
});

async function aCover({ watching, week, complain }: Run) {
  const found = (await watching.playlists.collection
    .find({ week }, { projection: { user: 1, cover: 1, picture: 1, storedAt: 1 } })
    .sort({ storedAt: -1 })
    .limit(1)
    .toArray()) as unknown as { user: string; cover?: string; picture?: string }[];
  const { user, cover, picture = /^p-(\w+)-/.exec(cover ?? '')?.[1] } = found[0]!;
  const before = process.memoryUsage().rss;
  const image = await watching.covers.image(coverKey(user, week, picture));
  const grownMb = (process.memoryUsage().rss - before) / 2 ** 20;
  if (grownMb > mostMb) complain(`a cover took ${Math.round(grownMb)} MB`);
  return { picture, cover: image };
}

export const badPictures: readonly Fault[] = [
  misbehaving('picture host that hangs', 'hangs'),
  misbehaving('picture host that sends 10 GB', 'endless'),
  misbehaving('picture that is a bomb of pixels', 'bomb'),
  misbehaving('picture host that leads inside', 'redirect'),
  misbehaving('picture that is an SVG with scripts', 'svg'),
];
