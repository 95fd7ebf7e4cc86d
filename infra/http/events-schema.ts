import { z } from 'zod';
import { languageTag } from '../../model/language-tags.ts';
import { countryCode, pictureAddress } from '../../model/profile.ts';
import { ianaZone } from '../../model/zone-names.ts';
import { listenLimits } from './listens-check.ts';

/** NUL, and half of a surrogate pair: no database takes them. */
const unwritable = /[\0\p{Cs}]/u;

/** A text that is trimmed, not empty, and can be written down. */
export const text = (maxLength: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxLength)
    .refine((value) => !unwritable.test(value), 'expected a text without NUL and lone surrogates');

const name = text(1000);

/** An instant with its offset; milliseconds count. */
const instant = z.iso
  .datetime({ offset: true })
  .describe('ISO 8601 with an offset, such as 2026-11-16T07:30:00Z.');

/** When it happened: from 2002-10-01 to an hour from now, which is a client's clock being fast. */
const at = instant.optional().describe('When it happened; now, where it is left out.');

const scoped = {
  scope: z.enum(['artist', 'album', 'track']),
  artist: name,
  name: name.optional().describe('Of the album or track; not with an artist.'),
};
type Scoped = { scope: 'artist' | 'album' | 'track'; name?: string | undefined };
const isNamed = ({ scope, name }: Scoped) => (scope === 'artist') === (name === undefined);
const named = { path: ['name'], error: 'expected a name with album and track, none with artist' };

export const feedbackEvent = z
  .strictObject({
    kind: z.enum(['love', 'hate', 'none', 'skip']).describe('none takes love and hate back.'),
    artist: name,
    title: name,
    playedMs: z.int().min(0).max(2_147_483_647).optional().describe('Of a skip.'),
    at,
  })
  .refine(({ kind, playedMs }) => kind === 'skip' || playedMs === undefined, {
    path: ['playedMs'],
    error: 'expected it with a skip only',
  });

export const blockEvent = z
  .strictObject({
    ...scoped,
    until: instant.nullish().describe('For good, where it is left out.'),
    lifted: z.boolean().optional().describe('Takes the block back.'),
    at,
  })
  .refine(isNamed, named)
  .refine(({ until, lifted }) => lifted !== true || !until, {
    path: ['until'],
    error: 'expected none where the block is lifted',
  });

export const exclusionEvent = z
  .strictObject({
    client: text(200).optional().describe('Only listens of this client, such as spotify.com.'),
    since: instant.optional().describe('Only listens from then on.'),
    before: instant.optional().describe('Only listens before then.'),
    lifted: z.boolean().optional().describe('Takes this very exclusion back.'),
    at,
  })
  .refine(
    ({ since, before }) => since === undefined || before === undefined || ms(since) < ms(before),
    { path: ['before'], error: 'expected it after since' },
  );

export const searchEvent = z.strictObject({ query: name, at });

export const saveEvent = z
  .strictObject({ ...scoped, saved: z.boolean().optional().describe('false: taken out.'), at })
  .refine(isNamed, named);

const playlistId = text(200);
const description = text(10_000).nullish();
export const playlistChangeEvent = z.discriminatedUnion('change', [
  z.strictObject({ change: z.literal('create'), playlistId, name, description, at }),
  z.strictObject({ change: z.literal('rename'), playlistId, name, description, at }),
  z.strictObject({ change: z.literal('add'), playlistId, artist: name, title: name, at }),
  z.strictObject({ change: z.literal('remove'), playlistId, artist: name, title: name, at }),
  z.strictObject({ change: z.literal('delete'), playlistId, at }),
]);

/** Whole: what is left out is unknown from then on. */
export const profile = z.strictObject({
  zone: z
    .string()
    .refine((zone) => ianaZone(zone) !== undefined, {
      error: ({ input }) => `expected a time zone such as Asia/Jakarta, got "${String(input)}"`,
    })
    .nullish(),
  country: z
    .string()
    .refine((country) => countryCode(country) !== undefined, {
      error: ({ input }) => `expected a country of ISO 3166-1 such as ID, got "${String(input)}"`,
    })
    .nullish(),
  language: z
    .string()
    .refine((language) => languageTag(language) !== undefined, {
      error: ({ input }) => `expected a language of BCP 47 such as id, got "${String(input)}"`,
    })
    .nullish(),
  pictureUrl: z
    .string()
    .refine((address) => pictureAddress(address) !== undefined, {
      error: 'expected an address of up to 2,000 characters such as https://example.org/me.png',
    })
    .nullish(),
  at,
});

const share = z.number().min(0).max(1).nullish();
/** A recording as it is added to the catalogue; see the lake's table `recordings`. */
export const recording = z.strictObject({
  recordingId: text(200),
  title: name,
  artists: z.array(name).min(1).max(100).describe('Credited artists, the lead first.'),
  album: name.nullish(),
  albumId: text(200).nullish(),
  lengthS: z.int().min(1).max(86_400).nullish(),
  released: z.iso.date().nullish(),
  popularity: z.number().min(0).max(100).nullish(),
  genres: z.array(text(200)).max(100).default([]),
  danceability: share,
  energy: share,
  speechiness: share,
  acousticness: share,
  instrumentalness: share,
  liveness: share,
  valence: share,
  loudness: z.number().min(-200).max(200).nullish().describe('dB.'),
  tempo: z.number().gt(0).max(1000).nullish().describe('Beats per minute.'),
  key: z.int().min(0).max(11).nullish().describe('0 = C .. 11 = B.'),
  mode: z.int().min(0).max(1).nullish().describe('1 major, 0 minor.'),
  knownFrom: z.iso.date().optional().describe('From which day on; today, where it is left out.'),
});

/** One, or a list of up to 1,000. What is wrong is said of that which was sent. */
export const oneOrMany = <Event extends z.ZodType>(event: Event) =>
  z.union([z.array(event).min(1).max(listenLimits.listensPerRequest), event], {
    error: ({ input, ...issue }) => {
      if (issue.code !== 'invalid_union') return undefined;
      const [wrong] = issue.errors[Array.isArray(input) ? 0 : 1] ?? [];
      return wrong === undefined ? undefined : [...wrong.path, wrong.message].join(': ');
    },
  });

/** Milliseconds since 1970. */
export const ms = (iso: string): number => Date.parse(iso);
