import { SaxesParser } from 'saxes';
import { Mistake } from '../../../model/mistake.ts';
import type { JsonItem } from './json-items.ts';

/** A track of a page as last.fm's API gives it. */
export interface LastfmTrack {
  /** `recenttracks`, `lovedtracks`: the list that it stands in. */
  readonly list: string;
  readonly artist?: string;
  readonly name?: string;
  readonly album?: string;
  /** Unix time in seconds, as it stands there. */
  readonly uts?: string;
  readonly date?: string;
  /** Whether it is being played just now: such a row has no time, and comes again as a listen. */
  readonly nowplaying?: boolean;
  /** `0` or `1`, with `extended=1`. */
  readonly loved?: string;
  readonly mbid?: string;
}

const lists = new Set(['recenttracks', 'lovedtracks']);
/** Text of these elements below a track; `artist/name` where a page is extended. */
const wanted: ReadonlyMap<string, keyof LastfmTrack> = new Map([
  ['artist', 'artist'],
  ['artist/name', 'artist'],
  ['name', 'name'],
  ['album', 'album'],
  ['date', 'date'],
  ['loved', 'loved'],
  ['mbid', 'mbid'],
]);

/** A text of more letters than that is no name. */
const longestText = 1 << 20;

/**
 * The tracks of pages of user.getRecentTracks and user.getLovedTracks in XML, as they arrive. One
 * root element; pages may stand side by side in it. Entities that a document defines itself are
 * not expanded.
 *
 * @throws Mistake `SOURCE_INVALID` naming the line where it is no XML, no such page, or an error of
 *   the API that was saved instead of one
 */
export async function* lastfmTracks(
  text: AsyncIterable<string>,
  label: string,
): AsyncIterable<JsonItem[]> {
  const parser = new SaxesParser();
  const path: string[] = [];
  let list: string | undefined;
  let isPage = false;
  let line = 1;
  let track: Record<string, string | boolean> | undefined;
  let trackDepth = 0;
  let content = '';
  let items: JsonItem[] = [];
  const invalid = (at: number, got: string, cause?: unknown) =>
    new Mistake(
      'SOURCE_INVALID',
      `${label}, line ${at}: expected pages of last.fm's user.getRecentTracks, got ${got}`,
      { cause },
    );
  parser.on('error', (error) => {
    throw invalid(parser.line, faultOf(error), error);
  });
  parser.on('opentag', ({ name, attributes }) => {
    path.push(name);
    content = '';
    if (lists.has(name)) {
      list = name;
      isPage = true;
    } else if (name === 'track' && list !== undefined && track === undefined) {
      line = parser.line;
      track = { list };
      if (attributes.nowplaying === 'true') track.nowplaying = true;
      trackDepth = path.length;
    } else if (name === 'date' && attributes.uts !== undefined && track !== undefined) {
      track.uts = attributes.uts;
    }
  });
  const add = (more: string) => {
    content += more;
    if (content.length > longestText) throw invalid(parser.line, 'an element of more than 1 MB');
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('closetag', ({ name }) => {
    if (name === 'error' && track === undefined) {
      throw invalid(parser.line, `the error "${content.trim().slice(0, 200)}"`);
    }
    if (track !== undefined) {
      const key = wanted.get(path.slice(trackDepth).join('/'));
      if (key !== undefined && content.trim() !== '') track[key] = content.trim();
      if (path.length === trackDepth) {
        items.push({ line, value: track });
        track = undefined;
      }
    }
    path.pop();
    content = '';
    if (list !== undefined && name === list) list = undefined;
  });
  for await (const chunk of text) {
    parser.write(chunk);
    if (items.length > 0) yield items;
    items = [];
  }
  parser.close();
  if (!isPage) throw invalid(1, 'other elements');
}

function faultOf(error: Error): string {
  return error.message.replace(/^[^:]*:?\d+:\d+: /, '').replace(/\.$/, '');
}
