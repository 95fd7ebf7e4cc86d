/**
 * The one place where spelled names are matched: two spellings are the same artist, track or work
 * when their keys are equal. Keys are for comparing, never for showing.
 *
 * - `artistKey(name)`: one artist, however spelled.
 * - `parseCredits(artist, title, isKnownArtist)`: who is credited, the lead first, and the title
 *   without the artist's name in it.
 * - `titleKeys(title)`: `track` (remasters, live takes, album versions are one track) and `work`
 *   (remixes and acoustic takes too are one work).
 *
 * Titles match only under one lead artist: a cover by another artist is another work.
 */
export { artistKey, twoScripts, type TwoScripts } from './matching/artist-key.ts';
export { isOneName, parseCredits, type Credits } from './matching/credits.ts';
export { knownArtists, type TypedName } from './matching/known-artists.ts';
export { settledCredits } from './matching/settled.ts';
export { titleKeys, type TitleKeys } from './matching/title-key.ts';
