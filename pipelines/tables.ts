/**
 * Every table of the lake and of the catalogue, as DuckDB column definitions: the one place that
 * says what a column is called and means. Files are Parquet, written in this column order.
 */

/**
 * The lake: what the sources said, parsed and repaired, entities not yet matched.
 * All instants are UTC. `source` names the importer and origin (`nowplaying-2014`).
 */
export const lakeTables = {
  /** One play. Partitioned by UTC day. Identity: (source, listener, listened_at, artist, title). */
  listens: {
    listened_at: 'TIMESTAMP',
    listener: 'VARCHAR', // the source's id of the listener
    zone: 'VARCHAR', // IANA name, null where unknown
    language: 'VARCHAR', // BCP 47, null where unknown
    artist: 'VARCHAR', // as typed, trimmed, never empty
    title: 'VARCHAR', // as typed, trimmed, never empty
    source: 'VARCHAR',
    album: 'VARCHAR', // as typed, null where unknown
    played_ms: 'INTEGER', // how long it was heard, >= 0; null where unknown
    client: 'VARCHAR', // the service or player that it was heard on, lower case (`spotify.com`); null where unknown
    info: 'VARCHAR', // JSON of what else the client said, null where nothing
  },
  /** A recording as a catalogue lists it. Identity: (source, recording_id). */
  recordings: {
    recording_id: 'VARCHAR',
    title: 'VARCHAR',
    artists: 'VARCHAR[]', // credited artists, the lead first, never empty
    album: 'VARCHAR',
    album_id: 'VARCHAR',
    length_s: 'INTEGER', // seconds, > 0, null where unknown
    released: 'DATE', // null where unknown; a bare year is 1 January
    popularity: 'FLOAT', // 0..100 as the source counts it, null where unknown
    genres: 'VARCHAR[]', // lower case, may be empty; genre and subgenre alike
    danceability: 'FLOAT', // 0..1, as are energy .. valence; null where unknown
    energy: 'FLOAT',
    speechiness: 'FLOAT',
    acousticness: 'FLOAT',
    instrumentalness: 'FLOAT',
    liveness: 'FLOAT',
    valence: 'FLOAT',
    loudness: 'FLOAT', // dB, about -60..0
    tempo: 'FLOAT', // beats per minute, > 0
    musical_key: 'TINYINT', // 0 = C .. 11 = B
    mode: 'TINYINT', // 1 major, 0 minor
    known_from: 'DATE', // the day from which the source knew it
    source: 'VARCHAR',
  },
  playlists: {
    playlist_id: 'VARCHAR',
    name: 'VARCHAR',
    description: 'VARCHAR', // may be null
    source: 'VARCHAR',
    listener: 'VARCHAR', // whose it is; null where it is nobody's, or not said
  },
  /** A recording in a playlist for a time. Identity: (source, playlist_id, recording_id, added). */
  memberships: {
    playlist_id: 'VARCHAR',
    recording_id: 'VARCHAR',
    added: 'DATE',
    removed: 'DATE', // null: still there
    source: 'VARCHAR',
    listener: 'VARCHAR', // whose playlist it is, as in playlists
  },
  /** Prose about an artist. */
  texts: {
    text_id: 'VARCHAR',
    artist: 'VARCHAR', // whom it is about, as the source names them
    published: 'DATE', // the day it was known from
    body: 'VARCHAR',
    source: 'VARCHAR',
  },
  /** How often a listener played an artist, without times (last.fm). */
  artist_plays: {
    listener: 'VARCHAR',
    artist: 'VARCHAR',
    plays: 'INTEGER', // > 0
    known_from: 'DATE',
    source: 'VARCHAR',
  },
  artist_tags: {
    artist: 'VARCHAR',
    tag: 'VARCHAR', // lower case
    tagged: 'DATE', // null where the source's date is impossible
    listener: 'VARCHAR', // who tagged
    source: 'VARCHAR',
  },
  /** What a listener said of a track. The newest word on a track counts. */
  feedback: {
    happened_at: 'TIMESTAMP',
    listener: 'VARCHAR',
    kind: 'VARCHAR', // 'love' | 'hate' | 'none' (takes both back) | 'skip'
    artist: 'VARCHAR',
    title: 'VARCHAR',
    played_ms: 'INTEGER', // of a skip: how long it was heard, >= 0; null where unknown
    source: 'VARCHAR',
  },
  /** "Do not recommend this until": the newest word on a thing counts. */
  blocks: {
    happened_at: 'TIMESTAMP',
    listener: 'VARCHAR',
    scope: 'VARCHAR', // 'artist' | 'album' | 'track'
    artist: 'VARCHAR',
    name: 'VARCHAR', // of the album or track; null with scope 'artist'
    until: 'TIMESTAMP', // null: for good; not after `happened_at`: lifted
    source: 'VARCHAR',
  },
  /** "These listens are not my taste": the newest word on one (client, since, before) counts. */
  exclusions: {
    happened_at: 'TIMESTAMP',
    listener: 'VARCHAR',
    client: 'VARCHAR', // only listens of this client; null: of all
    since: 'TIMESTAMP', // only listens from then on; null: from the first
    before: 'TIMESTAMP', // only listens before then; null: to the last, of the future too
    lifted: 'BOOLEAN', // true takes the exclusion back
    source: 'VARCHAR',
  },
  searches: {
    happened_at: 'TIMESTAMP',
    listener: 'VARCHAR',
    query: 'VARCHAR', // as typed, trimmed, never empty
    source: 'VARCHAR',
  },
  /** What a listener put into their collection, or took out again. */
  saves: {
    happened_at: 'TIMESTAMP',
    listener: 'VARCHAR',
    scope: 'VARCHAR', // 'artist' | 'album' | 'track'
    artist: 'VARCHAR',
    name: 'VARCHAR', // of the album or track; null with scope 'artist'
    saved: 'BOOLEAN', // false: taken out
    source: 'VARCHAR',
  },
  /** Listeners' own playlists as they change. */
  playlist_changes: {
    happened_at: 'TIMESTAMP',
    playlist_id: 'VARCHAR',
    listener: 'VARCHAR', // whose it is
    change: 'VARCHAR', // 'create' | 'rename' | 'add' | 'remove' | 'delete'
    name: 'VARCHAR', // with 'create' and 'rename'
    description: 'VARCHAR', // may be null
    artist: 'VARCHAR', // with 'add' and 'remove', as is title
    title: 'VARCHAR',
    source: 'VARCHAR',
  },
  /** Who a listener is; the newest row counts, whole. */
  profiles: {
    happened_at: 'TIMESTAMP',
    listener: 'VARCHAR',
    zone: 'VARCHAR', // IANA name, null where unknown
    country: 'VARCHAR', // ISO 3166-1 alpha-2, upper case, null where unknown
    language: 'VARCHAR', // BCP 47, null where unknown
    picture_url: 'VARCHAR', // https, null where there is none
    source: 'VARCHAR',
  },
  /** Prose that was crawled: what it is about is found out later. The newest row of an id counts. */
  articles: {
    article_id: 'VARCHAR', // hash of the canonical URL
    url: 'VARCHAR', // canonical
    feed: 'VARCHAR', // name of the source that led to it
    title: 'VARCHAR', // may be null
    published: 'TIMESTAMP', // as the source says, not after `fetched`; `fetched` where it does not say
    fetched: 'TIMESTAMP',
    language: 'VARCHAR', // BCP 47, null where unknown
    kind: 'VARCHAR', // 'prose' | 'lyrics' (a bag of words: body is words with counts, alphabetical)
    body: 'VARCHAR', // clean text, never empty
    source: 'VARCHAR',
  },
  /** What recordings sound like, from files of them. Identity: (recording_id, sha256). */
  audio_features: {
    recording_id: 'VARCHAR', // as a catalogue names it, from the file's name
    seconds: 'FLOAT', // > 0
    loudness: 'FLOAT', // integrated, LUFS (EBU R 128); null for silence
    tempo: 'FLOAT', // beats per minute, 60..200; null where nothing repeats
    musical_key: 'TINYINT', // 0 = C .. 11 = B; null where there are no notes
    mode: 'TINYINT', // 1 major, 0 minor
    timbre: 'FLOAT[]', // 26: means of 13 MFCC, then their standard deviations
    chroma: 'FLOAT[]', // 12 shares of the notes, C first
    sha256: 'VARCHAR', // of the file, hexadecimal
    source: 'VARCHAR',
  },
  /** A listener who is to be forgotten: rows of theirs from before `happened_at` are not taken in any more. */
  erasures: {
    happened_at: 'TIMESTAMP',
    listener_hash: 'VARCHAR', // SHA-256 of the listener's id, hexadecimal
    source: 'VARCHAR',
  },
} as const satisfies Record<string, Record<string, string>>;

