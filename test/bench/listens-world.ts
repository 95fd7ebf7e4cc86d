import { createRandom, type Random } from '../../model/random.ts';

/** What a load is made of: tracks as they are heard, and who hears them. The same each time. */
export interface ListensWorld {
  readonly listeners: readonly string[];
  readonly tracks: readonly TrackHeard[];
  /** Tracks as they are chosen, popular ones more often; its length is a power of 2. */
  readonly draws: Uint32Array;
}

export interface TrackHeard {
  readonly artist: string;
  readonly title: string;
  readonly album: string;
  readonly durationMs: number;
  readonly mbid: string | undefined;
}

const [numListeners, numTracks, numArtists, numDraws] = [20_000, 100_000, 20_000, 2 ** 20];

/** Syllables of scripts, the first ones more often: of real listens some 16 % are not ASCII. */
const scripts = [
  { share: 0.8, parts: 'ba con der el fi gra ha in jo ka lo mar ne or pe qui ro sta ta un ve wil' },
  { share: 0.06, parts: 'né ção ñan für øst łod ça ré ü är ški ão ên ír' },
  { share: 0.05, parts: 'мо ро ви ка ста на ле пе дру зим ве чер' },
  { share: 0.05, parts: 'あ い か の 花 夜 恋 空 ラ ム 心 光 歌 雨' },
  { share: 0.02, parts: '소 녀 시 대 사 랑 나 비 하 늘' },
  { share: 0.02, parts: 'حب يا ليل قل بي نو ر عي ني' },
].map(({ share, parts }) => ({ share, parts: parts.split(' ') }));

/** 20,000 listeners, 100,000 tracks of 20,000 artists; the n-th most popular is heard as 1/n^0.8. */
export function listensWorld(): ListensWorld {
  const random = createRandom('listens of the bench');
  const hex = (length: number) =>
    Array.from({ length }, () => random.int(16).toString(16)).join('');
  const listeners = Array.from(
    { length: numListeners },
    (_, n) => `u${hex(6)}${1000 + (n % 9000)}`,
  );
  const artists = Array.from({ length: numArtists }, () => named(random, 2, 6));
  const tracks = Array.from({ length: numTracks }, (_, n): TrackHeard => {
    const artist = n < numArtists ? n : Math.floor(numArtists * random.uniform() ** 2);
    const isKnown = random.uniform() < 0.4;
    return {
      artist: artists[artist]!,
      title: named(random, 3, 8),
      album: named(random, 2, 7),
      durationMs: 90_000 + random.int(300_000),
      mbid: isKnown ? `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}` : undefined,
    };
  });
  random.shuffle(tracks);
  return { listeners: [...new Set(listeners)], tracks, draws: popularDraws(random) };
}

function named(random: Random, least: number, most: number): string {
  let left = random.uniform();
  const { parts } = scripts.find(({ share }) => (left -= share) < 0) ?? scripts[0]!;
  let name = '';
  for (let n = least + random.int(most - least + 1); n > 0; n--) {
    name += parts[random.int(parts.length)]!;
    if (n > 1 && random.int(3) === 0) name += ' ';
  }
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function popularDraws(random: Random): Uint32Array {
  const upTo = new Float64Array(numTracks);
  let sum = 0;
  for (let n = 0; n < numTracks; n++) upTo[n] = sum += (n + 1) ** -0.8;
  return Uint32Array.from({ length: numDraws }, () => {
    const wanted = random.uniform() * sum;
    let [low, high] = [0, numTracks - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}
