import { describe, expect, test } from '@jest/globals';
import { artistKey, isOneName, knownArtists, parseCredits } from '../../model/matching.ts';

const catalogue = [
  'Queen', 'Zedd', 'Simon & Garfunkel', 'Tyler, The Creator', 'Earth, Wind & Fire', 'Iron & Wine',
  'Earth', 'Iron', 'David Guetta', 'Afrojack', 'Dimitri Vegas', 'Dimitri Vegas & Like Mike', 'Alesso',
  'Linkin Park', 'Joan Jett', 'Joan Jett & The Blackhearts', 'AC/DC', 'Bring Me The Horizon', 'Daft Punk',
  'Florence', 'Florence + The Machine', 'JAY-Z', 'Kanye West',
]; // prettier-ignore
const keys = new Set(catalogue.map(artistKey));
const isKnown = (name: string) => keys.has(artistKey(name));
const parse = (artist: string, title = 'Song') => parseCredits(artist, title, isKnown);

describe('credits', () => {
  test.each([
    ['Zedd feat. Hayley Williams', 'Zedd', ['Hayley Williams']],
    ['Zedd ft Matthew Koma & Miriam Bryant', 'Zedd', ['Matthew Koma', 'Miriam Bryant']],
    ['Zedd featuring Foxes', 'Zedd', ['Foxes']],
    ['Daft Punk (feat. Julian Casablancas)', 'Daft Punk', ['Julian Casablancas']],
    ['Nobody feat. Nobody Else', 'Nobody', ['Nobody Else']],
    ['David Guetta & Afrojack', 'David Guetta', ['Afrojack']],
    ['Linkin Park x Steve Aoki', 'Linkin Park', ['Steve Aoki']],
    ['Alesso vs. OneRepublic', 'Alesso', ['OneRepublic']],
    ['JAY-Z, Kanye West & Frank Ocean', 'JAY-Z', ['Kanye West', 'Frank Ocean']],
    ['JAY-Z ; Kanye West', 'JAY-Z', ['Kanye West']],
    ['Queen with Paul Rodgers', 'Queen', ['Paul Rodgers']],
    ['Queen + Paul Rodgers', 'Queen', ['Paul Rodgers']],
    ['Dimitri Vegas & Like Mike & Boostedkids', 'Dimitri Vegas & Like Mike', ['Boostedkids']],
  ])('%s: the lead is %s', (artist, lead, featured) => {
    expect(parse(artist)).toMatchObject({ lead, featured });
  });

  test.each([
    'Simon & Garfunkel',
    'Tyler, The Creator',
    'Earth, Wind & Fire',
    'Iron & Wine',
    'AC/DC',
    'Florence + The Machine',
    'Angsa & Serigala',
    'Crosby, Stills & Nash',
    '6 Ft. Under',
  ])('%s stays whole', (artist) => {
    expect(parse(artist)).toMatchObject({ lead: artist, featured: [] });
  });

  test("a known singer's own band is the singer", () => {
    expect(parse('Joan Jett & the Blackhearts').lead).toBe('Joan Jett');
    expect(parse('Tom Petty and the Heartbreakers').lead).toBe('Tom Petty and the Heartbreakers');
  });

  test('guests in the title are credited once, and stay in the title', () => {
    const credits = parse('Zedd feat. Foxes', 'Clarity (feat. Foxes & Tove Lo) - Remix');
    expect(credits.featured).toEqual(['Foxes', 'Tove Lo']);
    expect(credits.title).toBe('Clarity (feat. Foxes & Tove Lo) - Remix');
    expect(parse('Queen', 'Under Pressure (with David Bowie)').featured).toEqual(['David Bowie']);
  });

  test('the artist in front of the title, or behind it, goes', () => {
    const title = 'Bring Me The Horizon - Alligator Blood';
    expect(parse('Bring Me The Horizon', title).title).toBe('Alligator Blood');
    expect(parse('Zedd', 'Clarity ／ ZEDD').title).toBe('Clarity');
    expect(parse('Zedd', 'Foxes - Clarity').title).toBe('Foxes - Clarity');
    expect(parse('Queen', 'Queen').title).toBe('Queen');
  });

  test.each([
    ['#Queen', 'Queen'],
    ['Queen"', 'Queen'],
    ['Queen #np', 'Queen'],
    ['Queen - http://t.co/6loqEy5ph5', 'Queen'],
    ['http://t.co/6loqEy5ph5', 'http://t.co/6loqEy5ph5'],
    ['!!!', '!!!'],
    ['feat. Nobody', 'feat. Nobody'],
    ['"', '"'],
  ])('what was typed as %s is %s', (typed, lead) => {
    expect(parse(typed).lead).toBe(lead);
  });
});

describe('known artists', () => {
  test.each(['BABYMETAL', 'Florence Welch', '!!!'])('%s is one name', (name) => {
    expect(isOneName(name)).toBe(true);
  });

  test.each([
    'Slank & Iwan Fals',
    'She & Him',
    'A vs. B',
    'Zedd feat. Foxes',
    '#Bastille',
    'AC/DC',
  ])('%s might be two, or is not how a name is written', (name) => {
    expect(isOneName(name)).toBe(false);
  });

  test('what a catalogue names is known, however joined', () => {
    const known = knownArtists(['Simon & Garfunkel'], [{ name: 'Simon', people: 9 }]);
    expect(known('simon and garfunkel')).toBe(true);
    expect(known('Garfunkel')).toBe(false);
  });

  test('a typed pair is one artist only where as many people play it as its lead', () => {
    const known = knownArtists(
      [],
      [
        { name: 'Madonna', people: 400 },
        { name: 'Madonna & Antonio Banderas', people: 3 },
        { name: 'She', people: 2 },
        { name: 'She & Him', people: 50 },
        { name: 'Zedd ft. Foxes', people: 5 },
      ],
    );
    expect(known('Madonna & Antonio Banderas')).toBe(false);
    expect(known('She & Him')).toBe(true);
    expect(known('Madonna')).toBe(true);
  });
});