export type LakeTable = keyof typeof lakeTables;

/**
 * The catalogue: the lake with its entities matched. `*_ix` are dense from 0 in the order of the
 * stable id, so a column is an array index.
 *
 * - A **track** is a recording as listeners mean it: remasters, live takes, bonus-track, album and
 *   single versions of one title by one lead artist are the same track.
 * - A **work** is what all versions share, remixes and acoustic takes too: who has heard one
 *   version has heard the work.
 */
export const catalogueTables = {
  artists: {
    artist_ix: 'INTEGER',
    artist_id: 'VARCHAR', // hash of the matching key, stable between runs
    name: 'VARCHAR', // the best spelling
  },
  tracks: {
    track_ix: 'INTEGER',
    track_id: 'VARCHAR', // hash of (artist key, title key), stable between runs
    work_ix: 'INTEGER', // dense from 0
    artist_ix: 'INTEGER', // lead artist
    title: 'VARCHAR',
    artists: 'VARCHAR[]', // names to show, the lead first
    album: 'VARCHAR', // null where unknown
    length_s: 'INTEGER', // null where unknown
    released: 'DATE',
    popularity: 'FLOAT',
    genres: 'VARCHAR[]', // union over its recordings and, where those have none, the artist's; sorted
    danceability: 'FLOAT', // null where unknown, as are all audio columns
    energy: 'FLOAT',
    speechiness: 'FLOAT',
    acousticness: 'FLOAT',
    instrumentalness: 'FLOAT',
    liveness: 'FLOAT',
    valence: 'FLOAT',
    loudness: 'FLOAT',
    tempo: 'FLOAT',
    musical_key: 'TINYINT',
    mode: 'TINYINT',
    known_from: 'DATE', // first day a catalogue source knew it; null where only listens name it
  },
  /** Which recording of which source is which track. */
  recordings: { source: 'VARCHAR', recording_id: 'VARCHAR', track_ix: 'INTEGER' },
  listeners: { listener_ix: 'INTEGER', listener: 'VARCHAR' },
  /** Ordered by (listener_ix, listened_at, track_ix). */
  listens: {
    listener_ix: 'INTEGER',
    track_ix: 'INTEGER',
    listened_at: 'TIMESTAMP',
    zone: 'VARCHAR', // IANA, null where unknown
    language: 'VARCHAR',
  },
  playlists: {
    playlist_ix: 'INTEGER',
    playlist_id: 'VARCHAR',
    name: 'VARCHAR',
    description: 'VARCHAR',
  },
  memberships: {
    playlist_ix: 'INTEGER',
    track_ix: 'INTEGER',
    added: 'DATE',
    removed: 'DATE',
  },
  /** People of other populations (last.fm): `person_ix` is not a `listener_ix`. */
  artist_plays: {
    person_ix: 'INTEGER',
    artist_ix: 'INTEGER',
    plays: 'INTEGER',
    known_from: 'DATE',
  },
  artist_tags: {
    artist_ix: 'INTEGER',
    tag: 'VARCHAR',
    tagged: 'DATE',
    taggers: 'INTEGER', // distinct people who gave it on that day
  },
  /** Which text is about whom; the body stays in the lake. */
  texts: { text_id: 'VARCHAR', source: 'VARCHAR', artist_ix: 'INTEGER', published: 'DATE' },
  /** Of `listens` those that ended within `skippedBeforeMs`: heard, and passed over. */
  skipped_listens: { listener_ix: 'INTEGER', track_ix: 'INTEGER', listened_at: 'TIMESTAMP' },
  /** On what they were heard, of `listens` that an exclusion by client may mean. */
  listen_clients: {
    listener_ix: 'INTEGER',
    track_ix: 'INTEGER',
    listened_at: 'TIMESTAMP',
    client: 'VARCHAR',
  },
  /** What was said of tracks: every word, the newest counts. The kinds are those of the lake. */
  feedback: {
    listener_ix: 'INTEGER',
    track_ix: 'INTEGER',
    happened_at: 'TIMESTAMP',
    kind: 'VARCHAR',
    played_ms: 'INTEGER', // of a skip, null where unknown
  },
  /** Albums that a block or a save names, with the tracks that any recording or listen has on them. */
  album_tracks: { album_ix: 'INTEGER', track_ix: 'INTEGER' },
  blocks: {
    listener_ix: 'INTEGER',
    happened_at: 'TIMESTAMP',
    scope: 'VARCHAR', // 'artist' | 'album' | 'track'
    artist_ix: 'INTEGER', // null with scope 'track'
    album_ix: 'INTEGER', // null but with scope 'album'
    track_ix: 'INTEGER', // null but with scope 'track'
    until: 'TIMESTAMP', // null: for good
  },
  /** As `blocks`. */
  saves: {
    listener_ix: 'INTEGER',
    happened_at: 'TIMESTAMP',
    scope: 'VARCHAR',
    artist_ix: 'INTEGER',
    album_ix: 'INTEGER',
    track_ix: 'INTEGER',
    saved: 'BOOLEAN',
  },
  exclusions: {
    listener_ix: 'INTEGER',
    happened_at: 'TIMESTAMP',
    client: 'VARCHAR', // null: of all clients
    since: 'TIMESTAMP', // null: from the first
    before: 'TIMESTAMP', // null: to the last
    lifted: 'BOOLEAN',
  },
  /** Searches that name an artist. */
  searches: { listener_ix: 'INTEGER', artist_ix: 'INTEGER', happened_at: 'TIMESTAMP' },
  /** What listeners put into playlists of their own, to the instant; by day also in `memberships`. */
  own_tracks: {
    listener_ix: 'INTEGER',
    playlist_ix: 'INTEGER',
    track_ix: 'INTEGER',
    added: 'TIMESTAMP',
    removed: 'TIMESTAMP', // null: still there
  },
  profiles: {
    listener_ix: 'INTEGER',
    happened_at: 'TIMESTAMP',
    zone: 'VARCHAR', // as in the lake, null where unknown, as are the others
    country: 'VARCHAR',
    language: 'VARCHAR',
    picture_url: 'VARCHAR',
  },
} as const satisfies Record<string, Record<string, string>>;

