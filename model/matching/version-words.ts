/**
 * The vocabulary by which `titleKeys` tells what a bracket or a tail after a dash says about a
 * title. Words are folded (`fold`), without dots and apostrophes.
 */

/** Says by itself that it is the same track in another packaging. */
export const sameTrackWords = new Set(
  (
    'remaster remastered remasterizado remasterizada remasterise remasterisee remastering ' +
    'mono stereo explicit clean bonus deluxe edit edited original originale uncensored lyrics lyric ' +
    'audio hd hq live reissue'
  ).split(' '),
);

/** Says so only together with another of these or of the words above: "Album Version", "Radio Mix". */
export const packagingWords = new Set(
  (
    'version ver vers verison versao mix radio track album single edition digital master ep lp cd us uk ' +
    'main video official music hq full length studio title 7 inch dirty anniversary expanded ' +
    're mastered 24 bit hidden visualizer clip mv pv'
  ).split(' '),
);

/** Another version of the work, wherever the word stands in the bracket or tail. */
export const versionWordsAnywhere = new Set(
  (
    'remix remixed rmx remixes rework reworked refix revibe bootleg mashup karaoke acoustic akustik acustico ' +
    'acustica unplugged instrumental acapella acappella cappella nightcore sped slowed ' +
    'rerecorded reimagined orchestral symphonic'
  ).split(' '),
);

/** Another version, where the word ends the bracket or tail. */
export const versionWordsLast = new Set(
  (
    'mix mixed edit version versions ver vers versao cover session sessions demo demos dub vip extended ' +
    'stripped piano remake outtake rehearsal recording rendition redux'
  ).split(' '),
);

/** Another version after a dash, wherever the word stands there. */
export const versionWordsInTail = new Set(
  (
    'flip recorded singles take edition reverb performance cut duet tribute remode interpretation ' +
    'made home'
  ).split(' '),
);

/** Another version, where the word begins the bracket or tail. */
export const versionWordsFirst = new Set(
  'acoustic demo instrumental recorded session sessions extended stripped alternate alternative'.split(
    ' ',
  ),
);

/** Dropped from the name of a version, so that "Acoustic Version" is "Acoustic" and "X Edit" "X Remix". */
export const genericVersionWords = new Set(
  (
    'version ver vers verison versao mix remix remixed rmx edit radio original single album official the ' +
    'explicit bonus track live remaster remastered by'
  ).split(' '),
);

/** In a bracket, "live" followed by one of these is a live take, and not a title about life. */
export const afterLive = new Set(
  (
    'at from in on version ver session sessions acoustic edit recording performance take mix bonus ' +
    'remaster remastered bbc radio unplugged studio lounge concert album aus 20 video'
  ).split(' '),
);