/** The text features, by the stage `text`. Weights are TF-IDF, cosine-normalized per artist. */
export const textTables = {
  artist_terms: {
    artist_ix: 'INTEGER',
    term: 'VARCHAR', // lower case lemma-like form
    kind: 'VARCHAR', // 'adjective' | 'noun' | 'tag'
    weight: 'FLOAT', // > 0
  },
  album_terms: {
    artist_ix: 'INTEGER',
    album: 'VARCHAR', // as in catalogue.tracks.album
    term: 'VARCHAR',
    kind: 'VARCHAR',
    weight: 'FLOAT',
  },
  /** For each artist with terms, the up to 50 nearest by cosine over `artist_terms`. */
  artist_neighbours: {
    artist_ix: 'INTEGER',
    neighbour_ix: 'INTEGER',
    similarity: 'FLOAT', // 0..1, descending within artist_ix
    shared: 'VARCHAR', // the term (an adjective if there is one) that adds most to it: "dreamy"
  },
  playlist_moods: {
    playlist_ix: 'INTEGER',
    mood: 'VARCHAR', // 'calm' | 'happy' | 'sad' | 'energetic' | 'romantic' | 'dark' | 'neutral'
    valence: 'FLOAT', // -1..1, from the words of title, description and track titles
    confidence: 'FLOAT', // 0..1, share of words that said anything
  },
} as const satisfies Record<string, Record<string, string>>;

/**
 * Who is named in prose, by the stage `mentions`. A document is an article (`kind` 'article') or a
 * text with a known subject ('text').
 */
export const mentionTables = {
  documents: {
    document_ix: 'INTEGER', // dense from 0, by (published, kind, document_id, source)
    document_id: 'VARCHAR', // article_id or text_id
    source: 'VARCHAR',
    kind: 'VARCHAR',
    published: 'TIMESTAMP', // it counts only at cut-offs after it
    sentences: 'INTEGER',
  },
  mentions: {
    document_ix: 'INTEGER',
    artist_ix: 'INTEGER',
    album: 'VARCHAR', // as in catalogue.tracks.album; null: the artist, or a track
    track_ix: 'INTEGER', // null: the artist, or an album
    confidence: 'FLOAT', // 0..1 that the document names it
    about: 'FLOAT', // 0..1 that the document is about it; of artists only, else null
    mentions: 'INTEGER', // places where it is named
    sentences: 'INTEGER', // sentences about it
    sentiment: 'FLOAT', // -1..1, the mean over these sentences; of artists only, else null
  },
  /** What articles say of artists, sentence by sentence; texts are read whole by the stage `text`. */
  sentences: {
    document_ix: 'INTEGER',
    artist_ix: 'INTEGER',
    nth: 'INTEGER', // the sentence's number in the document, from 0
    albums: 'VARCHAR[]', // of the artist's albums those that it names
    confidence: 'FLOAT', // as in mentions
    sentence: 'VARCHAR',
  },
} as const satisfies Record<string, Record<string, string>>;

/** What decided how a document was linked: see `Footprint`. Beside `mentionTables`, for the next week. */
export const readingColumns = {
  document_ix: 'INTEGER',
  read: 'VARCHAR', // hash of what was read of it
  words: 'INTEGER[]',
  last_names: 'INTEGER[]',
  candidates: 'INTEGER[]', // artist_ix
} as const;

/** How much is written about artists just before a cut-off, by the stage `trends`. */
export const trendTables = {
  /** Only artists with an article in the week before the cut-off, or in the weeks before. */
  artist_trends: {
    artist_ix: 'INTEGER',
    this_week: 'INTEGER', // articles of the seven days before the cut-off that name the artist
    before: 'INTEGER', // of the weeks before, as many as the stage looks back
    expected: 'FLOAT', // articles of the week that the artist's own past would let one expect
    trend: 'FLOAT', // >= 0; how much more there are, in standard deviations; 0: not more than usual
    sentiment: 'FLOAT', // -1..1, what is written, newer articles counting more
  },
} as const satisfies Record<string, Record<string, string>>;

/** `CREATE TABLE name (...)` for a table of this file. */
export function createTable(name: string, columns: Record<string, string>): string {
  const lines = Object.entries(columns).map(([column, type]) => `  ${column} ${type}`);
  return `CREATE TABLE ${name} (\n${lines.join(',\n')}\n);`;
}
